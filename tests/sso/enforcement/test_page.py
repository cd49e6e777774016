"""*Enforce SSO for <product>*: what the page shows before anything happens (spec 6.4)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User, Way
from audit.models import AuditEvent, OutboxMessage
from audit.tasks import deliver_outbox
from domains.models import ClaimState, DomainClaim
from orgs.models import Enforcement, Membership, Plan
from provisioning.models import GroupMapping, Mode, ProvisioningSettings, SeenClaims
from sso.models import ConnectionRevision, ExternalIdentity
from tests.cast import Cast, organization, person, role_of, verified_domain
from tests.factories.sso import IdentityProvider, live_connection, sign_in_with_sso
from tests.sso.enforcement.conftest import CONSOLE, PAGE, enforce, join, member, share, words

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
# Session and door, the plan, the crowd, three counts, one list, what the layout asks: not one of them for each person.
MOST_QUERIES = 26


def test_those_who_may_be_locked_out_stand_first_with_what_to_do(alice: Client, cast: Cast) -> None:
    page = words(alice.get(PAGE))

    assert "1 person who may be locked out" in page
    assert "Bob bob@acme.example User" in page
    assert "Assign them in Okta and have them try SSO Never signed in with Okta" in page
    assert "Require SSO for 2 people" in page


def test_who_signed_in_with_sso_once_is_safe(
    alice: Client, cast: Cast, okta: IdentityProvider, browser_of: Browser
) -> None:
    sign_in_with_sso(browser_of(), okta, cast.bob.email)

    page = words(alice.get(PAGE))

    assert "2 people who must use SSO" in page
    assert "0 may be locked out" in page
    assert "Type Acme to confirm" not in page


def test_people_outside_the_domains_are_listed_as_not_affected_with_the_reason(alice: Client, cast: Cast) -> None:
    join(cast.acme, "carla@contractor.example")

    page = words(alice.get(PAGE, {"show": "others"}))

    assert "1 person not affected" in page
    assert "contractor.example isn't assigned to a connection; email goes on working" in page
    assert "bob@acme.example" not in page


def test_an_address_counts_in_other_companies_organizations_too(alice: Client, cast: Cast) -> None:
    """Unshared: anywhere in that product (spec 6.3)."""
    erin = person("erin@acme.example")
    member(cast.globex, erin)

    page = words(alice.get(PAGE, {"show": "all"}))

    assert "erin@acme.example Member elsewhere" in page
    assert "Globex" not in page


def test_a_shared_name_counts_only_in_the_own_organizations(alice: Client, cast: Cast, okta: IdentityProvider) -> None:
    share(cast.acme_group.domain_claims.get(), by=cast.sam)
    member(cast.globex, person("erin@acme.example"))

    page = words(alice.get(PAGE, {"show": "all"}))

    assert "erin@acme.example" not in page
    assert "bob@acme.example" in page
    assert "acme.example counts only in your own organizations" in page


def test_who_falls_into_no_mapped_group_may_be_locked_out(
    alice: Client, cast: Cast, okta: IdentityProvider, browser_of: Browser
) -> None:
    sign_in_with_sso(browser_of(), okta, cast.bob.email)
    now = timezone.now()
    ProvisioningSettings.unscoped.create(organization=cast.acme, mode=Mode.JIT, uses_mappings=True, changed_at=now)
    GroupMapping.unscoped.create(organization=cast.acme, group="staff", role=role_of(cast.acme, "user"), created_at=now)
    seen = SeenClaims.unscoped.filter(user=cast.bob)
    seen.update(groups_state="listed", groups=["visitors"])

    page = words(alice.get(PAGE))
    assert "Put them into a mapped group in Okta" in page
    assert "In no group that gives a role in Acme" in page

    seen.update(groups=["staff"])
    assert "Put them into a mapped group" not in words(alice.get(PAGE))


def test_who_falls_out_of_a_sibling_organization_still_counts_as_manager_of_their_own(
    alice: Client, cast: Cast, okta: IdentityProvider
) -> None:
    """Alice owns Acme, where roles are given by hand, and is a plain user of Acme Labs, where groups give them."""
    dan = person("dan@contractors.example")
    labs = organization("Acme Labs", plan=("assistant", "enterprise"), first_member=dan, parent=cast.acme_group)
    member(labs, cast.alice)
    ProvisioningSettings.unscoped.update_or_create(
        organization=labs, defaults={"mode": Mode.JIT, "uses_mappings": True, "changed_at": timezone.now()}
    )
    SeenClaims.unscoped.filter(user=cast.alice).update(groups_state="listed", groups=["something-else"])

    page = words(alice.get(PAGE))

    assert "Nobody who manages identity in Acme has signed in" not in page
    assert "In no group that gives a role in Acme Labs" in page

    Membership.unscoped.filter(user=cast.alice, organization=labs).delete()
    member(labs, cast.alice, role="owner")
    assert "Nobody who manages identity in Acme Labs" not in words(alice.get(PAGE))
    Membership.unscoped.filter(user=dan, organization=labs).update(state="held", held_at=timezone.now())
    assert "Nobody who manages identity in Acme Labs has signed in with SSO yet." in words(alice.get(PAGE))


def test_the_only_manager_of_somebody_elses_organization_is_named_and_blocks_nothing(alice: Client, cast: Cast) -> None:
    """Else anybody with an address here could keep the company from enforcing, by making an organization."""
    organization("Erins", plan=("assistant", "free"), first_member=person("erin@acme.example"))

    page = words(alice.get(PAGE))

    assert "erin@acme.example Member elsewhere" in page
    assert "organizations of others ask it of them too, even if they alone manage one" in page
    assert "Erins" not in page
    assert enforce(alice).status_code == 302


def test_the_list_can_be_searched_and_downloaded(alice: Client, cast: Cast) -> None:
    join(cast.acme, "zoe@acme.example")
    User.objects.filter(email="zoe@acme.example").update(name='=HYPERLINK("https://evil.example")')

    found = words(alice.get(PAGE, {"show": "all", "q": "zoe"}))
    table = alice.get(PAGE, {"show": "all", "q": "zoe", "format": "csv"})
    lines = b"".join(table).decode().splitlines()  # type: ignore[arg-type]

    assert "zoe@acme.example" in found
    assert "bob@acme.example" not in found
    assert lines[0].startswith("Email,Name,Organization,Role")
    assert len(lines) == 2
    # A name is somebody else's text: no spreadsheet may run it.
    assert "\"'=HYPERLINK(" in lines[1]


def test_both_choices_about_older_sessions_are_explained_with_numbers(
    alice: Client, cast: Cast, browser_of: Browser
) -> None:
    browser_of(cast.bob)
    browser_of(cast.bob, way=Way.PASSWORD)
    browser_of(join(cast.acme, "carla@contractor.example"))

    page = words(alice.get(PAGE))

    assert "1 person signed in by email, password or Google. The last of these sign-ins counts until" in page
    assert "End the one that was not started with SSO" in page


def test_the_queries_do_not_grow_with_people(
    alice: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    role = role_of(cast.acme, "user")
    people = User.objects.bulk_create(
        User(email=f"person{number}@acme.example", password="!", created_at=now) for number in range(300)
    )
    Membership.unscoped.bulk_create(
        Membership(organization=cast.acme, user=user, role=role, source="manual", created_at=now) for user in people
    )

    with django_assert_max_num_queries(MOST_QUERIES):
        page = alice.get(PAGE, {"rows": "100"})

    assert "Require SSO for 302 people" in words(page)
    assert "301 people who may be locked out" in words(page)


def test_the_page_is_for_products_that_the_parent_uses(alice: Client, cast: Cast) -> None:
    assert alice.get("/orgs/acme/settings/identity/require/nothing/").status_code == 404
    assert alice.get(CONSOLE).status_code == 200


class TestWhatStandsInTheWay:
    def test_who_is_not_signed_in_with_sso_is_asked_to_be_first(
        self, cast: Cast, okta: IdentityProvider, browser_of: Browser, alice: Client
    ) -> None:
        browser = browser_of(cast.alice)

        page = browser.get(PAGE)

        assert "You aren't signed in with Okta yourself." in words(page)
        assert "Sign in with Okta first" in words(page)
        assert f"/sso/saml/{okta.connection.id.hex}/login/?next=%2Forgs%2Facme" in page.content.decode()
        assert 'name="plan"' not in page.content.decode()

    def test_a_proof_through_another_parents_connection_is_not_one(
        self, cast: Cast, okta: IdentityProvider, browser_of: Browser, alice: Client
    ) -> None:
        theirs = live_connection(cast.globex_group, created_by=cast.charlie, name="Globex IdP")
        browser = browser_of(cast.alice, way=Way.SSO, connection=theirs.connection)

        assert browser.get(PAGE).status_code in {200, 302}
        assert 'name="plan"' not in browser.get(PAGE).content.decode()

    def test_a_domain_has_to_be_assigned(self, cast: Cast, browser_of: Browser) -> None:
        verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)

        assert "No verified domain is assigned to a connection" in words(browser_of(cast.alice).get(PAGE))

    def test_a_lapsed_domain_alone_is_not_enough(self, alice: Client, cast: Cast) -> None:
        DomainClaim.unscoped.filter(parent=cast.acme_group).update(
            state=ClaimState.LAPSED, lapsed_at=timezone.now(), absent_since=timezone.now()
        )

        assert "No verified domain is assigned to a connection" in words(alice.get(PAGE))

    def test_every_serving_connection_has_to_be_live(self, alice: Client, cast: Cast) -> None:
        other = verified_domain(cast.acme_group, "other.example", added_by=cast.alice, is_manual=True)
        entra = live_connection(cast.acme_group, created_by=cast.alice, claims=(other,), name="Entra")
        ConnectionRevision.unscoped.filter(connection=entra.connection).update(state="previous")

        assert "Entra serves other.example and isn't live." in words(alice.get(PAGE))

    def test_an_organization_whose_managers_never_signed_in_with_sso(
        self, alice: Client, cast: Cast, okta: IdentityProvider
    ) -> None:
        """Acme's second organization of the product has a manager of its own, who would be locked out."""
        second = cast.acme_console
        Membership.unscoped.filter(organization=second).delete()
        member(second, person("gus@acme.example"), role="admin")

        page = alice.get(CONSOLE)

        assert "Nobody who manages identity in Acme Console has signed in with SSO yet." in words(page)
        assert 'name="plan"' not in page.content.decode()

    def test_a_manager_with_an_address_outside_the_domains_keeps_a_way_in(
        self, alice: Client, cast: Cast, okta: IdentityProvider
    ) -> None:
        Membership.unscoped.filter(organization=cast.acme_console).delete()
        member(cast.acme_console, person("gus@acme.example"), role="admin")
        member(cast.acme_console, person("carla@contractor.example"), role="admin")

        assert "Nobody who manages identity" not in words(alice.get(CONSOLE))

        cast.acme_group.requires_sso_for_every_member = True
        cast.acme_group.save(update_fields=["requires_sso_for_every_member"])
        assert "Nobody who manages identity in Acme Console" in words(alice.get(CONSOLE))

    def test_a_retired_tie_is_no_way_in(self, alice: Client, cast: Cast) -> None:
        ExternalIdentity.unscoped.filter(user=cast.alice).update(retired_at=timezone.now())

        assert "Nobody who manages identity in Acme has signed in" in words(alice.get(PAGE))


