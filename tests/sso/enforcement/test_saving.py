"""Enforcing SSO, what it means on the very next request of everybody, and the way back (spec 6.4, R33, R34)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Way
from accounts.queries import find_session
from audit.models import AuditEvent, OutboxMessage
from domains.challenge import challenge_for
from domains.models import DomainClaim
from orgs.models import Enforcement, Organization, ParentOrganization
from sso.models import ConnectionRevision
from sso.queries.sign_in import gather_admission, gather_offer
from sso.rules import decide
from tests.cast import Cast, person
from tests.domains.zones import proof, serving, zone
from tests.factories.sso import IdentityProvider, sign_in_with_sso
from tests.sso.enforcement.conftest import CONSOLE, PAGE, confirm, enforce, join, member, share, words

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


def may_enter(browser: Client, organization: Organization) -> bool:
    """What the one door says about this browser's next request."""
    signed_in = find_session(browser.cookies["session"].value, now=timezone.now())
    assert signed_in is not None
    facts = gather_admission(signed_in, organization=organization)
    return decide.admit(facts, now=timezone.now()).admitted


def test_enforcing_is_written_told_and_counted(alice: Client, cast: Cast) -> None:
    version = cast.acme_group.access_version

    answer = enforce(alice)

    assert answer["Location"] == "/orgs/acme/settings/identity/"
    enforcement = Enforcement.objects.for_parent(cast.acme_group).get()
    assert (enforcement.product.slug, enforcement.email_proofs_valid_from) == ("assistant", None)
    assert ParentOrganization.objects.get(id=cast.acme_group.id).access_version != version
    event = AuditEvent.objects.get(code="enforcement.turned_on")
    assert (event.before, event.after) == ({"enforced": False}, {"enforced": True, "sessions": "keep"})
    assert event.details == {"product": "Assistant", "slug": "assistant", "people": 2, "may_be_locked_out": 1}
    mails = OutboxMessage.objects.filter(payload__template="enforcement_on")
    assert [mail.payload["to"] for mail in mails] == [cast.alice.email]


def test_keep_lets_older_proofs_count_and_takes_no_new_one(alice: Client, cast: Cast, browser_of: Browser) -> None:
    bob = browser_of(cast.bob, proved_at=timezone.now() - timedelta(minutes=5))

    enforce(alice, sessions="keep")

    assert may_enter(bob, cast.acme)
    assert not may_enter(browser_of(cast.bob), cast.acme)
    assert not gather_offer(cast.bob.email, product=cast.acme.product).email


@pytest.mark.parametrize("way", [Way.EMAIL, Way.PASSWORD, Way.GOOGLE])
def test_r34_end_makes_email_password_and_google_proofs_count_for_nothing(
    way: Way, alice: Client, cast: Cast, browser_of: Browser
) -> None:
    bob = browser_of(cast.bob, way=way, proved_at=timezone.now() - timedelta(minutes=5))

    enforce(alice, sessions="end")

    assert not may_enter(bob, cast.acme)


def test_end_leaves_the_savers_own_session_and_those_of_outsiders(
    alice: Client, cast: Cast, browser_of: Browser
) -> None:
    contractor = browser_of(join(cast.acme, "carla@contractor.example"))

    enforce(alice, sessions="end")

    assert alice.get("/orgs/acme/settings/identity/").status_code == 200
    assert may_enter(contractor, cast.acme)


def test_end_leaves_the_same_session_good_for_what_is_not_enforced(
    alice: Client, cast: Cast, browser_of: Browser
) -> None:
    member(cast.acme_console, cast.bob)
    bob = browser_of(cast.bob)

    enforce(alice, sessions="end")

    assert not may_enter(bob, cast.acme)
    assert may_enter(bob, cast.acme_console)


def test_end_counts_in_other_companies_organizations_of_the_product(
    alice: Client, cast: Cast, browser_of: Browser
) -> None:
    """The second policy of spec 6.3: that of the parent that holds the address's domain."""
    erin = person("erin@acme.example")
    member(cast.globex, erin)
    browser = browser_of(erin)

    enforce(alice, sessions="end")

    assert not may_enter(browser, cast.globex)


def test_a_shared_name_is_required_only_in_the_own_organizations(
    alice: Client, cast: Cast, browser_of: Browser
) -> None:
    share(cast.acme_group.domain_claims.get(), by=cast.sam)
    member(cast.globex, cast.bob)
    bob = browser_of(cast.bob)

    enforce(alice, sessions="end")

    assert not may_enter(bob, cast.acme)
    assert may_enter(bob, cast.globex)


def test_two_products_are_enforced_independently(alice: Client, cast: Cast, browser_of: Browser) -> None:
    member(cast.acme_console, cast.bob)
    bob = browser_of(cast.bob)
    enforce(alice, sessions="end")
    enforce(alice, CONSOLE, sessions="end")
    assert not may_enter(bob, cast.acme_console)

    alice.post(f"{PAGE}optional/")

    assert may_enter(bob, cast.acme)
    assert not may_enter(bob, cast.acme_console)
    assert [row.product.slug for row in Enforcement.objects.for_parent(cast.acme_group)] == ["console"]


