"""What all tests share: the products, the cast, browsers of people signed in, and time."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from orgs.models import Product
from orgs.products import load_products
from tests import cast as people


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: object) -> None:
    """Every test database begins with the products of products.toml."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        load_products(Path(settings.PRODUCTS_FILE).read_bytes())


@pytest.fixture
def products(db: None) -> dict[str, Product]:
    """Assistant and Console; loaded again where a transactional test emptied the database."""
    if not Product.objects.exists():
        load_products(Path(settings.PRODUCTS_FILE).read_bytes())
    return {product.slug: product for product in Product.objects.all()}


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def cast(products: dict[str, Product]) -> people.Cast:
    """Alice manages Acme, Bob is a member; Charlie manages Globex under another parent; Dora's Console organization has
    no parent; Sam is staff; nobody knows Stella."""
    return people.make_cast()


@pytest.fixture
def browser_of() -> Callable[..., Client]:
    """A client signed in as somebody, by email a moment ago unless said otherwise; a stranger's for None."""

    def open_browser(user: User | None = None, **proof: object) -> Client:
        return people.open_browser(user, **proof)

    return open_browser
