"""What changes memberships by rule: switching the mode, and a sign-in through a connection."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import User
from audit import actions as audit
from audit import mail
from audit.actors import Actor
from audit.codes import Code
from identity_platform.models import StoredPlan
from identity_platform.plans import ensure_unchanged, lock_plan, mark_applied
from identity_platform.prepared import prepared
from orgs.actions.memberships import add_membership
from orgs.errors import AlreadyMember
from orgs.models import Membership, Organization, ParentOrganization, Product
from orgs.models.members import MembershipState
from orgs.queries import lowest_role, managers_of
from provisioning import engine
from provisioning.models import Mode, ProvisioningSettings, SeenClaims
from provisioning.queries import (
    KIND_OF_MODE_CHANGE,
    ConnectionOfParent,
    GroupsSent,
    Judged,
    judge_sign_in,
    organizations_in_mode,
    plan_mode_change,
    settings_of,
)

# What a sign-in carried is written again when it differs, and else this often: "seen" is shown in days.
SEEN_EVERY = timedelta(days=1)


class Revision(Protocol):
    """A revision of a connection; its table belongs to a higher app."""

    id: Any


@dataclass(frozen=True)
class Provisioned:
    """What a sign-in did in one organization. `membership` is the one there is now."""

    organization: Organization
    membership: Membership
    change: Literal["joins", "stays", "held"]
    reason: str


def switch_mode(
    organization: Organization, *, to: Mode, stored_plan: StoredPlan, actor: Actor, now: datetime
) -> ProvisioningSettings:
    """Change the mode as `stored_plan` showed it. The caller has asked for a recent sign-in.

    No mode ends a membership by itself; the managers of the organization are mailed. Raises PlanExpired, PlanChanged
    (with the plan of now), PlanBlocked.
    """
    with transaction.atomic():
        if organization.parent_id:
            ParentOrganization.objects.select_for_update().get(id=organization.parent_id)
        organization = Organization.objects.select_for_update(of=("self",)).get(id=organization.id)
        stored = lock_plan(stored_plan, kind=KIND_OF_MODE_CHANGE, actor_id=actor.user_id)
        plan = plan_mode_change(organization, to=to, actor=actor, now=now)
        ensure_unchanged(stored, plan, now=now)
        present = _set_mode(organization, to=to, actor=actor, now=now)
        mark_applied(stored, now=now)
    return present


def leave_just_in_time(parent_id: UUID, *, actor: Actor, now: datetime) -> list[Organization]:
    """Make every JIT organization of the parent manual, since no connection remains to join through (spec 5.6).

    Ends no membership; the managers of each are mailed. Runs inside the transaction of a caller that has locked the
    parent and shown what would happen.
    """
    organizations = organizations_in_mode(parent_id, mode=Mode.JIT).select_for_update(of=("self",), no_key=True)
    left = list(organizations.select_related("product"))
    for organization in left:
        _set_mode(organization, to=Mode.MANUAL, actor=actor, now=now)
    return left


def _set_mode(organization: Organization, *, to: Mode, actor: Actor, now: datetime) -> ProvisioningSettings:
    """In a locked organization, without mappings; written down and told to its managers."""
    present = settings_of(organization)
    old, before = Mode(present.mode), _describe(present)
    present.mode = to
    present.uses_mappings = False
    present.changed_at = now
    present.save()
    audit.record(
        Code.PROVISIONING_MODE_CHANGED,
        actor=actor,
        organization=organization,
        target=organization,
        before=before,
        after=_describe(present),
        details={"old": old.label, "new": to.label},
        now=now,
    )
    _tell_managers(organization, old=old, new=to, actor=actor)
    return present


def provision_at_sign_in(
    *,
    user: User,
    connection: ConnectionOfParent,
    product: Product | None,
    groups: GroupsSent,
    revision: Revision | None = None,
    actor: Actor,
    now: datetime,
) -> list[Provisioned]:
    """Make the person a member wherever this sign-in gives a membership, and say what they have now.

    Called by the sign-in inside its transaction. `product` is the one signed in to. A returning member costs two
    queries: one for all organizations, one for the claims seen last. `revision` is the one that verified the claims.
    """
    with transaction.atomic(savepoint=False):
        judged = judge_sign_in(user, connection=connection, product=product, groups=groups)
        if joining := [one.organization.id for one in judged if isinstance(one.step, engine.Join)]:
            # Judged again under the lock: a manager may be switching the mode or blocking this person right now.
            list(Organization.objects.select_for_update(no_key=True).filter(id__in=joining).order_by("id"))
            judged = judge_sign_in(user, connection=connection, product=product, groups=groups)
        remember_claims(user=user, connection=connection, groups=groups, revision=revision, now=now)
        provisioned = [_apply(one, user=user, actor=actor, now=now) for one in judged]
    return [one for one in provisioned if one is not None]


def remember_claims(
    *, user: User, connection: ConnectionOfParent, groups: GroupsSent, revision: Revision | None, now: datetime
) -> None:
    """Keep which groups the last sign-in carried (spec 7.2). Writes only if they differ or a day has gone by."""
    stored = _claims_seen(user.id, connection_id=connection.id, parent_id=connection.parent_id)
    seen = stored[0] if stored else None
    names = sorted(groups.names)
    revision_id = revision.id if revision else None
    if (
        seen is not None
        and (seen.groups_state, seen.groups, seen.revision_id) == (groups.state, names, revision_id)
        and now - seen.seen_at < SEEN_EVERY
    ):
        return
    # Written by the row's unique key, so that two sign-ins at once both succeed.
    SeenClaims.unscoped.bulk_create(  # the row names its connection
        [
            SeenClaims(
                connection_id=connection.id,
                user=user,
                revision_id=revision_id,
                groups_state=groups.state,
                groups=names,
                seen_at=now,
            )
        ],
        update_conflicts=True,
        unique_fields=["connection", "user"],
        update_fields=["revision", "groups_state", "groups", "seen_at"],
    )


@prepared
def _claims_seen(user_id: UUID, *, connection_id: UUID, parent_id: UUID) -> QuerySet[SeenClaims]:
    """None or one."""
    seen: QuerySet[SeenClaims] = SeenClaims.objects.for_parent(parent_id)
    return seen.filter(connection=connection_id, user=user_id)


def _apply(one: Judged, *, user: User, actor: Actor, now: datetime) -> Provisioned | None:
    """Without mappings a sign-in only ever adds."""
    membership = one.membership
    if isinstance(one.step, engine.Join):
        try:
            membership = add_membership(
                one.organization,
                user=user,
                role=lowest_role(one.organization),
                source=one.step.source,
                reason=one.step.reason,
                actor=actor,
                now=now,
            )
        except AlreadyMember:
            # Somebody else added the same person in this moment, by hand or by another sign-in.
            membership = Membership.objects.for_org(one.organization).get(user=user)
        else:
            return Provisioned(one.organization, membership, "joins", one.step.reason)
    if membership is None:
        return None
    is_held = membership.state == MembershipState.HELD
    reason = one.step.reason if one.step else membership.reason
    return Provisioned(one.organization, membership, "held" if is_held else "stays", reason)


def _describe(row: ProvisioningSettings) -> dict[str, str | bool]:
    return {"mode": str(row.mode), "uses_mappings": row.uses_mappings}


def _tell_managers(organization: Organization, *, old: Mode, new: Mode, actor: Actor) -> None:
    address = reverse("provisioning:mode", kwargs={"slug": organization.slug})
    mail.send(
        "provisioning_mode",
        to=[manager.email for manager in managers_of(organization)],
        subject=f"How people join {organization.name} has changed",
        context={
            "organization": organization.name,
            "old": old.label,
            "new": new.label,
            "mode": new.value,
            "who": actor.label,
            "action_url": f"{settings.PUBLIC_URL}{address}",
            "action_label": "Look at the provisioning mode",
        },
    )