def test_api_keys_and_memberships_are_not_touched(alice: Client, cast: Cast) -> None:
    before = list(cast.acme.memberships.values_list("id", "role", "state"))

    enforce(alice, sessions="end")

    assert list(cast.acme.memberships.values_list("id", "role", "state")) == before


class TestTheConfirmation:
    def test_the_organizations_name_is_typed_where_somebody_may_be_locked_out(self, alice: Client, cast: Cast) -> None:
        answer = enforce(alice, typed="Globex", sessions="end")

        assert answer.status_code == 422
        page = answer.content.decode()
        assert "This isn&#x27;t Acme. Type it as it is written there." in page
        assert 'value="Globex"' in page
        assert 'value="end" checked' in page
        assert not Enforcement.unscoped.exists()
        assert confirm(alice, answer).status_code == 302

    def test_the_name_is_judged_as_wherever_else_a_name_is_typed(self, alice: Client, cast: Cast) -> None:
        """Case and doubled blanks don't count (orgs/confirmation.py)."""
        Organization.objects.filter(id=cast.acme.id).update(name="Acme  Corp")

        assert enforce(alice, typed=" acme corp ").status_code == 302

    def test_somebody_newly_harmed_shows_the_new_plan(self, alice: Client, cast: Cast) -> None:
        seen = alice.get(PAGE)
        join(cast.acme, "erin@acme.example")

        answer = confirm(alice, seen, sessions="end")

        assert answer.status_code == 409
        assert "Something changed since this was shown, so nothing was done." in words(answer)
        assert "erin@acme.example" in words(answer)
        assert "Require SSO for 3 people" in words(answer)
        assert 'value="end" checked' in answer.content.decode()
        assert not Enforcement.unscoped.exists()
        assert confirm(alice, answer).status_code == 302

    def test_fewer_harmed_is_fine(self, alice: Client, cast: Cast, okta: IdentityProvider, browser_of: Browser) -> None:
        seen = alice.get(PAGE)
        sign_in_with_sso(browser_of(), okta, cast.bob.email)

        assert confirm(alice, seen).status_code == 302

    def test_what_stands_in_the_way_by_now_is_shown(self, alice: Client, cast: Cast, okta: IdentityProvider) -> None:
        seen = alice.get(PAGE)
        ConnectionRevision.unscoped.filter(connection=okta.connection).update(state="previous")

        answer = confirm(alice, seen)

        assert answer.status_code == 409
        assert "Okta serves acme.example and isn't live." in words(answer)

    def test_a_session_without_sso_cant_confirm_what_another_of_the_same_person_was_shown(
        self, alice: Client, cast: Cast, browser_of: Browser
    ) -> None:
        """The saver's own session holds the proof: it goes on after *end*."""
        seen = alice.get(PAGE)

        answer = confirm(browser_of(cast.alice), seen)

        assert answer.status_code == 409
        assert not Enforcement.unscoped.exists()

    def test_somebody_elses_plan_is_none(
        self, alice: Client, cast: Cast, okta: IdentityProvider, browser_of: Browser
    ) -> None:
        seen = alice.get(PAGE)
        gus = join(cast.acme, "gus@acme.example", role="owner")
        other = browser_of()
        sign_in_with_sso(other, okta, gus.email)

        assert confirm(other, seen).status_code == 409
        assert confirm(other, seen, plan="nonsense").status_code == 409

    def test_a_double_press_enforces_once(self, alice: Client, cast: Cast) -> None:
        seen = alice.get(PAGE)

        assert confirm(alice, seen).status_code == 302
        assert confirm(alice, seen).status_code == 409
        assert Enforcement.unscoped.count() == 1


def test_r36_a_domain_that_is_not_proven_at_this_moment_blocks_with_what_each_server_said(
    alice: Client, cast: Cast, settings: object
) -> None:
    DomainClaim.unscoped.filter(parent=cast.acme_group).update(is_manual=False)
    seen = alice.get(PAGE)

    with serving(settings, zone(name="acme.example")):
        answer = confirm(alice, seen)

    assert answer.status_code == 409
    assert "The DNS record of acme.example couldn't be confirmed just now, so nothing was changed." in words(answer)
    assert "What the name servers of acme.example said" in words(answer)
    assert "Has no record with this name" in words(answer)
    assert not Enforcement.unscoped.exists()


def test_r36_a_proven_domain_is_checked_again_and_enforcing_goes_on(
    alice: Client, cast: Cast, settings: object
) -> None:
    DomainClaim.unscoped.filter(parent=cast.acme_group).update(is_manual=False)
    claim = DomainClaim.unscoped.get(parent=cast.acme_group)
    seen = alice.get(PAGE)

    with serving(settings, zone(proof(challenge_for(claim.name, token=claim.token).value), name="acme.example")):
        assert confirm(alice, seen).status_code == 302

    claim.refresh_from_db()
    assert claim.last_checked_at is not None
