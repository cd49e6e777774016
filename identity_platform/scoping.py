"""Tenant isolation by construction: tables of tenants can't be queried without saying whose rows are meant.

`Model.objects` offers `for_org(organization)` or `for_parent(parent)` and nothing else. The way around is
`Model.unscoped`, which is also Django's default and base manager so that relations and the admin work; each use of it
in our code says why in a comment, and a test looks for uses that don't.
"""

from typing import Any, NoReturn

from django.db import models


class UnscopedQuery(RuntimeError):
    """Raised where code asks for tenant data without saying whose. A programming mistake, never shown to a person."""


class _ScopedManager(models.Manager[Any]):
    """Refuses every query that doesn't begin with the owner."""

    def get_queryset(self) -> NoReturn:
        raise UnscopedQuery(
            f"{self.model.__name__}.objects needs an owner first: for_org(organization) or for_parent(parent)."
        )

    def _rows(self) -> models.QuerySet[Any]:
        return self.model.unscoped.get_queryset()


class OrganizationScope(_ScopedManager):
    def for_org(self, organization: Any) -> models.QuerySet[Any]:
        """The rows of one organization (an Organization or its id)."""
        return self._rows().filter(**{self.model.organization_path: organization})


class ParentScope(_ScopedManager):
    def for_parent(self, parent: Any) -> models.QuerySet[Any]:
        """The rows of one parent organization (a ParentOrganization or its id)."""
        return self._rows().filter(**{self.model.parent_path: parent})


class OrganizationOwned(models.Model):
    """Base of every table whose rows belong to one organization."""

    organization_path = "organization"

    unscoped = models.Manager["OrganizationOwned"]()
    objects = OrganizationScope()

    class Meta:
        abstract = True
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"


class ParentOwned(models.Model):
    """Base of every table whose rows belong to one parent organization."""

    parent_path = "parent"

    unscoped = models.Manager["ParentOwned"]()
    objects = ParentScope()

    class Meta:
        abstract = True
        default_manager_name = "unscoped"
        base_manager_name = "unscoped"