class TestAskingPeopleToTry:
    def test_everybody_who_never_signed_in_with_sso_gets_the_address_of_the_page(
        self, alice: Client, cast: Cast
    ) -> None:
        join(cast.acme, "carla@contractor.example")
        answer = alice.post(f"{PAGE}ask/", follow=True)
        assert "1 person is asked by email to try SSO." in words(answer)

        deliver_outbox()

        mails = OutboxMessage.objects.filter(payload__template="enforcement_try")
        assert [mail.payload["to"] for mail in mails] == ["bob@acme.example"]
        assert mails[0].payload["context"]["action_url"].endswith("/login/?sso=true&product=assistant")
        assert AuditEvent.objects.get(code="enforcement.people_asked").details["count"] == 1

    def test_at_most_once_a_day_for_each_product(self, alice: Client, cast: Cast) -> None:
        alice.post(f"{PAGE}ask/")

        again = alice.post(f"{PAGE}ask/", follow=True)

        assert "These people were asked less than a day ago." in words(again)
        assert OutboxMessage.objects.filter(topic="sso.ask_to_try").count() == 1
        member(cast.acme_console, cast.bob)
        alice.post(f"{CONSOLE}ask/")
        assert OutboxMessage.objects.filter(topic="sso.ask_to_try").count() == 2


