"""What only real, simultaneous transactions show: two parents prove one name, two workers want one claim."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from audit.actors import SYSTEM
from domains import actions
from domains.challenge import challenge_for
from domains.checks import Hop, LookUp, Outcome, ServerAnswer
from domains.models import ClaimState, DomainClaim
from domains.rules import Verdict
from tests.cast import Cast
from tests.domains.conftest import AddClaim

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one transaction write at a time"),
]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run each act in a thread with a connection of its own, all from the same moment."""
    results: list[Any] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(number: int) -> None:
        try:
            start.wait(timeout=10)
            results[number] = acts[number]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


def proving(claim: DomainClaim, *, at: datetime) -> Callable[[], actions.ClaimCheck]:
    value = challenge_for(claim.name, token=claim.token).value
    servers = tuple(ServerAnswer(f"ns{n}", f"192.0.2.{n}", Outcome.ANSWERED, (value,)) for n in (1, 2))
    look_up = LookUp(hops=(Hop("challenge", claim.name, servers),))
    return lambda: actions.record_check(claim, look_up, actor=SYSTEM, now=at)


def test_two_parents_that_verify_a_name_at_once_one_wins_and_the_other_is_told(
    add_claim: AddClaim, cast: Cast, now: datetime
) -> None:
    for attempt in range(5):
        name = f"n{attempt}.northwind.example"
        claims = [add_claim(name), add_claim(name, parent=cast.globex_group, by=cast.charlie)]
        checks = at_once(*(proving(claim, at=now) for claim in claims))

        assert sorted(check.verdict for check in checks) == [Verdict.HELD_ELSEWHERE, Verdict.PROVEN]
        stored = DomainClaim.unscoped.filter(name=name).order_by("state")
        assert [claim.state for claim in stored] == [ClaimState.PENDING, ClaimState.VERIFIED]
        assert stored[0].verdict == Verdict.HELD_ELSEWHERE


def test_the_same_claim_proved_twice_at_once_is_verified_and_announced_once(add_claim: AddClaim, now: datetime) -> None:
    claim = add_claim()
    checks = at_once(proving(claim, at=now), proving(claim, at=now + timedelta(milliseconds=1)))

    assert sorted(str(check.happening) for check in checks) == ["None", "verified"]


def test_no_two_workers_take_the_same_claims(add_claim: AddClaim, now: datetime) -> None:
    for number in range(12):
        add_claim(f"n{number}.northwind.example")
    taken = at_once(*(lambda: actions.take_due_claims(now=now, limit=4) for _ in range(4)))

    ids = [claim.id for claims in taken for claim in claims]
    assert len(ids) == len(set(ids))
    assert len(ids) >= 4
    assert len(actions.take_due_claims(now=now, limit=99)) == 12 - len(ids)


def test_one_name_added_twice_at_once_becomes_one_claim(add_claim: AddClaim, cast: Cast) -> None:
    def add() -> str:
        try:
            return add_claim().state
        except actions.AlreadyClaimed:
            return "refused"

    assert sorted(at_once(add, add)) == ["pending", "refused"]
