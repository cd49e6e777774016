"""Who should be a member, with which role, and why (spec 7.5). Pure: facts in, a difference out.

    facts -> desire() -> Desired | NotDesired | LeftAlone -> difference() -> Join | Change | End | Hold | Keep

Sign-in, preview and directory sync all ask here; none has rules of its own. What a sign-in or a directory said is in
the facts; what can't be known is left alone, so the engine never takes away because of silence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal
from uuid import UUID

from orgs.models.members import MembershipState, Source
from provisioning.models import Mode


class Reach(StrEnum):
    """How a person's address stands to the domains of the parent. Only `assigned` makes new memberships (spec 4)."""

    ASSIGNED = "assigned"  # verified, unshared, assigned to a connection or directory
    LAPSED = "lapsed"  # the same, but its record is gone: works on for those already in
    SHARED = "shared"  # several parents proved it: no automatic membership for any of them
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Role:
    """A role of the organization's product; `rank` ascends with power."""

    slug: str
    name: str
    rank: int
    manages_identity: bool = False
    is_sole: bool = False


@dataclass(frozen=True)
class Tier:
    slug: str
    name: str
    rank: int


@dataclass(frozen=True)
class Groups:
    """What is known of a person's groups now. `unknown` (too many, or a missing list that proves nothing) decides
    nothing; `missing` means that the list was left out and stands for none (spec 7.8)."""

    state: Literal["listed", "missing", "unknown"]
    names: frozenset[str] = frozenset()


NO_KNOWLEDGE = Groups(state="unknown")


@dataclass(frozen=True)
class OrganizationFacts:
    """One organization. The maps, for mappings alone, say which group gives which role or tier."""

    organization_id: UUID
    mode: Mode
    uses_mappings: bool
    has_live_connection: bool
    group_roles: Mapping[str, Role] = field(default_factory=dict)
    group_tiers: Mapping[str, Tier] = field(default_factory=dict)
    lowest_tier: Tier | None = None


@dataclass(frozen=True)
class MembershipFacts:
    role: Role
    tier: Tier | None
    source: Source
    state: MembershipState
    is_last_manager: bool = False


@dataclass(frozen=True)
class PersonFacts:
    """One person. `signs_in`: a sign-in through a connection of the parent is being judged. `in_directory`: whether the
    directory has the person as active; None where it never named them."""

    person_id: UUID
    reach: Reach
    is_blocked: bool = False
    membership: MembershipFacts | None = None
    signs_in: bool = False
    in_directory: bool | None = None
    groups: Groups = NO_KNOWLEDGE


# Desired -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Desired:
    """A membership that should be. A role stands here if groups govern role and tier; without one a new member begins
    with the lowest of the product, and from then on they are changed by hand."""

    source: Source
    reason: str
    role: Role | None = None
    tier: Tier | None = None


@dataclass(frozen=True)
class NotDesired:
    """No membership should be. `hold`: what there is rests on too little to be ended, so it is held."""

    reason: str
    hold: bool = False


@dataclass(frozen=True)
class LeftAlone:
    """The engine has no say: whatever is, stays; what isn't, doesn't come to be."""

    reason: str


Verdict = Desired | NotDesired | LeftAlone


def desire(person: PersonFacts, *, organization: OrganizationFacts) -> Verdict:
    """What should be for one person in one organization, with its reason in words for managers."""
    if organization.mode == Mode.MANUAL:
        return LeftAlone("Managed by hand")
    if person.reach == Reach.OUTSIDE:
        return LeftAlone("Outside your domains, managed by hand")
    if person.reach == Reach.SHARED:
        return LeftAlone("In a domain shared with another company, managed by hand")
    if person.membership and person.membership.role.is_sole:
        return LeftAlone(f"{person.membership.role.name}: changed only by hand")
    if organization.mode == Mode.JIT:
        return _desire_at_sign_in(person, organization=organization)
    return _desire_from_directory(person, organization=organization)


def _desire_at_sign_in(person: PersonFacts, *, organization: OrganizationFacts) -> Verdict:
    if person.is_blocked:
        # Without mappings a sign-in takes nothing away: only a manager ends what a blocked person may still have.
        return NotDesired("Blocked by a manager") if organization.uses_mappings else LeftAlone("Blocked by a manager")
    if not organization.has_live_connection:
        return LeftAlone("No connection is live")
    if not person.signs_in:
        return LeftAlone("Decided at the next sign-in" if organization.uses_mappings else "Changed and removed by hand")
    if person.reach == Reach.LAPSED and person.membership is None:
        return LeftAlone("In a domain whose record is gone, which makes no new members")
    if organization.uses_mappings:
        return _desire_by_groups(person, organization=organization, source=Source.JIT)
    return Desired(source=Source.JIT, reason="Signs in through your identity provider")


