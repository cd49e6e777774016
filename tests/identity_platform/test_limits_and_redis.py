"""Limits on a real Redis, and what happens when it is gone, silent or full."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from prometheus_client import REGISTRY

from identity_platform import limits
from identity_platform.limits import Limit, Try, UsedUp, count_tries
from tests.identity_platform.redis_server import RedisServer, running_redis

pytestmark = pytest.mark.processes

FIVE = Limit("test_of_five", most=5, span=timedelta(minutes=15))
NOON = datetime(2026, 11, 24, 12, 0, 20, tzinfo=UTC)


def sample(name: str, **labels: str) -> float:
    """What Prometheus would be told."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def count(whose: str = "alice", *, at: datetime = NOON) -> UsedUp | None:
    return count_tries(Try(FIVE, (whose,)), now=at)


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[limits._OwnMemory]:
    memory = limits._OwnMemory()
    monkeypatch.setattr(limits, "_own_memory", memory)
    memory.counters.clear()
    yield memory
    memory.counters.clear()


@pytest.fixture
def redis(settings: Any, tmp_path: Path) -> Iterator[RedisServer]:
    """The platform's cache, in a Redis that this test owns, with the options of production."""
    with running_redis(tmp_path) as server:
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": server.url,
                "OPTIONS": settings.REDIS_CACHE_OPTIONS,
            }
        }
        yield server
        cache._cache._get_connection_pool(write=True).disconnect()  # type: ignore[attr-defined]


def test_of_many_at_once_exactly_as_many_pass_as_the_limit_says(redis: RedisServer) -> None:
    with ThreadPoolExecutor(max_workers=8) as threads:
        answers = list(threads.map(lambda _: count(), range(40)))

    assert answers.count(None) == 5


def test_every_counter_ends_by_itself_and_names_nobody(redis: RedisServer) -> None:
    for minute in range(0, 15, 3):
        count("alice@acme.example", at=NOON + timedelta(minutes=minute))

    stored = redis.keys()
    assert len(stored) == 5
    assert 0 < redis.longest_life() <= 2 * FIVE.span.total_seconds()
    assert not [key for key in stored if "alice" in key]


def test_without_redis_the_process_counts_for_itself(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    redis.stop()
    counted, refused = sample("acme_limits_without_cache_total"), sample("acme_limit_refusals_total", limit=FIVE.name)

    with caplog.at_level(logging.WARNING):
        answers = [count() for _ in range(7)]

    assert [answer is None for answer in answers] == [True] * 5 + [False] * 2
    assert [record.message for record in caplog.records] == ["limits.cache_failed"]  # once a minute, not each time
    assert sample("acme_limits_without_cache_total") == counted + 7
    assert sample("acme_limit_refusals_total", limit=FIVE.name) == refused + 2


def test_a_redis_that_never_answers_is_waited_for_once_and_then_left_alone(
    redis: RedisServer, memory: limits._OwnMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time-out is paid by one of many requests; without one this test would never end."""
    failures: list[Exception] = []
    note_failure = memory.note_failure
    monkeypatch.setattr(memory, "note_failure", lambda error: (failures.append(error), note_failure(error)))
    redis.freeze()

    answers = [count() for _ in range(7)]

    assert [answer is None for answer in answers] == [True] * 5 + [False] * 2
    assert [type(error).__name__ for error in failures] == ["TimeoutError"]


def test_a_full_redis_is_as_good_as_none(redis: RedisServer) -> None:
    redis.fill()

    answers = [count() for _ in range(7)]

    assert [answer is None for answer in answers] == [True] * 5 + [False] * 2


def test_when_redis_is_back_it_counts_again(redis: RedisServer, memory: limits._OwnMemory) -> None:
    redis.fill()
    count()
    redis.make_room()

    count()
    assert redis.keys() == []  # left alone for some seconds

    memory.cache_failed_at -= limits.PAUSE_AFTER_FAILURE
    count()
    assert len(redis.keys()) == 1
