"""*Explain a sign-in*, and references, as staff see them (spec 9.2)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Way
from orgs.models import Block, Enforcement, Membership, Product
from sso.actions.refusals import record_refusal
from sso.errors import SsoRequired
from sso.queries.explain import SENTENCES, explain_sign_in
from sso.rules.decide import Reason
from tests.cast import Cast, verified_domain
from tests.domains.test_pages import text_of
from tests.factories.sso import IdentityProvider, live_connection, sign_in_with_sso

Browser = Callable[..., Client]

pytestmark = pytest.mark.django_db


@pytest.fixture
def okta(cast: Cast) -> IdentityProvider:
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))


@pytest.fixture
def enforced(cast: Cast, okta: IdentityProvider, products: dict[str, Product]) -> Enforcement:
    return Enforcement.unscoped.create(
        parent=cast.acme_group,
        product=products["assistant"],
        enforced_at=timezone.now() - timedelta(hours=1),
        email_proofs_valid_from=timezone.now() - timedelta(hours=1),
    )


@pytest.fixture
def sam(cast: Cast, browser_of: Browser) -> Client:
    return browser_of(cast.sam, way=Way.STAFF)


def test_every_reason_of_decide_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Reason)


def test_an_enforced_domain_is_explained_with_its_facts(
    cast: Cast, enforced: Enforcement, sam: Client, products: dict[str, Product]
) -> None:
    page = text_of(sam.get("/admin/explain/", {"email": "Bob@acme.example", "product": products["assistant"].id}))

    for words in (
        "SSO with Okta . A live connection serves the domain, and SSO is enforced",
        "acme.example: Verified Okta, live Assistant since",
        "An emailed link or code No A live connection serves the domain, and SSO is enforced",
        "SSO with Okta of Acme Yes The domain is assigned to this connection",
        "An emailed link for staff No The account isn't one of staff.",
        "Acme (Assistant, parent Acme)",
        "Email, a moment ago No The organization's own parent requires SSO of this person",
        "SSO with Okta, a moment ago Yes A proof that counts here meets both policies.",
    ):
        assert words in page, words


def test_the_explanation_agrees_with_what_happens(
    cast: Cast, enforced: Enforcement, okta: IdentityProvider, browser_of: Browser, products: dict[str, Product]
) -> None:
    """What it says of the door is what the door does: asked of the same rule with the same facts."""
    explained = explain_sign_in("alice@acme.example", product=products["assistant"], now=timezone.now())
    doors = {
        (judged.membership.organization.slug, answer.question.partition(",")[0]): answer.admitted
        for judged in explained.memberships
        for answer in judged.doors
    }
    by_sso = browser_of()
    sign_in_with_sso(by_sso, okta, "alice@acme.example")

    for way, browser in (
        ("Email", browser_of(cast.alice)),
        ("Password", browser_of(cast.alice, way=Way.PASSWORD)),
        ("Google", browser_of(cast.alice, way=Way.GOOGLE)),
        ("SSO with Okta", by_sso),
    ):
        for slug in ("acme", "acme-console"):
            opens = browser.get(f"/orgs/{slug}/settings/identity/").status_code == 200
            assert doors[slug, way] is opens, (slug, way)


def test_a_held_and_blocked_person_is_explained(cast: Cast, sam: Client, now: datetime) -> None:
    Membership.objects.for_org(cast.acme).filter(user=cast.bob).update(
        state="held", held_at=now, held_reason="The directory would have removed 30 people."
    )
    Block.unscoped.create(
        organization=cast.acme, user=cast.bob, blocked_by=cast.alice, reason="Left the company", created_at=now
    )

    page = text_of(sam.get("/admin/explain/", {"email": "bob@acme.example"}))

    assert "on hold since" in page
    assert "The directory would have removed 30 people." in page
    assert "Blocked: Left the company" in page
    assert "Email, a moment ago No The membership is on hold, so it opens nothing" in page
    assert SENTENCES[Reason.PROOF_COUNTS] not in page.split("Account and memberships")[1].split("Latest sign-ins")[0]


def test_an_unknown_address_and_a_mistyped_one_are_answered(cast: Cast, sam: Client) -> None:
    unknown = text_of(sam.get("/admin/explain/", {"email": "nobody@elsewhere.example"}))
    mistyped = text_of(sam.get("/admin/explain/", {"email": "nobody", "product": "999"}))

    assert "There is no account with this address." in unknown
    assert "Nobody: no verified or lapsed claim has this name." in unknown
    assert "This isn't one email address." in mistyped


def test_the_latest_sign_ins_and_refusals_are_listed(
    cast: Cast, okta: IdentityProvider, sam: Client, browser_of: Browser, now: datetime
) -> None:
    sign_in_with_sso(browser_of(), okta, "bob@acme.example")
    reference = record_refusal(SsoRequired(), way="email", email="bob@acme.example", now=now)

    page = text_of(sam.get("/admin/explain/", {"email": "bob@acme.example"}))

    assert "single sign-on with Okta" in page
    assert f"Your company signs in with single sign-on. {reference}" in page


def test_staff_open_any_reference_in_full(cast: Cast, sam: Client, now: datetime) -> None:
    """Also one that belongs to no customer, which no manager can open."""
    reference = record_refusal(SsoRequired(received="x@gmail.com"), way="email", email="x@gmail.com", now=now)

    found = sam.get("/admin/references/", {"reference": f" {reference.lower()} "}, follow=True)

    page = text_of(found)
    assert found.redirect_chain[-1][0] == f"/admin/sign-ins/{reference}/"
    for words in ("None: no customer's managers see this one", "Received x@gmail.com", "Code sso_required"):
        assert words in page, words


def test_an_unknown_reference_says_where_else_to_look(cast: Cast, sam: Client) -> None:
    for reference in ("SGN-AAAA-AAAA", "nonsense", "\x00"):
        assert sam.get("/admin/references/", {"reference": reference}).status_code == 200
    assert "No event has the reference SGN-AAAA-AAAA" in text_of(
        sam.get("/admin/references/", {"reference": "SGN-AAAA-AAAA"})
    )


@pytest.mark.parametrize("address", ["/admin/explain/?email=bob@acme.example", "/admin/references/?reference=x"])
def test_managers_and_members_cannot_ask(cast: Cast, browser_of: Browser, address: str) -> None:
    for person in (cast.alice, cast.bob, cast.sam, None):
        browser = browser_of(person)  # Sam too: signed in, but not as staff

        answer = browser.get(address)

        assert answer.status_code == 302
        assert "staff" in browser.get(answer["Location"]).get("Location", "staff")


def test_a_references_page_is_for_staff_alone(cast: Cast, browser_of: Browser, now: datetime) -> None:
    reference = record_refusal(SsoRequired(), way="email", email="x@gmail.com", now=now)

    for person in (cast.alice, None):
        assert browser_of(person).get(f"/admin/sign-ins/{reference}/").status_code == 302