def _desire_from_directory(person: PersonFacts, *, organization: OrganizationFacts) -> Verdict:
    if person.is_blocked:
        return NotDesired("Blocked by a manager")
    if not person.in_directory:
        return NotDesired("Deactivated in the directory" if person.in_directory is False else "Not in the directory")
    if person.reach == Reach.LAPSED and person.membership is None:
        return LeftAlone("In a domain whose record is gone, which makes no new members")
    if organization.uses_mappings:
        return _desire_by_groups(person, organization=organization, source=Source.SCIM)
    return Desired(source=Source.SCIM, reason="Active in the directory")


def _desire_by_groups(person: PersonFacts, *, organization: OrganizationFacts, source: Source) -> Verdict:
    """The highest role of the mapped groups; without a role group no membership, whatever seat groups say (spec 7.1).

    A sole role is never given by a group.
    """
    groups = person.groups
    if groups.state == "unknown":
        return LeftAlone("The groups are not known, so nothing changes")
    roles = {name: role for name, role in organization.group_roles.items() if name in groups.names and not role.is_sole}
    if groups.state == "missing" or not roles:
        reason = "The list of groups is missing" if groups.state == "missing" else "In no mapped role group"
        return NotDesired(reason, hold=groups.state == "missing")
    # Of two groups with the same role the first by name is the reason, so that the reason doesn't change by itself.
    group, role = max(sorted(roles.items()), key=lambda given: given[1].rank)
    tiers = [tier for name, tier in organization.group_tiers.items() if name in groups.names]
    return Desired(
        source=source,
        reason=f"In the group {group}",
        role=role,
        tier=max(tiers, key=lambda tier: tier.rank) if tiers else organization.lowest_tier,
    )


# Difference ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Join:
    """`role` and `tier` as in Desired: None means the lowest of the product."""

    person_id: UUID
    source: Source
    reason: str
    role: Role | None = None
    tier: Tier | None = None


@dataclass(frozen=True)
class Change:
    person_id: UUID
    role: Role
    tier: Tier | None
    reason: str


@dataclass(frozen=True)
class End:
    person_id: UUID
    reason: str


@dataclass(frozen=True)
class Hold:
    person_id: UUID
    reason: str


@dataclass(frozen=True)
class Keep:
    """Nothing to do. `flag`: what stays although the facts say otherwise, for managers to look at (spec 3.4)."""

    person_id: UUID
    reason: str
    flag: bool = False


Step = Join | Change | End | Hold | Keep


def difference(people: Iterable[PersonFacts], *, organization: OrganizationFacts) -> list[Step]:
    """What is to be done so that what should be, is. People who are no members and shouldn't be give no step."""
    steps = (_step(person, desire(person, organization=organization), organization=organization) for person in people)
    return [step for step in steps if step is not None]


def _step(person: PersonFacts, verdict: Verdict, *, organization: OrganizationFacts) -> Step | None:
    membership = person.membership
    if membership is None:
        if not isinstance(verdict, Desired):
            return None
        return Join(person.person_id, verdict.source, verdict.reason, verdict.role, verdict.tier)
    if membership.state == MembershipState.HELD:
        # Whoever or whatever held it decides what becomes of it; a sign-in or a sync alone doesn't.
        return Keep(person.person_id, "On hold")
    if isinstance(verdict, NotDesired):
        return _step_out(person, verdict, membership=membership, organization=organization)
    if isinstance(verdict, Desired) and verdict.role:
        return _step_to_role(person, verdict.role, verdict.tier, reason=verdict.reason, membership=membership)
    return Keep(person.person_id, verdict.reason)


def _step_to_role(
    person: PersonFacts, role: Role, tier: Tier | None, *, reason: str, membership: MembershipFacts
) -> Step:
    """A member whose role the groups govern. The last identity manager isn't demoted by them (spec 3.4)."""
    if (role, tier) == (membership.role, membership.tier):
        return Keep(person.person_id, reason)
    if membership.is_last_manager and not role.manages_identity:
        return Keep(person.person_id, f"{reason}, but the last identity manager here", flag=True)
    return Change(person.person_id, role, tier, reason)


def _step_out(
    person: PersonFacts, verdict: NotDesired, *, membership: MembershipFacts, organization: OrganizationFacts
) -> Step:
    """The way out. The last identity manager keeps the way in if merely groups changed; somebody whom the directory
    itself has let go may have been dismissed, so that membership is held (spec 3.4)."""
    if membership.is_last_manager:
        if organization.mode == Mode.SCIM and not person.in_directory:
            return Hold(person.person_id, f"{verdict.reason}; the last identity manager here")
        return Keep(person.person_id, f"{verdict.reason}, but the last identity manager here", flag=True)
    if verdict.hold:
        return Hold(person.person_id, verdict.reason)
    return End(person.person_id, verdict.reason)
