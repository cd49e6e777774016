"""What the worker does, over real DNS."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from domains import actions, tasks
from domains.challenge import challenge_for
from domains.models import ClaimState
from tests.cast import Cast
from tests.domains.conftest import AddClaim
from tests.domains.zones import FIRST, RESOLVER, SECOND, proof, serving, silent, zone

pytestmark = pytest.mark.django_db


def test_the_schedule_checks_every_due_claim_and_no_other(
    add_claim: AddClaim, cast: Cast, now: datetime, settings: Any
) -> None:
    due, also_due = add_claim(), add_claim("globex.example", parent=cast.globex_group, by=cast.charlie)
    later = add_claim("later.northwind.example", at=now + timedelta(hours=1))
    zones = (
        zone(proof(challenge_for(due.name, token=due.token).value)),
        zone(proof(challenge_for(also_due.name, token=also_due.token).value), name="globex.example"),
    )
    with serving(settings, *zones):
        tasks.check_due_claims()

    for claim in (due, also_due, later):
        claim.refresh_from_db()
    assert (due.state, also_due.state) == (ClaimState.VERIFIED, ClaimState.VERIFIED)
    assert later.last_checked_at is None


def test_a_woken_worker_checks_the_claim_unless_somebody_else_has_it(
    add_claim: AddClaim, now: datetime, settings: Any
) -> None:
    claim = add_claim()
    actions.take_due_claims(now=now, limit=1)
    with serving(settings, zone(proof(challenge_for(claim.name, token=claim.token).value))) as asked:
        tasks.check_claim(claim.parent_id.hex, claim.id.hex)
        assert not asked
        claim.next_check_at = now
        claim.save(update_fields=["next_check_at"])
        tasks.check_claim(claim.parent_id.hex, claim.id.hex)

    claim.refresh_from_db()
    assert claim.state == ClaimState.VERIFIED


def test_dead_name_servers_leave_the_claim_pending_and_due_again(add_claim: AddClaim, settings: Any) -> None:
    settings.DNS_TIMEOUT = timedelta(seconds=1)
    claim = add_claim()
    with serving(settings, zone(), at=dict.fromkeys((FIRST, SECOND, RESOLVER), silent)):
        tasks.check_due_claims()

    claim.refresh_from_db()
    assert (claim.state, claim.verdict) == (ClaimState.PENDING, "could_not_check")
    assert claim.next_check_at is not None
    assert claim.last_checked_at is not None
    assert claim.next_check_at - claim.last_checked_at == timedelta(seconds=30)


def test_a_broker_that_is_away_only_costs_time(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def refuse(*_: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(tasks, "check_claim", SimpleNamespace(delay=refuse))
    with django_capture_on_commit_callbacks(execute=True):
        claim = actions.add_claim(cast.acme_group, text="northwind.example", actor=actions.Actor.of(cast.alice))

    assert claim.next_check_at is not None
