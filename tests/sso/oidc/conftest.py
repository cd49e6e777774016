"""A provider that answers by HTTP, and nothing remembered from the test before."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sso.oidc.discovery import forget_providers
from sso.oidc.keys import forget_keys
from tests.factories.oidc import OpenIdProvider, serve_provider


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    forget_providers()
    forget_keys()


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with serve_provider(lambda: datetime.now(UTC)) as serving:
        yield serving
