"""Memberships: the only ways any path adds, changes or ends one."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import User
from audit import actions as audit
from audit.actors import Actor
from audit.codes import Code
from orgs.errors import AlreadyMember, LastManager, RoleNotOfProduct
from orgs.models import Membership, Organization, Role, SeatTier


def add_membership(
    organization: Organization,
    *,
    user: User,
    role: Role,
    tier: SeatTier | None = None,
    source: str,
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Membership:
    """Make somebody a member; without a tier, the product's lowest. Raises AlreadyMember, RoleNotOfProduct."""
    if role.product_id != organization.product_id:
        raise RoleNotOfProduct
    tier = tier or SeatTier.objects.filter(product_id=organization.product_id).order_by("rank").first()
    try:
        with transaction.atomic():
            membership = Membership.unscoped.create(  # the row names its organization
                organization=organization,
                user=user,
                role=role,
                holds_sole_role=role.is_sole,
                tier=tier,
                source=source,
                reason=reason[:200],
                created_at=now,
            )
            audit.record(
                Code.MEMBERSHIP_ADDED,
                actor=actor,
                organization=organization,
                target=membership,
                target_label=user.email,
                after={"role": role.slug, "tier": tier.slug if tier else "", "source": source},
                details={"source": membership.get_source_display(), "reason": reason},
                now=now,
            )
    except IntegrityError as error:
        if Membership.objects.for_org(organization).filter(user=user).exists():
            raise AlreadyMember(person=user.email) from error
        raise
    return membership


def end_membership(membership: Membership, *, reason: str, actor: Actor, now: datetime) -> None:
    """End one membership, with its keys. Account and other organizations stay; nothing works there after the commit.

    Raises LastManager. Locks the organization, so that two managers can't end each other at once; its parent needn't be
    locked before, since nothing of the parent is read or written here.
    """
    with transaction.atomic():
        organization = Organization.objects.select_for_update().get(id=membership.organization_id)
        ensure_another_manager(membership, organization=organization)
        audit.record(
            Code.MEMBERSHIP_ENDED,
            actor=actor,
            organization=organization,
            target=membership,
            target_label=membership.user.email,
            before={"role": membership.role.slug, "source": membership.source, "state": membership.state},
            details={"reason": reason},
            now=now,
        )
        Membership.objects.for_org(organization).filter(id=membership.id).delete()


def ensure_another_manager(membership: Membership, *, organization: Organization) -> None:
    """Raise LastManager if nobody but this member manages identity in the (locked) organization."""
    if not membership.role.manages_identity:
        return
    # Of one organization, as the filter says.
    managing = Membership.unscoped.managing_identity().filter(organization=organization)
    if not managing.exclude(id=membership.id).exists():
        raise LastManager(person=membership.user.email)
