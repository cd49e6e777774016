"""Housekeeping: what nobody can confirm any more is forgotten."""

from datetime import datetime, timedelta

import pytest

from identity_platform.models import StoredPlan
from identity_platform.plans import PLAN_LIFETIME, Plan, forget_old_plans, mark_applied, store_plan
from orgs.models.requests import MergeProposal
from orgs.tasks import forget_old_plans as forget_on_schedule
from tests.cast import Cast

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def shown(cast: Cast, *, at: datetime) -> StoredPlan:
    """A plan as each look at such a page stores one."""
    plan = Plan(kind="connection.go_live", subject="x", change={})
    return store_plan(plan, parent_id=cast.acme_group.id, actor_id=cast.alice.id, now=at)


def test_a_plan_is_forgotten_a_day_after_it_expired(cast: Cast, now: datetime) -> None:
    old = shown(cast, at=now - PLAN_LIFETIME - DAY - timedelta(seconds=1))
    just_expired = shown(cast, at=now - PLAN_LIFETIME - timedelta(seconds=1))
    open_one = shown(cast, at=now)

    forget_old_plans(kept=StoredPlan.unscoped.none(), now=now)

    assert set(StoredPlan.unscoped.all()) == {just_expired, open_one}
    assert old.expires_at < now - DAY


def test_a_plan_that_was_applied_is_kept(cast: Cast, now: datetime) -> None:
    applied = shown(cast, at=now - timedelta(days=30))
    mark_applied(applied, now=now - timedelta(days=30))

    forget_old_plans(kept=StoredPlan.unscoped.none(), now=now)

    assert StoredPlan.unscoped.get() == applied


def test_the_plan_of_a_merge_stays_and_keeps_no_other_from_going(cast: Cast, now: datetime) -> None:
    """What two sides approved is part of the proposal's history, which the database protects."""
    approved, other = (shown(cast, at=now - timedelta(days=30)) for _ in range(2))
    MergeProposal.unscoped.create(
        organization=cast.solo,
        parent=cast.acme_group,
        proposed_by=cast.sam,
        plan=approved,
        created_at=now - timedelta(days=30),
        expires_at=now - timedelta(days=16),
    )

    forget_on_schedule()

    assert StoredPlan.unscoped.get() == approved
    assert other != approved


def test_the_schedule_forgets_the_plans_of_every_parent(cast: Cast, now: datetime) -> None:
    shown(cast, at=now - timedelta(days=30))
    theirs = Plan(kind="connection.go_live", subject="y", change={})
    store_plan(theirs, parent_id=cast.globex_group.id, actor_id=cast.charlie.id, now=now - timedelta(days=30))

    forget_on_schedule()

    assert not StoredPlan.unscoped.exists()
