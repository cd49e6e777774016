"""The page *Identity and access*: what stands where, and the one thing to do next (spec 3.1, 3.2, 11)."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from audit.actions import record
from audit.actors import Actor
from audit.codes import Code
from demo.idp.signer import SigningKey
from domains.models import ClaimState, DomainClaim
from orgs.models import Plan
from provisioning.models import Mode, ProvisioningSettings
from sso.models import ConnectionRevision, RevisionState
from tests.cast import Cast, person, verified_domain
from tests.sso.setup.conftest import Setup, send, words

pytestmark = pytest.mark.django_db

PAGE = "/orgs/acme/settings/identity/"
# Session and door 4, claims 1, connections 3, organizations 1, enforcement 1, events 1, refused sign-ins 1, resets 1,
# and what the layout asks.
MOST_QUERIES = 16


def test_the_sections_stand_in_their_order(alice: Client, claim: DomainClaim) -> None:
    headings = words(alice.get(PAGE)).partition("How people sign in, join and leave.")[2]

    for part in (
        "Global SSO configuration",
        "Domain management",
        "Add domain",
        "Verified",
        "Set up SSO",
        "SSO configuration Whether",
        "Enforce SSO for Assistant",
        "Enforce SSO for Console",
        "Session policy",
        "Organization SSO configuration",
        "Provisioning mode",
    ):
        assert part in headings, f"{part} is missing or stands too early"
        headings = headings.partition(part)[2]


def test_the_parent_and_its_organizations_are_named_with_product_and_mode(
    alice: Client, cast: Cast, now: datetime
) -> None:
    ProvisioningSettings.unscoped.create(organization=cast.acme_console, mode=Mode.JIT, changed_at=now)

    text = words(alice.get(PAGE))

    assert "Shared by the 2 organizations of the parent organization Acme." in text
    assert "Acme This organization Assistant Manual" in text
    assert "Acme Console Console Just in time" in text


def test_it_starts_with_a_domain(alice: Client) -> None:
    text = words(alice.get(PAGE))

    assert "Start with a domain." in text
    assert "Not set up" in text


def test_a_pending_domain_can_be_refreshed(alice: Client, cast: Cast) -> None:
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice, state=ClaimState.PENDING)

    page = alice.get(PAGE)

    assert "Waiting for the record of acme.example." in words(page)
    assert f'action="{PAGE}domains/{claim.id.hex}/check/"' in page.content.decode()
    assert "Pending" in words(page)


def test_a_verified_domain_leads_to_the_set_up(alice: Client, claim: DomainClaim) -> None:
    assert "Your domain is verified." in words(alice.get(PAGE))


def test_an_open_set_up_is_continued_where_it_stands(alice: Client, claim: DomainClaim, setup: Setup) -> None:
    send(alice, setup.at("create"), {"name": "Okta"})

    page = alice.get(PAGE)

    assert "Okta: next is map claims." in words(page)
    assert f'href="{setup.at("claims")}"' in page.content.decode()


def test_a_live_connection_offers_manage_and_test(
    alice: Client, claim: DomainClaim, tested: Setup, now: datetime
) -> None:
    make_live(tested, claim, now=now)

    text = words(alice.get(PAGE))

    assert "Single sign-on with Custom SAML Active" in text
    assert "Manage SSO" in text
    assert "Served by Custom SAML" in text
    assert "Two decisions are left." in text


def make_live(setup: Setup, claim: DomainClaim, *, now: datetime) -> None:
    ConnectionRevision.unscoped.filter(id=setup.revision.id).update(state=RevisionState.LIVE, went_live_at=now)
    claim.connection = setup.connection
    claim.save(update_fields=["connection"])


def test_recent_changes_name_who_did_what(alice: Client, claim: DomainClaim, setup: Setup, key: SigningKey) -> None:
    setup.give_metadata(key)

    assert "Alice changed the draft of Custom SAML" in words(alice.get(PAGE))


def test_changes_of_another_organization_under_the_parent_stay_its_own(
    alice: Client, cast: Cast, now: datetime
) -> None:
    record(
        Code.PROVISIONING_MODE_CHANGED,
        actor=Actor.of(cast.alice),
        organization=cast.acme_console,
        details={"old": "Manual", "new": "Sister mode"},
        now=now,
    )

    assert "Sister mode" not in words(alice.get(PAGE))
    assert "Sister mode" in words(alice.get("/orgs/acme-console/settings/identity/"))


def test_without_a_parent_it_says_what_is_missing(browser_of: Callable[..., Client], cast: Cast) -> None:
    page = browser_of(cast.dora).get("/orgs/solo/settings/identity/")

    assert page.status_code == 200
    assert "doesn't belong to a parent organization yet" in words(page)
    assert "mailto:" in page.content.decode()
    assert "Add domain" not in words(page)


def test_a_plan_that_lost_sso_shows_the_settings_without_their_buttons(
    alice: Client, cast: Cast, claim: DomainClaim, tested: Setup, now: datetime
) -> None:
    make_live(tested, claim, now=now)
    cast.acme.plan = Plan.objects.get(product__slug="assistant", slug="free")
    cast.acme.save(update_fields=["plan"])

    text = words(alice.get(PAGE))

    assert "doesn't include single sign-on" in text
    assert "Single sign-on with Custom SAML Active" in text
    for button in ("Add domain", "Manage SSO", "Test sign-in with", "Change the provisioning mode"):
        assert button not in text


def test_members_and_strangers(browser_of: Callable[..., Client], cast: Cast) -> None:
    assert browser_of(cast.bob).get(PAGE).status_code == 403
    assert browser_of(cast.charlie).get(PAGE).status_code == 404
    assert browser_of(cast.stella).get(PAGE).status_code == 404


def test_the_number_of_queries_does_not_grow(
    alice: Client,
    cast: Cast,
    claim: DomainClaim,
    tested: Setup,
    *,
    now: datetime,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_live(tested, claim, now=now)
    for number in range(5):
        verified_domain(cast.acme_group, f"n{number}.example", added_by=cast.alice)
        person(f"p{number}@n{number}.example")

    with django_assert_max_num_queries(MOST_QUERIES):
        alice.get(PAGE)
