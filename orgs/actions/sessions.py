"""What managers do about sessions: set the policy, end all of a parent's, end those of members.

Ending is moving a time (spec 6.5): the door compares it with each proof, at each request. So it costs the same for one
session and for a hundred thousand, and nothing has to be remembered anywhere but in the database.
"""

import uuid
from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from audit import actions as audit
from audit import mail
from audit.actors import Actor
from audit.codes import Code
from identity_platform.models import StoredPlan
from identity_platform.plans import ensure_unchanged, lock_plan, mark_applied
from orgs.mails import tell_managers
from orgs.models import Membership, Organization, ParentOrganization
from orgs.queries import managers_of
from orgs.sessions.plans import (
    KIND_OF_END_ALL,
    KIND_OF_POLICY_CHANGE,
    plan_end_all_sessions,
    plan_policy_change,
)
from orgs.sessions.policy import SessionPolicy, describe_span, policy_of

# The mail of ended sessions names this many people, and counts the rest.
NAMED_IN_MAIL = 20


def change_session_policy(
    parent: ParentOrganization, *, to: SessionPolicy, stored_plan: StoredPlan, actor: Actor, now: datetime
) -> None:
    """Set the session policy as `stored_plan` showed it; it counts from the next request of everybody.

    The caller has asked for a recent sign-in. Raises PlanExpired, PlanChanged (with the plan of now), PlanBlocked.
    """
    with transaction.atomic():
        parent = ParentOrganization.objects.select_for_update().get(id=parent.id)
        stored = lock_plan(stored_plan, kind=KIND_OF_POLICY_CHANGE, actor_id=actor.user_id)
        ensure_unchanged(stored, plan_policy_change(parent, to=to), now=now)
        present = policy_of(parent)
        parent.session_lifetime = to.lifetime
        parent.session_idle = to.idle
        parent.recent_sign_in = to.recent_sign_in
        parent.save(update_fields=["session_lifetime", "session_idle", "recent_sign_in"])
        audit.record(
            Code.SESSION_POLICY_CHANGED,
            actor=actor,
            parent_id=parent.id,
            target=parent,
            before=_describe(present),
            after=_describe(to),
            now=now,
        )
        mark_applied(stored, now=now)
        tell_managers(
            parent,
            template="session_policy",
            subject=f"The session policy of {parent.name} has changed",
            who=actor.label,
            before=_describe(present),
            after=_describe(to),
        )


def end_all_sessions(parent: ParentOrganization, *, stored_plan: StoredPlan, actor: Actor, now: datetime) -> None:
    """End every session in all of the parent's organizations, the actor's included, as `stored_plan` showed it.

    What these people opened elsewhere stays open there. The caller has asked for a recent sign-in. Raises PlanExpired,
    PlanChanged (with the plan of now), PlanBlocked.
    """
    with transaction.atomic():
        parent = ParentOrganization.objects.select_for_update().get(id=parent.id)
        stored = lock_plan(stored_plan, kind=KIND_OF_END_ALL, actor_id=actor.user_id)
        ensure_unchanged(stored, plan_end_all_sessions(parent, now=now), now=now)
        before = parent.proofs_valid_from
        parent.proofs_valid_from = now
        parent.save(update_fields=["proofs_valid_from"])
        audit.record(
            Code.PARENT_SESSIONS_ENDED,
            actor=actor,
            parent_id=parent.id,
            target=parent,
            before={"proofs_valid_from": before.isoformat() if before else None},
            after={"proofs_valid_from": now.isoformat()},
            now=now,
        )
        mark_applied(stored, now=now)
        tell_managers(
            parent,
            template="sessions_all_ended",
            subject=f"All sessions at {parent.name} were ended",
            who=actor.label,
        )


def end_member_sessions(
    organization: Organization, *, membership_ids: Collection[uuid.UUID], actor: Actor, now: datetime
) -> list[Membership]:
    """End the sessions of these members in this organization, and return those members; others are left out.

    Nobody loses a membership, and what they opened in other organizations stays open. Safe to repeat.
    """
    with transaction.atomic():
        if organization.parent_id:
            ParentOrganization.objects.select_for_update().get(id=organization.parent_id)
        organization = Organization.objects.select_for_update(of=("self",)).get(id=organization.id)
        members = Membership.objects.for_org(organization).filter(id__in=membership_ids)
        ended = list(members.select_for_update(of=("self",)).select_related("user").order_by("user__email"))
        if not ended:
            return []
        members.update(proofs_valid_from=now)
        for membership in ended:
            audit.record(
                Code.MEMBER_SESSIONS_ENDED,
                actor=actor,
                organization=organization,
                target=membership,
                target_label=membership.user.email,
                after={"proofs_valid_from": now.isoformat()},
                now=now,
            )
        names = [membership.user.email for membership in ended]
        mail.send(
            "sessions_ended",
            to=[manager.email for manager in managers_of(organization)],
            subject=f"Sessions at {organization.name} were ended",
            context={
                "organization": organization.name,
                "who": actor.label,
                "people": names[:NAMED_IN_MAIL],
                "more": len(names[NAMED_IN_MAIL:]),
                "action_url": _address(reverse("sessions:list", kwargs={"slug": organization.slug})),
                "action_label": "Open Sessions",
            },
        )
    return ended


def _describe(policy: SessionPolicy) -> dict[str, str]:
    """As the audit log and mails show it."""
    return {
        "lifetime": describe_span(policy.lifetime),
        "idle": describe_span(policy.idle),
        "recent_sign_in": describe_span(policy.recent_sign_in),
    }


def _address(path: str) -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"
