"""What a sign-in through a connection does to memberships (spec 7.6)."""

import threading
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone

from accounts.models import User
from audit.actors import SYSTEM
from audit.models import AuditEvent
from domains.models import ClaimState, DomainClaim, ShareableName
from orgs.actions.memberships import add_membership
from orgs.models import Block, Membership
from provisioning import actions
from provisioning.models import Mode, SeenClaims
from provisioning.queries import preview_sign_in
from sso.claims import Groups
from tests.cast import organization, person, role_of, verified_domain
from tests.provisioning.conftest import set_mode

pytestmark = pytest.mark.django_db


@pytest.fixture
def erin(products):
    return person("erin@acme.example")


def standing(user, where):
    return Membership.objects.for_org(where).filter(user=user).select_related("role", "tier").first()


def test_a_newcomer_becomes_a_member_with_the_lowest_role_and_tier(cast, signs_in, erin):
    set_mode(cast.acme, Mode.JIT)

    [given] = signs_in(erin)

    membership = standing(erin, cast.acme)
    assert (membership.role.slug, membership.tier.slug, membership.source) == ("user", "standard", "jit")
    assert membership.reason == "Signs in through your identity provider"
    assert (given.organization, given.membership, given.change) == (cast.acme, membership, "joins")
    assert AuditEvent.objects.filter(code="membership.added", target_label=erin.email, organization=cast.acme).exists()


def test_a_second_sign_in_creates_nothing(cast, signs_in, erin):
    set_mode(cast.acme, Mode.JIT)
    signs_in(erin)
    events = AuditEvent.objects.count()

    [given] = signs_in(erin)

    assert given.change == "stays"
    assert given.membership == standing(erin, cast.acme)
    assert Membership.unscoped.filter(user=erin).count() == 1
    assert AuditEvent.objects.count() == events


def test_a_role_that_was_changed_by_hand_stays(cast, signs_in, erin):
    set_mode(cast.acme, Mode.JIT)
    signs_in(erin)
    Membership.objects.for_org(cast.acme).filter(user=erin).update(role=role_of(cast.acme, "admin"))

    signs_in(erin)

    assert standing(erin, cast.acme).role.slug == "admin"


def test_manual_mode_adds_nobody(cast, signs_in, erin):
    assert signs_in(erin) == []
    assert standing(erin, cast.acme) is None


def test_organizations_of_other_parents_are_never_entered(cast, signs_in, erin):
    set_mode(cast.globex, Mode.JIT)

    assert signs_in(erin) == []
    assert standing(erin, cast.globex) is None


def test_r42_a_blocked_person_stays_out(cast, signs_in, erin, now):
    set_mode(cast.acme, Mode.JIT)
    Block.unscoped.create(organization=cast.acme, user=erin, blocked_by=cast.alice, reason="Left", created_at=now)

    assert signs_in(erin) == []
    assert standing(erin, cast.acme) is None


def test_a_block_in_one_organization_says_nothing_of_another(cast, signs_in, erin, now):
    set_mode(cast.acme, Mode.JIT)
    set_mode(cast.acme_console, Mode.JIT)
    Block.unscoped.create(organization=cast.acme, user=erin, reason="Left", created_at=now)

    assert [given.organization for given in signs_in(erin)] == [cast.acme_console]


def test_a_held_membership_stays_held(cast, signs_in, now):
    set_mode(cast.acme, Mode.JIT)
    Membership.objects.for_org(cast.acme).filter(user=cast.bob).update(state="held", held_at=now)

    [given] = signs_in(cast.bob)

    assert given.change == "held"
    assert standing(cast.bob, cast.acme).state == "held"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"connection": None}, id="not assigned to a connection"),
        pytest.param({"connection": None, "state": ClaimState.PENDING}, id="not verified"),
        pytest.param({"state": ClaimState.LAPSED, "lapsed_at": timezone.now()}, id="lapsed"),
        pytest.param({"is_shared": True}, id="shared"),
    ],
)
def test_only_an_assigned_verified_unshared_domain_makes_members(cast, signs_in, erin, fields):
    set_mode(cast.acme, Mode.JIT)
    if "is_shared" in fields:
        ShareableName.objects.create(name="acme.example", marked_by=cast.sam, marked_at=timezone.now(), reason="Asked")
    DomainClaim.objects.for_parent(cast.acme_group).update(**fields)

    assert signs_in(erin) == []
    assert standing(erin, cast.acme) is None


@pytest.mark.parametrize("domain", ["elsewhere.example", "sub.acme.example", "notacme.example"])
def test_an_address_outside_the_claimed_name_makes_no_member(cast, signs_in, domain):
    set_mode(cast.acme, Mode.JIT)

    assert signs_in(person(f"erin@{domain}")) == []


def test_a_domain_of_another_parent_makes_no_members(cast, signs_in):
    verified_domain(cast.globex_group, "globex.example", added_by=cast.charlie)
    set_mode(cast.acme, Mode.JIT)

    assert signs_in(person("gwen@globex.example")) == []


def test_a_retired_connection_makes_no_members(cast, okta, signs_in, erin, now):
    set_mode(cast.acme, Mode.JIT)
    okta.connection.retired_at = now
    okta.connection.save(update_fields=["retired_at"])

    assert signs_in(erin) == []


