"""What providers publish, kept in this process's memory with its age.

Not in the shared cache: what lies here decides who may sign tokens, and a cache carries nothing that decides
(docs/security.md). Each process asks for itself, once a day.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from identity_platform.errors import PlatformError

Value = TypeVar("Value")

# After a fetch that failed, the copy at hand is used so long before the next try: a provider that is down is neither
# asked at each sign-in nor waited for.
RETRY_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Kept(Generic[Value]):
    """`asked_at`: the last try, good or not."""

    value: Value
    fetched_at: datetime
    stale_at: datetime
    asked_at: datetime


class Remembered(Generic[Value]):
    """At most `most` values by key, the least recently used forgotten first."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[str, Kept[Value]] = OrderedDict()
        self._lock = threading.Lock()

    def find(
        self,
        key: str,
        *,
        fetch: Callable[[], tuple[Value, timedelta]],
        fresh_for: timedelta,
        usable_for: timedelta,
        now: datetime,
        anew: bool = False,
    ) -> Kept[Value]:
        """The value at hand while it is fresh, else what `fetch` returns with the time it wants to be kept for.

        Where fetching fails, the last good one until `usable_for` has passed; then the failure is raised. `anew` asks
        although it is fresh, and raises a failure.
        """
        kept = self.peek(key)
        if kept and not anew:
            if now < kept.stale_at:
                return kept
            if now - kept.asked_at < RETRY_AFTER and now - kept.fetched_at < usable_for:
                return kept
        try:
            value, wanted = fetch()  # outside the lock: it may take seconds, and others go on with what there is
        except PlatformError:
            if kept is None:
                raise
            self._keep(key, Kept(kept.value, kept.fetched_at, kept.stale_at, asked_at=now))
            if anew or now - kept.fetched_at >= usable_for:
                raise
            return kept
        fresh = Kept(value, fetched_at=now, stale_at=now + min(wanted, fresh_for), asked_at=now)
        self._keep(key, fresh)
        return fresh

    def peek(self, key: str) -> Kept[Value] | None:
        """What is at hand, however old."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def _keep(self, key: str, kept: Kept[Value]) -> None:
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
