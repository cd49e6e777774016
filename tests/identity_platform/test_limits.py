"""Counting tries: no more than the limit within its span, whoever counts, and with or without the cache."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from hypothesis import given
from hypothesis import strategies as st

from identity_platform import limits
from identity_platform.limits import Limit, Try, UsedUp, count_tries

SPAN = timedelta(minutes=15)
THREE = Limit("test_of_three", most=3, span=SPAN)
NOON = datetime(2026, 11, 24, 12, 0, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fresh_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(limits, "_own_memory", limits._OwnMemory())
    limits._own_memory.counters.clear()
    yield
    limits._own_memory.counters.clear()


def count(*whose: str, at: datetime = NOON, limit: Limit = THREE) -> UsedUp | None:
    return count_tries(Try(limit, whose), now=at)


def test_as_many_tries_pass_as_the_limit_says_and_the_next_is_told_when() -> None:
    assert [count("alice"), count("alice"), count("alice")] == [None, None, None]

    refused = count("alice")

    assert refused is not None
    assert refused.limit is THREE
    assert NOON + SPAN - SPAN / limits.STEPS <= refused.again_at <= NOON + SPAN


def test_whoever_waits_as_long_as_told_gets_through_and_a_second_earlier_does_not() -> None:
    for minute in (0, 4, 9):
        count("alice", at=NOON + timedelta(minutes=minute))
    asked_at = NOON + timedelta(minutes=10)
    refused = count("alice", at=asked_at)
    assert refused

    assert count("alice", at=refused.again_at - timedelta(seconds=1))
    assert count("alice", at=refused.again_at) is None
    assert count("alice", at=refused.again_at)  # one try was forgotten, so one is free


def test_others_have_counts_of_their_own() -> None:
    for _ in range(4):
        count("alice", "192.0.2.1")

    assert count("alice", "192.0.2.2") is None
    assert count("alice,192.0.2.1") is None  # parts don't run together


def test_a_refused_try_is_not_counted_anywhere() -> None:
    """Trying on doesn't make the wait longer, and what one limit refuses uses up no other."""
    wide = Limit("test_of_many", most=5, span=SPAN)
    for _ in range(20):
        count_tries(Try(THREE, ("alice",)), Try(wide, ("network",)), now=NOON)

    later = NOON + SPAN
    assert count("alice", at=later) is None
    for _ in range(2):
        assert count("network", limit=wide) is None
    assert count("network", limit=wide)


def test_of_several_limits_the_longest_wait_is_told() -> None:
    short = Limit("test_short", most=1, span=timedelta(minutes=1))
    both = (Try(short, ("alice",)), Try(Limit("test_long", most=1, span=SPAN), ("alice",)))
    assert count_tries(*both, now=NOON) is None

    refused = count_tries(*both, now=NOON)

    assert refused is not None
    assert refused.limit.name == "test_long"


def test_what_is_stored_names_nobody() -> None:
    count("alice@acme.example", "192.0.2.1")

    assert not [key for key in cache._cache if "alice" in key or "192.0.2.1" in key]  # type: ignore[attr-defined]


@given(
    pauses=st.lists(st.integers(0, 600), min_size=1, max_size=40),
    most=st.integers(1, 6),
    span=st.integers(10, 5000).map(lambda seconds: timedelta(seconds=seconds)),
)
def test_within_the_span_less_a_step_never_more_pass_than_the_limit(
    pauses: list[int], most: int, span: timedelta
) -> None:
    cache.clear()
    limit, at, passed = Limit("test_property", most=most, span=span), NOON, []
    for pause in pauses:
        at += timedelta(seconds=pause)
        refused = count("anybody", at=at, limit=limit)
        if refused is None:
            passed.append(at)
            within = [moment for moment in passed if at - moment < span - span / limits.STEPS]
            assert len(within) <= most
        else:
            assert at < refused.again_at <= at + span
            assert count("anybody", at=refused.again_at, limit=limit) is None
            at = refused.again_at
            passed.append(at)


def test_of_many_at_once_exactly_as_many_pass_as_the_limit_says() -> None:
    wide = Limit("test_of_ten", most=10, span=SPAN)
    with ThreadPoolExecutor(max_workers=8) as threads:
        answers = list(threads.map(lambda _: count("alice", limit=wide), range(40)))

    assert answers.count(None) == 10
