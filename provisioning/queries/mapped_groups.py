"""Who would fall out of an organization whose roles are given by groups (spec 7): for plans about signing in."""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import OuterRef, Subquery

from orgs.models import Membership, Organization
from provisioning.engine import Groups, NotDesired, OrganizationFacts, PersonFacts, Reach, Role, desire
from provisioning.models import GroupMapping, Mode, SeenClaims


def people_in_no_mapped_group(parent_id: UUID, *, product_id: int) -> dict[Organization, frozenset[UUID]]:
    """Ids of members whom the groups of their last sign-in would give no role any more, by the organization where.

    Asked of the engine, for each organization of the product in which sign-ins and groups decide; unknown groups harm
    nobody (spec 7.8). Two queries for each such organization, however many members it has.
    """
    organizations = Organization.objects.filter(
        parent_id=parent_id, product_id=product_id, provisioning__mode=Mode.JIT, provisioning__uses_mappings=True
    )
    found = {organization: frozenset(_falling_out(organization)) for organization in organizations.order_by("name")}
    return {organization: people for organization, people in found.items() if people}


def _falling_out(organization: Organization) -> Iterator[UUID]:
    facts = OrganizationFacts(
        organization_id=organization.id,
        mode=Mode.JIT,
        uses_mappings=True,
        has_live_connection=True,
        group_roles=_roles_by_group(organization),
    )
    seen = SeenClaims.objects.for_parent(organization.parent_id).filter(user=OuterRef("user")).order_by("-seen_at")
    members = (
        Membership.objects.for_org(organization)
        .letting_in()  # type: ignore[attr-defined]  # the scope's rows are of the richer queryset
        .filter(holds_sole_role=False)  # no group changes it (spec 3.4)
        .annotate(groups_state=Subquery(seen.values("groups_state")[:1]), groups=Subquery(seen.values("groups")[:1]))
        .values_list("user_id", "groups_state", "groups")
    )
    for user_id, state, names in members.iterator():
        if state != "listed":
            continue
        groups = Groups(state="listed", names=frozenset(names))
        person = PersonFacts(person_id=user_id, reach=Reach.ASSIGNED, signs_in=True, groups=groups)
        if isinstance(desire(person, organization=facts), NotDesired):
            yield user_id


def _roles_by_group(organization: Organization) -> dict[str, Role]:
    mappings = GroupMapping.objects.for_org(organization).filter(role__isnull=False).select_related("role")
    ascending = mappings.order_by("role__rank")  # of two roles for one group the higher one stays
    return {
        mapping.group: Role(
            mapping.role.slug,
            mapping.role.name,
            mapping.role.rank,
            mapping.role.manages_identity,
            mapping.role.is_sole,
        )
        for mapping in ascending
    }
