"""What only real, simultaneous transactions show: two managers at one draft, one plan confirmed twice."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from audit.actors import Actor
from audit.models import AuditEvent
from domains.models import DomainClaim
from identity_platform.errors import PlatformError
from identity_platform.plans import PlanChanged, PlanExpired, store_plan
from sso.actions.connections import go_live, plan_go_live, save_step
from sso.actions.reset import reset_connection
from sso.models import RevisionState
from sso.queries.resetting import plan_reset
from sso.setup.errors import DraftChanged
from tests.cast import Cast
from tests.sso.setup.conftest import Setup

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one transaction write at a time"),
]


def refusals_of(*acts: Callable[[], Any]) -> list[type[PlatformError] | None]:
    """Run each act in a thread with a connection of its own, all from the same moment; what each was refused with."""
    refusals: list[type[PlatformError] | None] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(number: int) -> None:
        try:
            start.wait(timeout=10)
            acts[number]()
        except PlatformError as error:
            refusals[number] = type(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return refusals


def test_of_two_saves_at_once_one_is_told_of_the_other(setup: Setup, now: datetime) -> None:
    def save(name: str) -> Callable[[], Any]:
        values = {"email_attribute": name}
        return lambda: save_step(
            setup.revision, step="claims", values=values, seen_version=1, actor=setup.actor, now=now
        )

    refusals = refusals_of(save("mail"), save("upnMail"))

    assert sorted(map(str, refusals)) == sorted(map(str, [None, DraftChanged]))
    assert setup.now_is().version == 2


def test_a_plan_confirmed_twice_at_once_goes_live_once(
    tested: Setup, claim: DomainClaim, cast: Cast, now: datetime
) -> None:
    plan = plan_go_live(tested.connection, claim_ids=[claim.id], actor=tested.actor, now=now)
    stored = store_plan(plan, parent_id=cast.acme_group.id, actor_id=cast.alice.id, now=now)

    def confirm() -> None:
        go_live(tested.connection, stored_plan=stored, claim_ids=[claim.id], actor=tested.actor, now=now)

    refusals = refusals_of(confirm, confirm)

    assert refusals.count(None) == 1
    assert PlanExpired in refusals
    assert tested.now_is().state == RevisionState.LIVE
    assert AuditEvent.objects.filter(code="connection.went_live").count() == 1


def test_two_managers_who_reset_at_once_reset_it_once(
    tested: Setup, claim: DomainClaim, cast: Cast, now: datetime
) -> None:
    plan = plan_go_live(tested.connection, claim_ids=[claim.id], actor=tested.actor, now=now)
    stored = store_plan(plan, parent_id=cast.acme_group.id, actor_id=cast.alice.id, now=now)
    go_live(tested.connection, stored_plan=stored, claim_ids=[claim.id], actor=tested.actor, now=now)

    def confirm(manager: User) -> Callable[[], Any]:
        shown = plan_reset(tested.connection, parent=cast.acme_group)
        kept = store_plan(shown, parent_id=cast.acme_group.id, actor_id=manager.id, now=now)
        return lambda: reset_connection(tested.connection, stored_plan=kept, actor=Actor.of(manager), now=now)

    refusals = refusals_of(confirm(cast.alice), confirm(cast.bob))

    assert refusals.count(None) == 1
    assert PlanChanged in refusals
    assert AuditEvent.objects.filter(code="connection.reset").count() == 1
