import pytest

from orgs.models import Organization
from provisioning.models import Mode, ProvisioningSettings
from tests.cast import Cast, verified_domain
from tests.factories.sso import IdentityProvider, live_connection


@pytest.fixture
def okta(cast: Cast) -> IdentityProvider:
    """Acme's live connection, serving acme.example."""
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))


@pytest.fixture
def acme_lets_people_join(cast: Cast, okta: IdentityProvider) -> Organization:
    """Acme in JIT mode."""
    ProvisioningSettings.unscoped.create(organization=cast.acme, mode=Mode.JIT, changed_at=cast.acme.created_at)
    return cast.acme
