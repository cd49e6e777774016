"""Products are data: `products.toml` says what there is, `load_products` makes the database agree.

Repeatable. What the file leaves out is dropped, unless something uses it: then nothing at all changes.
"""

import tomllib
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.db.models import ProtectedError

from audit import actions as audit
from audit.actors import SYSTEM
from audit.codes import Code
from identity_platform.errors import PlatformError
from orgs.errors import ProductsInUse
from orgs.models import Plan, Product, Role, SeatTier


class ProductsUnreadable(PlatformError):
    code = "products_unreadable"
    message = "products.toml can't be used: {why}."


@dataclass(frozen=True)
class Loaded:
    products: int
    roles: int
    tiers: int
    plans: int


def load_products(document: bytes) -> Loaded:
    """Make the database say what this TOML document says. Raises ProductsUnreadable or ProductsInUse."""
    try:
        products = tomllib.loads(document.decode())["product"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError) as error:
        raise ProductsUnreadable(why=str(error)) from error
    for product in products:
        _ensure_sound(product)
    with transaction.atomic():
        for position, entry in enumerate(products):
            _load_product(entry, position)
        _drop(Product.objects.exclude(slug__in=[entry["slug"] for entry in products]))
        loaded = Loaded(Product.objects.count(), Role.objects.count(), SeatTier.objects.count(), Plan.objects.count())
        audit.record(Code.PRODUCTS_LOADED, actor=SYSTEM, after=vars(loaded))
    return loaded


def _ensure_sound(entry: dict[str, Any]) -> None:
    for key in ("slug", "name", "role", "plan"):
        if not entry.get(key):
            raise ProductsUnreadable(why=f"a product has no {key}")
    roles = entry["role"]
    if not any(role.get("manages_identity") for role in roles):
        raise ProductsUnreadable(why=f"no role of {entry['slug']} manages identity")
    if any(role.get("sole") for role in roles[:-1]):
        raise ProductsUnreadable(why=f"in {entry['slug']} only the highest role can be held by one person alone")


def _load_product(entry: dict[str, Any], position: int) -> None:
    product, _ = Product.objects.update_or_create(
        slug=entry["slug"], defaults={"name": entry["name"], "position": position}
    )
    for rank, role in enumerate(entry["role"], start=1):
        Role.objects.update_or_create(
            product=product,
            slug=role["slug"],
            defaults={
                "name": role["name"],
                "rank": rank,
                "manages_identity": role.get("manages_identity", False),
                "is_sole": role.get("sole", False),
            },
        )
    for rank, tier in enumerate(entry.get("seat_tier", []), start=1):
        SeatTier.objects.update_or_create(
            product=product, slug=tier["slug"], defaults={"name": tier["name"], "rank": rank}
        )
    for plan in entry["plan"]:
        Plan.objects.update_or_create(
            product=product,
            slug=plan["slug"],
            defaults={
                "name": plan["name"],
                "includes_sso": plan.get("includes_sso", False),
                "creates_parent": plan.get("creates_parent", False),
            },
        )
    for model, key in ((Role, "role"), (SeatTier, "seat_tier"), (Plan, "plan")):
        kept = [row["slug"] for row in entry.get(key, [])]
        _drop(model.objects.filter(product=product).exclude(slug__in=kept))


def _drop(rows: models.QuerySet[Any]) -> None:
    try:
        rows.delete()
    except ProtectedError as error:
        raise ProductsInUse(what=", ".join(sorted({str(row) for row in rows}))) from error
