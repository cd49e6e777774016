"""Plan → apply: every save that can lock out, remove or sign out people is previewed, stored, and applied as shown.

A domain function computes a `Plan` from the database, without changing anything. The page shows it and stores it; the
action that applies it locks, plans again with the *same* function, and asks `ensure_unchanged`: fewer people harmed is
fine, anybody newly harmed or any other difference raises PlanChanged, so that the new plan is shown instead.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet

from identity_platform.errors import PlatformError
from identity_platform.models import StoredPlan

PLAN_LIFETIME = timedelta(hours=24)
# So long an expired plan still answers that it is too old, where a page was left open.
EXPIRED_PLAN_MEMORY = timedelta(days=1)

Change = Literal["joins", "stays", "changes", "removed", "demoted", "cut_off", "held"]
HARMFUL: frozenset[Change] = frozenset({"removed", "demoted", "cut_off", "held"})


@dataclass(frozen=True)
class Effect:
    """What a plan does to one person, and why. `person_id` is the user's id, or an address for somebody unknown yet."""

    person_id: str
    name: str
    email: str
    change: Change
    reason: str
    role_before: str = ""
    role_after: str = ""

    @property
    def is_harmful(self) -> bool:
        return self.change in HARMFUL


@dataclass(frozen=True)
class Blocker:
    """Why a plan can't be applied, and what to do first."""

    code: str
    message: str
    remedy: str = ""
    url: str = ""


@dataclass(frozen=True)
class Plan:
    """`kind` names the act, `subject` the row it is about, `change` what will be set (both are part of the fingerprint,
    like `facts`: settings, domains, connections the reader relied on). `effects` names the people."""

    kind: str
    subject: str
    change: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def harmed(self) -> frozenset[str]:
        return frozenset(effect.person_id for effect in self.effects if effect.is_harmful)

    @property
    def fingerprint(self) -> str:
        """Of everything but the people harmed: 64 hex digits."""
        essence = [self.kind, self.subject, self.change, self.facts, sorted(b.code for b in self.blockers)]
        return hashlib.sha256(json.dumps(essence, sort_keys=True, default=str).encode()).hexdigest()


class PlanChanged(PlatformError):
    """Carries the plan of now in `plan`, for the page to show."""

    code = "plan_changed"
    message = "Something changed since this was shown, so nothing was done."
    remedy = "Look at what would happen now and confirm again."
    status = 409

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan


class PlanExpired(PlatformError):
    code = "plan_expired"
    message = "This preview is too old to be applied."
    remedy = "Open the page again to see what would happen now."
    status = 409


class PlanBlocked(PlatformError):
    code = "plan_blocked"
    message = "{reason}"
    remedy = "{what_first}"
    status = 409

    def __init__(self, plan: Plan) -> None:
        first = plan.blockers[0]
        super().__init__(reason=first.message, what_first=first.remedy)
        self.plan = plan


def store_plan(plan: Plan, *, parent_id: Any, organization_id: Any = None, actor_id: Any, now: datetime) -> StoredPlan:
    """Keep what a manager is shown, for 24 hours, so that exactly that can be confirmed."""
    return StoredPlan.unscoped.create(  # the row names its owner
        parent_id=parent_id,
        organization_id=organization_id,
        kind=plan.kind,
        fingerprint=plan.fingerprint,
        harmed=sorted(plan.harmed),
        created_by_id=actor_id,
        created_at=now,
        expires_at=now + PLAN_LIFETIME,
    )


def find_plan(shown: object, *, kind: str, parent_id: UUID, actor_id: UUID) -> StoredPlan | None:
    """The plan of this kind that this person was shown; `shown` is its id as it was posted. None for anything else."""
    try:
        plan_id = UUID(str(shown))
    except ValueError:
        return None
    plans = StoredPlan.objects.for_parent(parent_id).filter(id=plan_id, kind=kind, created_by_id=actor_id)
    found: StoredPlan | None = plans.first()
    return found


def lock_plan(shown: StoredPlan, *, kind: str, actor_id: Any) -> StoredPlan:
    """The plan of this kind that this person was shown, locked, so that a double press applies it once.

    Raises PlanExpired for anybody else's and for one of another act.
    """
    stored: StoredPlan | None = (
        StoredPlan.objects.for_parent(shown.parent_id)
        .select_for_update()
        .filter(id=shown.id, kind=kind, created_by_id=actor_id)
        .first()
    )
    if stored is None:
        raise PlanExpired
    return stored


def ensure_unchanged(stored: StoredPlan, plan: Plan, *, now: datetime) -> None:
    """Raise unless `plan`, computed just now under the lock, may be applied as the one that was stored and confirmed.

    Raises PlanExpired, PlanChanged or PlanBlocked.
    """
    if stored.applied_at or stored.voided_at or stored.expires_at <= now:
        raise PlanExpired
    if stored.fingerprint != plan.fingerprint or not plan.harmed <= set(stored.harmed):
        raise PlanChanged(plan)
    if plan.blockers:
        raise PlanBlocked(plan)


def mark_applied(stored: StoredPlan, *, now: datetime) -> None:
    stored.applied_at = now
    stored.save(update_fields=["applied_at"])


def forget_old_plans(*, kept: QuerySet[Any, Any], now: datetime) -> None:
    """Delete the plans of all parents that expired more than a day ago and weren't applied. Safe to repeat.

    `kept` yields the ids of those that other rows refer to.
    """
    over = StoredPlan.unscoped.filter(expires_at__lt=now - EXPIRED_PLAN_MEMORY, applied_at=None)  # every parent's
    over.exclude(id__in=kept).delete()
