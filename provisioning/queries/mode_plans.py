"""The plan of changing an organization's provisioning mode: who joins, stays or goes, what blocks it (spec 7.3)."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from accounts.models import User
from audit.actors import Actor
from domains.models import DomainClaim
from identity_platform.plans import Blocker, Change, Effect, Plan
from orgs.models import Block, Invitation, Membership, Organization
from orgs.queries import lowest_role
from provisioning import engine
from provisioning.engine import OrganizationFacts, PersonFacts, Reach, Step
from provisioning.models import Mode, ProvisioningSettings
from provisioning.queries.facts import assigned, live_connections_of, membership_facts, settings_of, with_reach

KIND_OF_MODE_CHANGE = "provisioning.mode"

_CHANGES: dict[type[Step], Change] = {
    engine.Join: "joins",
    engine.Change: "changes",
    engine.End: "removed",
    engine.Hold: "held",
    engine.Keep: "stays",
}


def plan_mode_change(
    organization: Organization, *, to: Mode, uses_mappings: bool = False, actor: Actor, now: datetime
) -> Plan:
    """What switching to another mode would do. Changes nothing.

    Effects name every member, and whoever has an account in the assigned domains and would join at the next sign-in.
    The fingerprint holds the present mode, the live connections and the assigned domains.
    """
    present = settings_of(organization)
    connections = live_connections_of(organization.parent_id)
    served = assigned(DomainClaim.objects.for_parent(organization.parent_id), mode=Mode.JIT)
    claims = list(with_reach(served).order_by("name").values_list("name", "reach", "connection_id"))
    reaches = {name: Reach(reach) for name, reach, _ in claims}
    blockers = tuple(_blockers(organization, present=present, to=to, uses_mappings=uses_mappings))
    facts = OrganizationFacts(
        organization_id=organization.id,
        mode=to,
        uses_mappings=uses_mappings,
        has_live_connection=bool(connections),
    )
    return Plan(
        kind=KIND_OF_MODE_CHANGE,
        subject=organization.id.hex,
        change={"mode": to.value, "uses_mappings": uses_mappings},
        facts={
            "mode": present.mode,
            "uses_mappings": present.uses_mappings,
            "connections": sorted(connection_id.hex for connection_id, _ in connections),
            "domains": {name: [reach, connection_id.hex] for name, reach, connection_id in claims},
        },
        # What is missing is what the mode would go by, so there is nothing to foretell yet.
        effects=() if blockers else tuple(_effects(organization, facts=facts, reaches=reaches)),
        blockers=blockers,
        notes=() if blockers else tuple(_notes(organization, to=to, reaches=reaches)),
    )


def what_mode_lacks(organization: Organization, *, mode: Mode) -> Blocker | None:
    """What is missing before a mode can be chosen (spec 7); None if it can."""
    if mode == Mode.JIT and not live_connections_of(organization.parent_id):
        return Blocker(
            "connection_missing",
            "Needs a live connection: nobody could sign in through one yet.",
            "Finish Set up SSO and go live first.",
        )
    if mode == Mode.SCIM:
        return Blocker(
            "directory_missing",
            "Needs a directory that has sent something: none is connected.",
            "Directory sync can't be set up in this version yet.",
        )
    return None


def _blockers(
    organization: Organization, *, present: ProvisioningSettings, to: Mode, uses_mappings: bool
) -> Iterator[Blocker]:
    if (present.mode, present.uses_mappings) == (to, uses_mappings):
        yield Blocker("mode_unchanged", "This is the mode already.", "Choose another one.")
    if missing := what_mode_lacks(organization, mode=to):
        yield missing
    if uses_mappings:
        yield Blocker(
            "mappings_missing",
            "Group mappings can't be turned on: no group that manages identity has been seen.",
            "Choose the mode without mappings.",
        )


def _effects(organization: Organization, *, facts: OrganizationFacts, reaches: dict[str, Reach]) -> Iterator[Effect]:
    """Whoever changes first, then whoever stays; both by address."""
    people = [*_members(organization, reaches=reaches), *_newcomers(organization, facts=facts, reaches=reaches)]
    users = {user.id: user for user, _ in people}
    before = {person.person_id: person.membership.role.name for _, person in people if person.membership}
    first_role = lowest_role(organization).name
    steps = engine.difference((person for _, person in people), organization=facts)
    for step in sorted(steps, key=lambda step: (isinstance(step, engine.Keep), users[step.person_id].email)):
        user, role = users[step.person_id], before.get(step.person_id, "")
        yield Effect(
            person_id=user.id.hex,
            name=user.name,
            email=user.email,
            change=_CHANGES[type(step)],
            reason=_reason(step),
            role_before=role,
            role_after=_role_after(step, role=role, first_role=first_role),
        )


def _members(organization: Organization, *, reaches: dict[str, Reach]) -> Iterator[tuple[User, PersonFacts]]:
    blocked = Block.objects.for_org(organization).filter(user=OuterRef("user"))
    members: Iterable[Any] = (
        Membership.objects.for_org(organization)
        .select_related("user", "role", "tier")
        .annotate(is_blocked=Exists(blocked))
        .iterator(chunk_size=2000)
    )
    for member in members:
        yield (
            member.user,
            PersonFacts(
                person_id=member.user.id,
                reach=reaches.get(member.user.email_domain, Reach.OUTSIDE),
                is_blocked=member.is_blocked,
                membership=membership_facts(member),
            ),
        )


def _newcomers(
    organization: Organization, *, facts: OrganizationFacts, reaches: dict[str, Reach]
) -> Iterator[tuple[User, PersonFacts]]:
    """Accounts in the assigned domains without a membership here, as if each signed in now."""
    if facts.mode != Mode.JIT or not reaches:
        return
    member = Membership.objects.for_org(organization).filter(user=OuterRef("pk"))
    blocked = Block.objects.for_org(organization).filter(user=OuterRef("pk"))
    accounts: Iterable[Any] = (
        User.objects.filter(email_domain__in=reaches, erased_at__isnull=True)
        .filter(~Exists(member))
        .annotate(is_blocked=Exists(blocked))
        .iterator(chunk_size=2000)
    )
    for user in accounts:
        yield (
            user,
            PersonFacts(person_id=user.id, reach=reaches[user.email_domain], is_blocked=user.is_blocked, signs_in=True),
        )


def _reason(step: Step) -> str:
    return "Joins at the next sign-in through your connection" if isinstance(step, engine.Join) else step.reason


def _role_after(step: Step, *, role: str, first_role: str) -> str:
    match step:
        case engine.Join():
            return step.role.name if step.role else first_role
        case engine.Change():
            return step.role.name
        case engine.End() | engine.Hold():
            return ""
        case _:
            return role


def _notes(organization: Organization, *, to: Mode, reaches: dict[str, Reach]) -> Iterator[str]:
    if to != Mode.JIT:
        return
    names = [name for name, reach in reaches.items() if reach == Reach.ASSIGNED]
    if not names:
        yield "No verified domain of your own is assigned to a connection yet, so nobody would join."
        return
    first_role = lowest_role(organization).name
    yield f"Whoever signs in with an address at {_join(names)} becomes a member as {first_role}."
    if others := list(_entered_too(organization).values_list("name", "product__name")):
        listed = _join([f"{name} ({product})" for name, product in others])
        yield (
            f"The same people also enter {listed}. With group mappings each organization takes only the people of its "
            "own groups, which is what we recommend for several organizations."
        )
    invitations = Invitation.objects.for_org(organization).filter(accepted_at__isnull=True, withdrawn_at__isnull=True)
    inside = sum(email.rpartition("@")[2] in names for email in invitations.values_list("email", flat=True))
    if inside:
        waiting = "1 open invitation" if inside == 1 else f"{inside} open invitations"
        yield f"{waiting} to an address in your domains can still be accepted; new ones go only to other addresses."


def _entered_too(organization: Organization) -> Any:
    """Other organizations under the parent that let in the same people without looking at groups (spec 7.6)."""
    return (
        Organization.objects.filter(
            parent_id=organization.parent_id, provisioning__mode=Mode.JIT, provisioning__uses_mappings=False
        )
        .exclude(id=organization.id)
        .order_by("name")
    )


def _join(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
