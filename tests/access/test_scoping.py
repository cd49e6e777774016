"""Tenant isolation by construction: what can be held by a tool is held here."""

import io
import tokenize
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from domains.models import DomainClaim
from identity_platform.scoping import OrganizationOwned, ParentOwned, UnscopedQuery
from orgs.models import Membership
from tests.cast import Cast

OUR_APPS = ("identity_platform", "accounts", "orgs", "domains", "provisioning", "sso")

# Tables that name an organization or a parent and yet aren't a tenant's own, each with its reason.
NOT_OWNED = {
    "orgs.Organization": "is the owner",
    "orgs.ParentOrganization": "is the owner",
    "accounts.Proof": "belongs to a person's session; names the connection it came through",
}


def our_models() -> list[type[models.Model]]:
    return [model for app in OUR_APPS for model in apps.get_app_config(app).get_models()]


def owner_fields(model: type[models.Model]) -> list[str]:
    tenants = {"orgs.Organization", "orgs.ParentOrganization"}
    owned = {"sso.Connection", "sso.ConnectionRevision", "provisioning.Directory", "orgs.Membership"}
    return [
        field.name
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey) and field.related_model._meta.label in tenants | owned
    ]


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model._meta.label)
def test_a_table_that_belongs_to_a_tenant_is_scoped(model: type[models.Model]) -> None:
    if owner_fields(model) and model._meta.label not in NOT_OWNED:
        assert issubclass(model, OrganizationOwned | ParentOwned), f"{model._meta.label} needs a base of scoping.py"


@pytest.mark.django_db
def test_a_query_without_an_owner_is_refused() -> None:
    for ask in (Membership.objects.all, Membership.objects.count, DomainClaim.objects.first):
        with pytest.raises(UnscopedQuery):
            ask()


def test_scoped_queries_see_one_owner_only(cast: Cast) -> None:
    assert {row.user for row in Membership.objects.for_org(cast.acme)} == {cast.alice, cast.bob}


def test_every_way_around_the_scoping_says_why() -> None:
    """`unscoped` stands with a comment on its line, the line above or below, or inside the call."""
    silent = []
    for app in OUR_APPS:
        for path in sorted(Path(settings.BASE_DIR, app).rglob("*.py")):
            if (
                "migrations" in path.parts
                or path.name == "scoping.py"
                or "models" in path.parts
                or path.name == "models.py"
            ):
                continue
            silent += [f"{path.relative_to(settings.BASE_DIR)}:{line}" for line in unexplained(path.read_text())]
    assert not silent


def unexplained(source: str) -> list[int]:
    lines = source.splitlines()
    comments = {
        token.start[0]
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    used = [number for number, line in enumerate(lines, start=1) if ".unscoped" in line.partition("#")[0]]
    return [number for number in used if not any(near in comments for near in range(number - 3, number + 2))]
