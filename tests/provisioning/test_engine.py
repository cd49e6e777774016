"""The rules of spec section 7 as tables, and what must hold for any facts."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgs.models.members import MembershipState, Source
from provisioning import engine
from provisioning.engine import (
    Change,
    End,
    Groups,
    Hold,
    Join,
    Keep,
    MembershipFacts,
    OrganizationFacts,
    PersonFacts,
    Reach,
    Role,
    Tier,
    difference,
)
from provisioning.models import Mode

USER = Role("user", "User", 0)
ADMIN = Role("admin", "Admin", 1)
OWNER = Role("owner", "Owner", 2, manages_identity=True)
PRIMARY = Role("primary_owner", "Primary owner", 3, manages_identity=True, is_sole=True)
STANDARD, PREMIUM = Tier("standard", "Standard", 0), Tier("premium", "Premium", 1)
ROLES = {"group-user": USER, "group-admin": ADMIN, "group-owner": OWNER, "group-primary": PRIMARY}
TIERS = {"seat-premium": PREMIUM, "seat-standard": STANDARD}


def organization(mode, *, mappings=False, live=True):
    return OrganizationFacts(
        organization_id=uuid4(),
        mode=mode,
        uses_mappings=mappings,
        has_live_connection=live,
        group_roles=ROLES if mappings else {},
        group_tiers=TIERS if mappings else {},
        lowest_tier=STANDARD,
    )


def member(role=USER, *, tier=STANDARD, state=MembershipState.ACTIVE, last_manager=False):
    return MembershipFacts(role, tier, Source.MANUAL, state, is_last_manager=last_manager)


def person(reach=Reach.ASSIGNED, **facts):
    return PersonFacts(person_id=uuid4(), reach=reach, **facts)


def listed(*names):
    return Groups(state="listed", names=frozenset(names))


def only_step(one, facts):
    steps = difference([one], organization=facts)
    assert len(steps) <= 1
    return steps[0] if steps else None


MANUAL, JIT, SCIM = organization(Mode.MANUAL), organization(Mode.JIT), organization(Mode.SCIM)
JIT_MAPPED, SCIM_MAPPED = organization(Mode.JIT, mappings=True), organization(Mode.SCIM, mappings=True)


@pytest.mark.parametrize(
    ("case", "facts", "one", "expected"),
    [
        ("manual adds nobody", MANUAL, person(signs_in=True, in_directory=True), None),
        ("manual removes nobody", MANUAL, person(in_directory=False, membership=member()), Keep),
        ("JIT adds who signs in", JIT, person(signs_in=True), Join),
        ("JIT adds nobody who doesn't", JIT, person(), None),
        ("JIT adds nobody blocked", JIT, person(signs_in=True, is_blocked=True), None),
        ("JIT adds nobody outside", JIT, person(Reach.OUTSIDE, signs_in=True), None),
        ("JIT adds nobody of a lapsed domain", JIT, person(Reach.LAPSED, signs_in=True), None),
        ("JIT keeps members of a lapsed domain", JIT, person(Reach.LAPSED, signs_in=True, membership=member()), Keep),
        ("JIT adds nobody of a shared domain", JIT, person(Reach.SHARED, signs_in=True), None),
        ("JIT needs a live connection", organization(Mode.JIT, live=False), person(signs_in=True), None),
        ("JIT leaves a role as it was set", JIT, person(signs_in=True, membership=member(ADMIN)), Keep),
        ("JIT leaves a held membership held", JIT, person(signs_in=True, membership=member(state="held")), Keep),
        ("mapped JIT adds by group", JIT_MAPPED, person(signs_in=True, groups=listed("group-user")), Join),
        ("a seat group alone gives nothing", JIT_MAPPED, person(signs_in=True, groups=listed("seat-premium")), None),
        (
            "nobody becomes primary owner by a group",
            JIT_MAPPED,
            person(signs_in=True, groups=listed("group-primary")),
            None,
        ),
        ("unknown groups add nobody", JIT_MAPPED, person(signs_in=True), None),
        ("unknown groups keep a member", JIT_MAPPED, person(signs_in=True, membership=member()), Keep),
        ("no mapped group ends", JIT_MAPPED, person(signs_in=True, groups=listed(), membership=member()), End),
        (
            "a missing list holds",
            JIT_MAPPED,
            person(signs_in=True, groups=Groups(state="missing"), membership=member()),
            Hold,
        ),
        ("mapped JIT decides at the sign-in only", JIT_MAPPED, person(groups=listed(), membership=member()), Keep),
        (
            "another group changes the role",
            JIT_MAPPED,
            person(signs_in=True, groups=listed("group-admin"), membership=member()),
            Change,
        ),
        (
            "the same group changes nothing",
            JIT_MAPPED,
            person(signs_in=True, groups=listed("group-admin"), membership=member(ADMIN)),
            Keep,
        ),
        (
            "groups don't demote the last manager",
            JIT_MAPPED,
            person(signs_in=True, groups=listed("group-user"), membership=member(OWNER, last_manager=True)),
            Keep,
        ),
        (
            "groups don't remove the last manager",
            JIT_MAPPED,
            person(signs_in=True, groups=listed(), membership=member(OWNER, last_manager=True)),
            Keep,
        ),
        ("SCIM adds the active", SCIM, person(in_directory=True), Join),
        ("SCIM adds nobody by sign-in", SCIM, person(signs_in=True), None),
        ("SCIM removes the deactivated", SCIM, person(in_directory=False, membership=member()), End),
        ("SCIM removes the unnamed", SCIM, person(membership=member()), End),
        ("SCIM leaves outsiders", SCIM, person(Reach.OUTSIDE, in_directory=False, membership=member()), Keep),
        ("SCIM leaves shared domains", SCIM, person(Reach.SHARED, membership=member()), Keep),
        ("SCIM removes the blocked", SCIM, person(in_directory=True, is_blocked=True, membership=member()), End),
        (
            "SCIM holds the last manager",
            SCIM,
            person(in_directory=False, membership=member(OWNER, last_manager=True)),
            Hold,
        ),
        ("SCIM leaves the primary owner", SCIM, person(in_directory=False, membership=member(PRIMARY)), Keep),
        ("mapped SCIM needs a group", SCIM_MAPPED, person(in_directory=True, groups=listed()), None),
        ("mapped SCIM adds by group", SCIM_MAPPED, person(in_directory=True, groups=listed("group-owner")), Join),
        (
            "mapped SCIM removes who left the groups",
            SCIM_MAPPED,
            person(in_directory=True, groups=listed(), membership=member()),
            End,
        ),
    ],
)
def test_each_mode_does_what_its_row_says(case, facts, one, expected):
    step = only_step(one, facts)

    assert (type(step) if step else None) is expected, case
    assert step is None or step.reason, case


def test_a_jit_newcomer_starts_with_the_lowest_role():
    assert only_step(person(signs_in=True), JIT).role is None
    assert only_step(person(signs_in=True), JIT).source == Source.JIT


def test_the_highest_role_and_tier_of_several_groups_win():
    groups = listed("group-user", "group-owner", "group-admin", "seat-standard", "seat-premium", "lunch")
    step = only_step(person(signs_in=True, groups=groups), JIT_MAPPED)

    assert (step.role, step.tier) == (OWNER, PREMIUM)
    assert step.reason == "In the group group-owner"


def test_without_a_seat_group_the_lowest_tier_is_given():
    assert only_step(person(signs_in=True, groups=listed("group-user")), JIT_MAPPED).tier == STANDARD


# Any facts -----------------------------------------------------------------------------------------------------------

organizations = st.sampled_from([MANUAL, JIT, SCIM, JIT_MAPPED, SCIM_MAPPED, organization(Mode.JIT, live=False)])
memberships = st.none() | st.builds(
    MembershipFacts,
    role=st.sampled_from([USER, ADMIN, OWNER, PRIMARY]),
    tier=st.sampled_from([STANDARD, PREMIUM]),
    source=st.sampled_from(Source),
    state=st.sampled_from(MembershipState),
    is_last_manager=st.booleans(),
)
groups = st.builds(
    Groups,
    state=st.sampled_from(["listed", "missing", "unknown"]),
    names=st.frozensets(st.sampled_from([*ROLES, *TIERS, "lunch"])),
)
people = st.lists(
    st.builds(
        PersonFacts,
        person_id=st.uuids(),
        reach=st.sampled_from(Reach),
        is_blocked=st.booleans(),
        membership=memberships,
        signs_in=st.booleans(),
        in_directory=st.none() | st.booleans(),
        groups=groups,
    ),
    max_size=6,
    unique_by=lambda one: one.person_id,
)


def carry_out(steps, persons):
    """The same people after the steps: what actions do to rows, done to facts."""
    by_person = {step.person_id: step for step in steps}
    return [_after(one, by_person.get(one.person_id)) for one in persons]


def _after(one, step):
    match step:
        case Join():
            joined = MembershipFacts(step.role or USER, step.tier or STANDARD, step.source, MembershipState.ACTIVE)
            return replace(one, membership=joined)
        case Change():
            return replace(one, membership=replace(one.membership, role=step.role, tier=step.tier))
        case Hold():
            return replace(one, membership=replace(one.membership, state=MembershipState.HELD))
        case End():
            return replace(one, membership=None)
    return one


@given(people, organizations)
def test_doing_it_twice_changes_nothing_more(persons, facts):
    once = carry_out(difference(persons, organization=facts), persons)

    assert all(isinstance(step, Keep) for step in difference(once, organization=facts))


@given(people, organizations)
def test_every_member_gets_exactly_one_step_with_a_reason(persons, facts):
    steps = difference(persons, organization=facts)

    named = [step.person_id for step in steps]
    assert len(named) == len(set(named))
    assert {one.person_id for one in persons if one.membership} <= set(named)
    assert all(step.reason for step in steps)


@given(people, organizations)
def test_a_blocked_person_is_never_desired(persons, facts):
    for one in persons:
        if one.is_blocked:
            assert not isinstance(engine.desire(one, organization=facts), engine.Desired)


@given(people, organizations)
def test_outsiders_and_shared_domains_are_untouched(persons, facts):
    outside = {one.person_id for one in persons if one.reach in {Reach.OUTSIDE, Reach.SHARED}}

    assert all(isinstance(s, Keep) for s in difference(persons, organization=facts) if s.person_id in outside)


@given(people, organizations)
def test_r42_the_primary_owner_is_untouched_and_never_made(persons, facts):
    holders = {one.person_id for one in persons if one.membership and one.membership.role.is_sole}

    for step in difference(persons, organization=facts):
        assert not getattr(step, "role", None) or not step.role.is_sole
        assert isinstance(step, Keep) or step.person_id not in holders


@given(people, organizations)
def test_r42_the_last_manager_is_never_ended_or_demoted(persons, facts):
    last: set[UUID] = {one.person_id for one in persons if one.membership and one.membership.is_last_manager}

    for step in difference(persons, organization=facts):
        if step.person_id in last:
            assert isinstance(step, Keep | Hold) or (isinstance(step, Change) and step.role.manages_identity)


@given(people, st.sampled_from([MANUAL, JIT, organization(Mode.JIT, live=False)]))
def test_manual_and_jit_without_mappings_take_nothing_away(persons, facts):
    assert all(isinstance(step, Keep | Join) for step in difference(persons, organization=facts))
