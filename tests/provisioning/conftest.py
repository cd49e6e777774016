"""Acme with a live connection, and ways to sign in through it as far as provisioning is concerned."""

from collections.abc import Callable
from datetime import datetime

import pytest

from accounts.models import User
from audit.actors import Actor
from orgs.models import Organization, Product
from provisioning.actions import Provisioned, provision_at_sign_in
from provisioning.models import Mode, ProvisioningSettings
from sso.claims import Groups
from tests.cast import Cast, verified_domain
from tests.factories.sso import IdentityProvider, live_connection

SignIn = Callable[..., list[Provisioned]]


@pytest.fixture
def okta(cast: Cast) -> IdentityProvider:
    """The live connection of Acme's parent, serving acme.example."""
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))


@pytest.fixture
def signs_in(okta: IdentityProvider, now: datetime) -> SignIn:
    """Somebody whose sign-in through the connection was verified; groups and product as given."""

    def sign_in(
        user: User,
        *,
        product: Product | None = None,
        groups: Groups = Groups("missing"),  # noqa: B008 - frozen
        at: datetime | None = None,
    ) -> list[Provisioned]:
        return provision_at_sign_in(
            user=user,
            connection=okta.connection,
            product=product,
            groups=groups,
            actor=Actor.of(user),
            now=at or now,
        )

    return sign_in


def set_mode(organization: Organization, mode: Mode, *, uses_mappings: bool = False) -> None:
    ProvisioningSettings.unscoped.update_or_create(
        organization=organization,
        defaults={"mode": mode, "uses_mappings": uses_mappings, "changed_at": organization.created_at},
    )
