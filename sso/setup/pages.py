"""What the pages of one set-up share: the connection and its draft, the steps on the left, addresses of the steps."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from orgs.access import IdentityManagerView
from orgs.models import Organization, Product
from orgs.queries import organizations_under
from sso.models import Connection, ConnectionRevision
from sso.queries.connections import ConnectionState, find_connection
from sso.setup.errors import DraftClosed
from sso.setup.steps import show_steps


def step_address(organization: Organization, connection: Connection, step: str) -> str:
    """The page of a step; the first one is the choice of the provider, before there is a connection."""
    if step == "provider":
        return reverse("sso_setup:choose", kwargs={"slug": organization.slug})
    return reverse(f"sso_setup:{step}", kwargs={"slug": organization.slug, "connection_id": connection.id})


class ConnectionView(IdentityManagerView):
    """A page about one connection of the manager's parent; those of others don't exist (R38)."""

    state: ConnectionState

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.connection_id: UUID = kwargs.pop("connection_id")
        return super().dispatch(request, *args, **kwargs)

    def enter(self, request: HttpRequest, slug: str) -> Any:
        standing = super().enter(request, slug)
        self.state = find_connection(self.parent, self.connection_id)
        return standing

    @property
    def connection(self) -> Connection:
        return self.state.connection

    def address(self, name: str) -> str:
        """A page of this connection, by the name of its address."""
        return step_address(self.organization, self.connection, name)

    def render(self, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        return super().render(
            template,
            status=status,
            connection=self.connection,
            provider=self.state.provider,
            live=self.state.live,
            draft=self.state.draft,
            **context,
        )


class StepView(ConnectionView):
    """One step of the draft. `step` is its slug."""

    step: str

    @property
    def draft(self) -> ConnectionRevision:
        """The open draft. Raises DraftClosed where there is none (any more)."""
        if self.state.draft is None:
            raise DraftClosed
        return self.state.draft

    def render(self, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        address: Callable[[str], str] = self.address
        return super().render(
            template,
            status=status,
            steps=show_steps(self.draft, current=self.step, address=address),
            step=self.step,
            **context,
        )


def products_under(view: IdentityManagerView) -> list[Product]:
    """The products of the parent's organizations, each once."""
    found = {organization.product.pk: organization.product for organization in organizations_under(view.parent)}
    return sorted(found.values(), key=lambda product: product.name)