def test_where_sso_is_enforced_the_page_offers_the_way_back(alice: Client, cast: Cast) -> None:
    enforce(alice)

    page = alice.get(PAGE)

    assert "Make SSO optional for Assistant" in words(page)
    assert "already" not in words(page)
    assert 'name="plan"' not in page.content.decode()


def test_making_it_optional_is_one_click_also_where_the_plan_lost_sso(
    alice: Client, cast: Cast, browser_of: Browser
) -> None:
    """Spec 3.1: it only loosens."""
    enforce(alice, sessions="end")
    cast.acme.plan = Plan.objects.get(product__slug="assistant", slug="free")
    cast.acme.save(update_fields=["plan"])

    answer = alice.post(f"{PAGE}optional/")

    assert answer["Location"] == "/orgs/acme/settings/identity/"
    assert not Enforcement.unscoped.exists()
    event = AuditEvent.objects.get(code="enforcement.turned_off")
    assert event.before["enforced"]
    assert browser_of(cast.bob).get("/").status_code == 200


def test_a_recent_sign_in_is_needed_to_see_and_to_save(
    cast: Cast, okta: IdentityProvider, alice: Client, browser_of: Browser
) -> None:
    old = browser_of(cast.alice, way=Way.SSO, connection=okta.connection, proved_at=timezone.now() - timedelta(hours=2))

    for answer in (old.get(PAGE), old.post(PAGE, {})):
        assert answer.status_code == 302
        assert "again=true" in answer["Location"]
