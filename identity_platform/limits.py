"""How often something may be tried: counted in the shared cache, so that all processes agree.

The span of a limit slides in STEPS steps, and each step has a counter of its own; their sum is what counts. So a try
is remembered for the span, less at most one step, and nobody waits longer than the span. One counter for the whole span
would be simpler, but lets twice the limit through around its end, can't say when it works again (Django's cache tells
no remaining life), and may expire between `add` and `incr`, upon which Redis makes one that never ends. A step's
counter outlives the time in which it is written and read, so that can't happen, and `incr` leaves its life alone.

What is counted is the try, before it is made: of many at once, no more than `most` pass. Who is refused isn't counted,
so whoever waits as long as told gets through, and nobody keeps a limit used up by trying on.

Without the cache (Redis stopped, full or slow) each process counts in its own memory: the limits hold per process
instead of per deployment, and nobody is shut out by an outage. Nothing else rests on these counts: a proof is checked
in the database.
"""

import hashlib
import ipaddress
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from prometheus_client import Counter

logger = logging.getLogger(__name__)

STEPS = 15
IPV6_NETWORK_BITS = 64  # what one customer of a provider has at least (RFC 6177 s2)
# After a failure the cache is left alone for so long, so that one request pays for the time-out and not all of them.
PAUSE_AFTER_FAILURE = 5.0
LOG_FAILURE_EVERY = 60.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

REFUSED = Counter("acme_limit_refusals", "Tries refused because a limit was used up.", ["limit"])
COUNTED_HERE = Counter("acme_limits_without_cache", "Tries counted in one process's memory: the cache doesn't answer.")


@dataclass(frozen=True)
class Limit:
    """At most `most` tries within `span`."""

    name: str
    most: int
    span: timedelta


@dataclass(frozen=True)
class Try:
    """One try against a limit. `whose` says who shares the count; it is stored as a keyed hash, never in clear."""

    limit: Limit
    whose: tuple[str, ...]


@dataclass(frozen=True)
class UsedUp:
    """Which limit refused, and when a try will pass it again if nobody else tries."""

    limit: Limit
    again_at: datetime


def network_of_address(ip: str | None) -> str:
    """The network of an IP address, as limits count it: an IPv4 address itself, or the /64 of an IPv6 address."""
    if ip is None:
        return "unknown"
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, IPV6_NETWORK_BITS), strict=False))
        address = address.ipv4_mapped  # a server that listens on both families writes IPv4 peers so
    return str(address)


class _OwnMemory:
    """The counters of this process, and when the shared ones failed. Threads may race for the times: harmless."""

    def __init__(self) -> None:
        self.counters = LocMemCache("limits without the cache", {"OPTIONS": {"MAX_ENTRIES": 50_000}})
        self.cache_failed_at = -math.inf
        self.logged_at = -math.inf

    def note_failure(self, error: Exception) -> None:
        now = time.monotonic()
        self.cache_failed_at = now
        if now - self.logged_at >= LOG_FAILURE_EVERY:
            self.logged_at = now
            logger.warning("limits.cache_failed", extra={"code": type(error).__name__})

    @property
    def stands_in(self) -> bool:
        return time.monotonic() - self.cache_failed_at < PAUSE_AFTER_FAILURE


_own_memory = _OwnMemory()


def count_tries(*tries: Try, now: datetime) -> UsedUp | None:
    """Count one try against each of these limits or, if one is used up, against none; say which one is.

    Never raises for want of the cache.
    """
    used_up = _count_anywhere(tries, now=now)
    if used_up:
        REFUSED.labels(used_up.limit.name).inc()
        logger.info("limits.refused", extra={"code": used_up.limit.name})
    return used_up


def _count_anywhere(tries: Sequence[Try], *, now: datetime) -> UsedUp | None:
    if not _own_memory.stands_in:
        try:
            return _count(cache, tries, now=now)
        except Exception as error:  # each backend fails in its own way; none may let somebody in or shut anybody out
            _own_memory.note_failure(error)
    COUNTED_HERE.inc()
    return _count(_own_memory.counters, tries, now=now)


def _count(counters: BaseCache, tries: Sequence[Try], *, now: datetime) -> UsedUp | None:
    keys = [_step_keys(each, now=now) for each in tries]
    running = []
    for each, (current, *_) in zip(tries, keys, strict=True):
        counters.add(current, 0, timeout=math.ceil(2 * each.limit.span.total_seconds()))
        running.append(counters.incr(current))  # its answer tells tries at the same moment apart
    older = counters.get_many([key for _, *steps in keys for key in steps])
    refusals = [
        used_up
        for each, count, (_, *steps) in zip(tries, running, keys, strict=True)
        if (used_up := _judge(each.limit, [count, *(older.get(key, 0) for key in steps)], now=now))
    ]
    if not refusals:
        return None
    for current, *_ in keys:
        counters.decr(current)
    return max(refusals, key=lambda used_up: used_up.again_at)


def _judge(limit: Limit, counts: Sequence[int], *, now: datetime) -> UsedUp | None:
    """`counts` of the steps, the running one first, this try included."""
    if sum(counts) <= limit.most:
        return None
    others, kept = [counts[0] - 1, *counts[1:]], 0
    # How many of the newest steps together leave room for one try: the next older one has to be forgotten first.
    room = 0
    for count in others:
        if kept + count >= limit.most:
            break
        kept += count
        room += 1
    oldest = _step_number(limit, now=now) - room
    return UsedUp(limit, again_at=_EPOCH + (oldest + STEPS) * _step(limit))


def _step_keys(each: Try, *, now: datetime) -> list[str]:
    """The keys of the steps that count now, the running one first."""
    whose = hashlib.blake2b(
        "\0".join(each.whose).encode(),
        key=hashlib.sha256(b"limits:" + settings.SECRET_KEY.encode()).digest(),
        digest_size=16,
    ).hexdigest()
    running = _step_number(each.limit, now=now)
    return [f"limit:{each.limit.name}:{whose}:{running - ago}" for ago in range(STEPS)]


def _step_number(limit: Limit, *, now: datetime) -> int:
    return (now - _EPOCH) // _step(limit)


def _step(limit: Limit) -> timedelta:
    """In whole microseconds, rounded down: numbers of steps are large, and a rounding error would grow with them."""
    return limit.span // STEPS