def test_the_product_signed_in_to_decides_and_without_one_all_are_entered(cast, signs_in, products):
    set_mode(cast.acme, Mode.JIT)
    set_mode(cast.acme_console, Mode.JIT)

    first = signs_in(person("erin@acme.example"), product=products["console"])
    second = signs_in(person("finn@acme.example"))

    assert [given.organization for given in first] == [cast.acme_console]
    assert {given.organization for given in second} == {cast.acme, cast.acme_console}


def test_a_returning_member_costs_two_queries(cast, signs_in, erin, django_assert_num_queries):
    set_mode(cast.acme, Mode.JIT)
    set_mode(cast.acme_console, Mode.JIT)
    signs_in(erin, groups=Groups("listed", ("a", "b")))

    with django_assert_num_queries(2):
        signs_in(erin, groups=Groups("listed", ("b", "a")))


def test_the_queries_dont_grow_with_organizations_and_members(cast, signs_in, erin, now, django_assert_num_queries):
    for number in range(5):
        more = organization(
            f"Acme {number}", plan=("console", "standard"), first_member=cast.alice, parent=cast.acme_group
        )
        set_mode(more, Mode.JIT)
        for name in ("kim", "lee", "max"):
            member = person(f"{name}{number}@acme.example")
            add_membership(more, user=member, role=role_of(more, "user"), source="manual", actor=SYSTEM, now=now)
    signs_in(erin)

    with django_assert_num_queries(2):
        assert len(signs_in(erin)) == 5


def test_somebody_added_by_hand_in_the_same_moment_keeps_what_the_manager_gave(cast, signs_in, erin, now, monkeypatch):
    set_mode(cast.acme, Mode.JIT)

    def add_after_the_manager(organization, **given):
        admin = role_of(organization, "admin")
        add_membership(organization, user=erin, role=admin, source="manual", actor=SYSTEM, now=now)
        return add_membership(organization, **given)

    monkeypatch.setattr(actions, "add_membership", add_after_the_manager)
    [given] = signs_in(erin)

    assert given.change == "stays"
    assert given.membership.role.slug == "admin"


def seen(user):
    return SeenClaims.unscoped.get(user=user)


def test_the_groups_a_sign_in_brought_are_remembered(cast, signs_in, erin, now):
    signs_in(erin, groups=Groups("listed", ("sales", "all")))
    assert (seen(erin).groups_state, seen(erin).groups, seen(erin).seen_at) == ("listed", ["all", "sales"], now)

    signs_in(erin, groups=Groups("too_many"), at=now + timedelta(minutes=1))
    assert (seen(erin).groups_state, seen(erin).groups) == ("too_many", [])
    assert seen(erin).seen_at == now + timedelta(minutes=1)


def test_the_same_groups_are_written_again_only_after_a_day(cast, signs_in, erin, now):
    signs_in(erin, groups=Groups("listed", ("all",)))

    signs_in(erin, groups=Groups("listed", ("all",)), at=now + timedelta(hours=23))
    assert seen(erin).seen_at == now

    signs_in(erin, groups=Groups("listed", ("all",)), at=now + timedelta(hours=25))
    assert seen(erin).seen_at == now + timedelta(hours=25)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(database.vendor != "postgresql", reason="SQLite lets one writer in at a time anyway")
def test_two_first_sign_ins_at_once_create_one_membership(cast, signs_in):
    set_mode(cast.acme, Mode.JIT)
    set_mode(cast.acme_console, Mode.JIT)
    erin = person("erin@acme.example")
    starting, results, failures = threading.Barrier(4), [], []

    def run():
        try:
            user = User.objects.get(id=erin.id)
            starting.wait(timeout=10)
            results.append(sorted(given.change for given in signs_in(user, groups=Groups("listed", ("all",)))))
        except Exception as error:  # whatever fails in a thread must fail the test
            failures.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert failures == []
    assert sorted(results) == [["joins", "joins"], *[["stays", "stays"]] * 3]
    assert Membership.unscoped.filter(user=erin).count() == 2
    assert AuditEvent.objects.filter(code="membership.added", target_label=erin.email).count() == 2


# What a test sign-in shows -------------------------------------------------------------------------------------------


def test_a_preview_says_what_each_organization_would_give_and_gives_nothing(cast, okta):
    set_mode(cast.acme, Mode.JIT)

    newcomer = preview_sign_in(okta.connection, user=None, email="erin@acme.example")
    member = preview_sign_in(okta.connection, user=cast.bob, email=cast.bob.email)

    assert newcomer == (
        "Acme (Assistant): becomes a member as User",
        "Acme Console (Console): no member, and a sign-in adds nobody in manual mode",
    )
    assert member[0] == "Acme (Assistant): stays User"
    assert not User.objects.filter(email="erin@acme.example").exists()
    assert Membership.objects.for_org(cast.acme).count() == 2


def test_a_preview_counts_a_verified_domain_as_assigned_because_a_test_comes_first(cast, okta):
    set_mode(cast.acme, Mode.JIT)
    DomainClaim.objects.for_parent(cast.acme_group).update(connection=None)

    assert "becomes a member" in preview_sign_in(okta.connection, user=None, email="erin@acme.example")[0]
    assert "doesn't join" in preview_sign_in(okta.connection, user=None, email="erin@elsewhere.example")[0]
