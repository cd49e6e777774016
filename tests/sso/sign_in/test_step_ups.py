"""Asked to sign in once more where SSO is required: what is asked for can be given, and once is enough."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import Proof, User, Way
from domains.models import DomainClaim
from orgs.models import Enforcement, Organization, ParentOrganization
from tests.accounts.test_parked_forms import press_send, sign_in_by_email, waiting_at
from tests.cast import Cast, person, verified_domain
from tests.domains.test_pages import text_of
from tests.factories.sso import IdentityProvider, bring_answer, live_connection, read_go_page
from tests.sso.enforcement.conftest import member, share

Browser = Callable[..., Client]

IDENTITY = "/orgs/acme/settings/identity/"
OPTIONAL = f"{IDENTITY}require/assistant/optional/"
HOURS = timedelta(hours=2)


def enforce(organization: Organization) -> None:
    now = timezone.now()
    Enforcement.unscoped.create(
        parent=organization.parent, product=organization.product, enforced_at=now, email_proofs_valid_from=now
    )


def reset_page(idp: IdentityProvider) -> str:
    """A page that asks for a recent sign-in."""
    return f"{IDENTITY}sso/{idp.connection.id.hex}/reset/"


def continue_with_sso(browser: Client, asked: HttpResponse, idp: IdentityProvider, user: User) -> HttpResponse:
    """Press *Continue with …* on the page that was asked for, and come back from the identity provider."""
    page = browser.get(asked["Location"]).content.decode()
    [path] = re.findall(r'href="(/login/go/[^"]+)"', page)
    leaving = read_go_page(browser.get(unescape(path)))
    answer = idp.answer(request_id=leaving.request_id, email=user.email)
    return bring_answer(browser, idp, answer, leaving.relay_state)


@pytest.fixture
def alice(cast: Cast, okta: IdentityProvider, browser_of: Browser) -> Client:
    """Alice's browser, signed in with SSO two hours ago, at an organization that requires it."""
    enforce(cast.acme)
    return browser_of(cast.alice, way=Way.SSO, connection=okta.connection, proved_at=timezone.now() - HOURS)


def test_where_sso_is_required_a_recent_sign_in_is_asked_for_and_given_with_sso(
    alice: Client, cast: Cast, okta: IdentityProvider
) -> None:
    asked = alice.get(reset_page(okta))
    page = text_of(alice.get(asked["Location"]))
    assert "What you want to do at Acme needs a recent sign-in, and single sign-on is required there." in page
    assert "Continue with Okta" in page
    assert "Continue with email" not in page
    assert "support@acme.example" in page  # for when Okta doesn't work

    landed = continue_with_sso(alice, asked, okta, cast.alice)

    assert landed["Location"] == reset_page(okta)
    assert alice.get(reset_page(okta)).status_code == 200


def test_a_form_posted_too_late_waits_for_the_sso_and_is_sent_then(
    alice: Client, cast: Cast, okta: IdentityProvider
) -> None:
    page = reset_page(okta)
    asked = alice.post(page, {"typed": "wrong", "plan": "0" * 32}, headers={"Referer": f"http://testserver{page}"})
    assert asked["Location"].startswith("/login/required/?")

    landed = continue_with_sso(alice, asked, okta, cast.alice)

    assert landed["Location"] == waiting_at(asked)
    assert press_send(alice, landed["Location"]).status_code == 422  # judged by its own page: the name isn't right


def test_one_sign_in_gives_the_proof_and_makes_it_recent(
    cast: Cast, okta: IdentityProvider, browser_of: Browser
) -> None:
    enforce(cast.acme)
    emailed = browser_of(cast.alice)

    continue_with_sso(emailed, emailed.get(reset_page(okta)), okta, cast.alice)

    assert emailed.get(reset_page(okta)).status_code == 200


def test_where_sso_is_optional_an_email_makes_it_recent_as_before(
    cast: Cast, okta: IdentityProvider, browser_of: Browser
) -> None:
    old = browser_of(cast.alice, proved_at=timezone.now() - HOURS)
    asked = old.get(reset_page(okta))
    assert asked["Location"].startswith("/login/?again=true")

    sign_in_by_email(old, asked, cast.alice.email)

    assert old.get(reset_page(okta)).status_code == 200


def test_while_the_identity_provider_is_down_a_manager_inside_makes_sso_optional_and_goes_on_by_email(
    alice: Client, cast: Cast, okta: IdentityProvider
) -> None:
    assert alice.post(OPTIONAL)["Location"] == IDENTITY
    assert not Enforcement.unscoped.exists()

    sign_in_by_email(alice, alice.get(reset_page(okta)), cast.alice.email)

    assert alice.get(reset_page(okta)).status_code == 200


def test_making_sso_optional_asks_for_the_proof_that_entering_asks_for(
    cast: Cast, okta: IdentityProvider, browser_of: Browser
) -> None:
    enforce(cast.acme)

    asked = browser_of(cast.alice).post(OPTIONAL)

    assert asked["Location"].startswith("/login/required/?")
    assert Enforcement.unscoped.exists()


def test_a_connection_that_cannot_satisfy_who_asks_is_not_offered(
    cast: Cast, okta: IdentityProvider, browser_of: Browser
) -> None:
    """Erin's company signs her in through Okta; Globex, where she helps out, requires its own SSO of every member."""
    erin = person("erin@acme.example")
    member(cast.globex, erin)
    ParentOrganization.objects.filter(id=cast.globex_group.id).update(requires_sso_for_every_member=True)
    browser = browser_of(erin)

    asked = browser.get("/orgs/globex/settings/identity/")
    page = text_of(browser.get(asked["Location"]))

    assert "This address can't open it" in page
    assert "Globex requires single sign-on of every member" in page
    assert "Continue with" not in page
    assert f"Ask {cast.charlie.display_name}" in page
    assert "as erin@acme.example: it requires single sign-on of every member" in page


def test_for_a_shared_name_only_the_connection_of_who_asks_is_offered(
    cast: Cast, okta: IdentityProvider, browser_of: Browser
) -> None:
    share(DomainClaim.unscoped.get(name="acme.example"), by=cast.sam)
    claim = verified_domain(cast.globex_group, "acme.example", added_by=cast.charlie, is_shared=True)
    live_connection(cast.globex_group, created_by=cast.charlie, claims=(claim,), name="Entra")
    member(cast.globex, cast.bob)
    enforce(cast.globex)
    browser = browser_of(cast.bob)

    asked = browser.get("/orgs/globex/settings/identity/")
    page = text_of(browser.get(asked["Location"]))

    assert "Continue with Entra" in page
    assert "Okta" not in page


def test_a_proof_that_is_missing_altogether_is_asked_for_in_every_way_that_helps(
    cast: Cast, okta: IdentityProvider, browser_of: Browser
) -> None:
    browser = browser_of(cast.alice, proved_at=timezone.now() - timedelta(days=31))

    page = text_of(browser.get(browser.get(IDENTITY)["Location"]))

    assert "Acme needs a newer sign-in" in page
    assert "Continue with Okta" in page
    assert "Continue with email" in page
    assert not Proof.objects.filter(way=Way.SSO).exists()
