"""What a returning member's sign-in asks of the database: each statement is CPU that `benchmarks/acs.py` measures."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from orgs.models import Membership, Organization
from provisioning.models import Mode, ProvisioningSettings
from sso.models import Certificate
from tests.cast import Cast
from tests.factories.sso import IdentityProvider, leave_for_sso, post_answer, sign_in_with_sso, signing_key

Browser = Callable[..., Client]


@pytest.mark.parametrize("is_bigger", [False, True], ids=["one organization", "two organizations and certificates"])
@pytest.mark.parametrize("product", ["", "assistant"])
def test_a_returning_member_costs_one_statement_to_park_and_nine_to_finish(
    is_bigger: bool,
    product: str,
    browser_of: Browser,
    cast: Cast,
    okta: IdentityProvider,
    acme_lets_people_join: Organization,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    if is_bigger:
        let_people_join(cast.acme_console)
        trust_another_certificate(okta)
    sign_in_with_sso(browser_of(), okta, "erin@acme.example")
    assert Membership.unscoped.filter(user__email="erin@acme.example").count() == 1 + is_bigger
    browser = browser_of()
    leaving = leave_for_sso(browser, "erin@acme.example", product=product)
    answer = okta.answer(request_id=leaving.request_id, email="erin@acme.example")

    with django_assert_num_queries(1):
        posted = post_answer(okta, answer, leaving.relay_state)

    # Inside the test's own transaction each of the three here is a savepoint and its release.
    savepoints = 3 * 2
    # The attempt, using it up; assertion, domain and person, organizations, claims seen last; session, proof, event.
    with django_assert_num_queries(2 + 4 + 3 + savepoints):
        landed = browser.get(posted["Location"])
    assert landed.status_code == 302
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value


def let_people_join(organization: Organization) -> None:
    ProvisioningSettings.unscoped.create(organization=organization, mode=Mode.JIT, changed_at=organization.created_at)


def trust_another_certificate(idp: IdentityProvider) -> None:
    """As while the identity provider changes its key: the newer certificate is trusted too, and not yet used."""
    present = Certificate.unscoped.get(revision__connection=idp.connection)
    newer = signing_key("newer")
    Certificate.unscoped.create(
        revision_id=present.revision_id,
        pem=newer.certificate_pem,
        fingerprint=newer.fingerprint,
        not_before=present.not_before,
        not_after=present.not_after,
        source="manual",
        added_at=present.added_at,
    )
