"""What is stored about modes, connections and domains, as the engine and the guards need it."""

from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, QuerySet, Value, When

from accounts.addresses import domain_of
from domains.models import HOLDING, ClaimState, DomainClaim
from orgs.models import Membership, Organization, ParentOrganization
from orgs.models.members import MembershipState, Source
from provisioning.engine import MembershipFacts, Reach, Role, Tier
from provisioning.models import Mode, ProvisioningSettings


def settings_of(organization: Organization) -> ProvisioningSettings:
    """The organization's mode; an unsaved row saying manual if it never chose."""
    row: ProvisioningSettings | None = ProvisioningSettings.objects.for_org(organization).first()
    return row or ProvisioningSettings(organization=organization, mode=Mode.MANUAL)


def organizations_in_mode(parent_id: UUID, *, mode: Mode) -> QuerySet[Organization]:
    """The parent's organizations in this mode, with mappings or without, by id: the order in which they are locked."""
    return Organization.objects.filter(parent=parent_id, provisioning__mode=mode).order_by("id")


def live_connections_of(parent_id: UUID | None) -> list[tuple[UUID, str]]:
    """(id, name) of the parent's connections in use that have a live revision; none without a parent."""
    if parent_id is None:
        return []
    # Read through the parent's relations: connections belong to a higher app.
    return list(
        ParentOrganization.objects.filter(
            id=parent_id, connections__retired_at__isnull=True, connections__revisions__state="live"
        )
        .order_by("connections__name", "connections__id")
        .values_list("connections__id", "connections__name")
    )


def reach_of(email: str, *, parent_id: UUID | None, mode: Mode) -> Reach:
    """How an address stands to the parent's domains: those assigned to a connection, for SCIM to the directory."""
    claims = with_reach(assigned(DomainClaim.objects.for_parent(parent_id), mode=mode))
    return Reach(claims.filter(name=domain_of(email)).values_list("reach", flat=True).first() or Reach.OUTSIDE)


def assigned(claims: QuerySet[DomainClaim], *, mode: Mode) -> QuerySet[DomainClaim]:
    """Those that a connection in use serves, for SCIM those that the directory governs; shared and lapsed ones too."""
    claims = claims.filter(state__in=HOLDING)
    if mode == Mode.SCIM:
        return claims.filter(directory__isnull=False, directory__retired_at__isnull=True)
    return claims.filter(connection__isnull=False, connection__retired_at__isnull=True)


def with_reach(claims: QuerySet[DomainClaim]) -> Any:
    """The claims, each with `reach`: what it means for people with an address there (a value of Reach)."""
    return claims.annotate(
        reach=Case(
            When(is_shared=True, then=Value(Reach.SHARED.value)),
            When(state=ClaimState.LAPSED, then=Value(Reach.LAPSED.value)),
            default=Value(Reach.ASSIGNED.value),
            output_field=CharField(),
        )
    )


def membership_facts(membership: Membership) -> MembershipFacts:
    """A membership whose role and tier are loaded."""
    role, tier = membership.role, membership.tier
    return MembershipFacts(
        role=Role(role.slug, role.name, role.rank, role.manages_identity, role.is_sole),
        tier=Tier(tier.slug, tier.name, tier.rank) if tier else None,
        source=Source(membership.source),
        state=MembershipState(membership.state),
    )
