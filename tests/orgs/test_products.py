"""`manage.py load_products`: repeatable, and it drops nothing that is in use."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from orgs.errors import ProductsInUse
from orgs.models import Plan, Product, Role
from orgs.products import ProductsUnreadable, load_products
from tests.cast import Cast

FILE = Path(settings.PRODUCTS_FILE).read_text()


def without(text: str, part: str) -> bytes:
    assert part in text
    return text.replace(part, "").encode()


def test_loading_twice_changes_nothing(products: dict[str, Product]) -> None:
    before = list(Role.objects.values_list("id", "slug", "rank", "manages_identity"))

    load_products(FILE.encode())

    assert list(Role.objects.values_list("id", "slug", "rank", "manages_identity")) == before


def test_the_products_are_those_of_the_demo(products: dict[str, Product]) -> None:
    assert [role.slug for role in products["assistant"].roles.all()] == ["user", "admin", "owner", "primary_owner"]
    assert [role.slug for role in products["console"].roles.all()] == ["user", "billing", "developer", "admin"]
    assert Plan.objects.filter(creates_parent=True).count() == 2
    assert [role.slug for role in Role.objects.filter(is_sole=True)] == ["primary_owner"]


def test_a_role_nobody_has_is_dropped(products: dict[str, Product]) -> None:
    load_products(without(FILE, '[[product.role]]\nslug = "billing"\nname = "Billing"\n'))

    assert not Role.objects.filter(slug="billing").exists()


def test_what_is_in_use_is_kept_and_nothing_else_changes(cast: Cast) -> None:
    renamed = FILE.replace('name = "Console"', 'name = "Terminal"')
    enterprise = """[[product.plan]]
slug = "enterprise"
name = "Enterprise"
includes_sso = true
creates_parent = true
"""

    with pytest.raises(ProductsInUse):
        load_products(without(renamed, enterprise))

    assert Product.objects.get(slug="console").name == "Console"
    assert Plan.objects.filter(slug="enterprise").exists()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"not = [toml", id="not TOML"),
        pytest.param(b'[[product]]\nslug = "x"\n', id="no roles"),
        pytest.param(FILE.replace("manages_identity = true", "").encode(), id="nobody manages identity"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(products: dict[str, Product], document: bytes) -> None:
    with pytest.raises(ProductsUnreadable):
        load_products(document)


def test_the_command_says_what_is_missing(products: dict[str, Product]) -> None:
    with pytest.raises(CommandError, match="no file"):
        call_command("load_products", "nowhere.toml")
