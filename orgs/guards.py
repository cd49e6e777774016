"""Questions that this app asks of the apps above it, through the table `settings.GUARDS`.

A guard is a function with keyword arguments only. To refuse it raises a PlatformError; otherwise it returns None. They
are asked in the table's order. A topic that isn't in the table, a path that can't be imported, or a guard that crashes
refuses: what can't be judged is not allowed (R35).
"""

import logging
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from identity_platform.errors import GuardFailed, PlatformError

logger = logging.getLogger(__name__)


class Guard(Protocol):
    def __call__(self, **question: Any) -> None: ...


def ask(topic: str, **question: Any) -> None:
    """Ask every guard of `topic`. Raises the PlatformError of the first that refuses, or GuardFailed."""
    for guard in _guards(topic):
        try:
            guard(**question)
        except PlatformError:
            raise
        except Exception as error:  # a crashing guard must refuse, not let in
            logger.exception("guard.crashed", extra={"topic": topic})
            raise GuardFailed from error


def _guards(topic: str) -> tuple[Guard, ...]:
    if topic not in settings.GUARDS:
        logger.error("guard.missing", extra={"topic": topic})
        raise GuardFailed
    try:
        return _load(tuple(settings.GUARDS[topic]))
    except ImportError as error:
        logger.exception("guard.missing", extra={"topic": topic})
        raise GuardFailed from error


@lru_cache(maxsize=64)
def _load(paths: tuple[str, ...]) -> tuple[Guard, ...]:
    return tuple(import_string(path) for path in paths)
