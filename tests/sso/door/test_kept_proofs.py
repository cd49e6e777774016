"""What *keep* lets count goes on counting when its person signs in anew, as long as it would have by itself (6.4)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.actions.sessions import add_proof
from accounts.models import Proof, Session, Way
from domains.models import DomainClaim
from orgs.models import Enforcement, Membership, ParentOrganization, Product
from tests.cast import Cast, verified_domain
from tests.factories.sso import IdentityProvider, live_connection
from tests.sso.sign_in.test_email import ask_for_mail

pytestmark = pytest.mark.django_db

ACME = "/orgs/acme/settings/identity/"
Browser = Callable[..., Client]
DAY = timedelta(days=1)


@pytest.fixture
def okta(cast: Cast) -> IdentityProvider:
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))


@pytest.fixture
def alice(cast: Cast, okta: IdentityProvider, browser_of: Browser) -> Client:
    """Alice proved herself by email three days ago; two days ago SSO was enforced for Assistant, and *keep* chosen."""
    browser = browser_of(cast.alice, proved_at=timezone.now() - 3 * DAY)
    enforce(cast, at=timezone.now() - 2 * DAY)
    assert is_inside(browser)
    return browser


def enforce(cast: Cast, *, at: datetime, **fields: object) -> None:
    product = Product.objects.get(slug="assistant")
    Enforcement.unscoped.update_or_create(
        parent=cast.acme_group, product=product, defaults={"enforced_at": at, "email_proofs_valid_from": None, **fields}
    )


def is_inside(browser: Client) -> bool:
    return browser.get(ACME).status_code == 200


def sign_in_again(browser: Client, email: str) -> None:
    """By email, as every account page lets her: for products that nothing is enforced for, it is offered still."""
    page, _, code = ask_for_mail(browser, email, again="true", next="/account/password/")
    assert browser.post(page, {"code": code})["Location"] == "/account/password/"


def test_a_newer_sign_in_by_email_does_not_end_what_was_kept(cast: Cast, alice: Client) -> None:
    for _ in range(3):
        sign_in_again(alice, cast.alice.email)

    assert is_inside(alice)
    assert alice.get("/account/password/").status_code == 200
    assert Proof.objects.count() == 2


Change = Callable[[Cast], object]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda cast: enforce(cast, at=timezone.now() - 4 * DAY), id="enforced before either"),
        pytest.param(
            lambda cast: Enforcement.unscoped.update(email_proofs_valid_from=timezone.now() - 2 * DAY), id="end chosen"
        ),
        pytest.param(lambda cast: ParentOrganization.objects.update(session_lifetime=2 * DAY), id="lifetime over"),
        pytest.param(lambda cast: ParentOrganization.objects.update(session_idle=2 * DAY), id="idle too long"),
        pytest.param(
            lambda cast: ParentOrganization.objects.update(proofs_valid_from=timezone.now() - DAY), id="all ended"
        ),
        pytest.param(
            lambda cast: DomainClaim.unscoped.update(proofs_valid_from=timezone.now() - DAY), id="ended for the domain"
        ),
        pytest.param(
            lambda cast: Membership.unscoped.filter(user=cast.alice).update(proofs_valid_from=timezone.now() - DAY),
            id="ended for her",
        ),
        pytest.param(
            lambda cast: ParentOrganization.objects.update(requires_sso_for_every_member=True),
            id="required of every member",
        ),
    ],
)
@pytest.mark.parametrize("when", ["before she signs in again", "afterwards"])
def test_r33_a_newer_sign_in_revives_nothing_that_was_over(
    cast: Cast, alice: Client, change: Change, when: str
) -> None:
    """She was away for two and a half of the three days."""
    Proof.objects.update(longest_gap=2.5 * DAY)
    if when == "before she signs in again":
        change(cast)
    sign_in_again(alice, cast.alice.email)
    if when == "afterwards":
        change(cast)

    assert not is_inside(alice)


def test_the_newest_proof_from_before_is_the_one_that_stays(cast: Cast, alice: Client) -> None:
    """Enforced, made optional and enforced again: what counted in between was kept by the second time."""
    sign_in_again(alice, cast.alice.email)
    Enforcement.unscoped.all().delete()
    ParentOrganization.objects.update(session_lifetime=2 * DAY)
    enforce(cast, at=timezone.now())

    sign_in_again(alice, cast.alice.email)

    assert is_inside(alice)
    assert Proof.objects.count() == 3


def test_where_nothing_is_kept_a_newer_proof_replaces_the_older_one(
    cast: Cast, okta: IdentityProvider, browser_of: Browser
) -> None:
    browser = browser_of(cast.alice, proved_at=timezone.now() - 3 * DAY)
    enforce(cast, at=timezone.now() - 2 * DAY, email_proofs_valid_from=timezone.now() - 2 * DAY)

    sign_in_again(browser, cast.alice.email)

    assert Proof.objects.count() == 1


def test_a_persons_own_list_of_sessions_names_each_way_once(cast: Cast, alice: Client) -> None:
    sign_in_again(alice, cast.alice.email)
    assert Proof.objects.count() == 2

    page = alice.get("/account/sessions/").content.decode()

    assert page.count("an emailed link or code") == 1


def test_two_tabs_that_bring_a_newer_proof_leave_one(cast: Cast, alice: Client) -> None:
    session, now = Session.objects.get(), timezone.now()
    for minutes in (2, 1):
        with transaction.atomic():
            add_proof(session, way=Way.EMAIL, proved_at=now - timedelta(minutes=minutes), kept_before=now - 2 * DAY)

    assert [proof.is_superseded for proof in Proof.objects.order_by("proved_at")] == [True, False]
