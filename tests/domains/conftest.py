"""Claims of the cast, and a world in which no worker has to be woken."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from audit.actors import Actor
from domains import actions, tasks
from domains.models import DomainClaim
from tests.cast import Cast
from tests.domains.zones import FIRST, RESOLVER, SECOND

AddClaim = Callable[..., DomainClaim]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name servers live on several loopback addresses here."""
    for item in items:
        if "tests/domains" in str(item.path):
            item.add_marker(pytest.mark.allow_hosts([FIRST, SECOND, RESOLVER, "::1"]))


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What a worker was asked to check, as (parent id, claim id)."""
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(tasks, "wake", lambda parent, claim: asked.append((parent.hex, claim.hex)))
    return asked


@pytest.fixture
def add_claim(cast: Cast, woken: list[Any], now: datetime) -> AddClaim:
    """Claims a domain for Acme's parent as Alice, unless told otherwise."""

    def add(text: str = "northwind.example", *, parent: Any = None, by: Any = None, at: datetime = now) -> DomainClaim:
        actor = Actor.of(by or cast.alice)
        return actions.add_claim(parent or cast.acme_group, text=text, actor=actor, now=at)

    return add
