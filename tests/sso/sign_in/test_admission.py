"""What a session opens: each organization asks for itself, at every request, whatever way somebody came in by."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Way
from audit.actors import SYSTEM
from orgs.actions.memberships import add_membership
from orgs.models import Enforcement, Organization
from sso.models import Connection
from tests.cast import Cast, role_of
from tests.factories.sso import IdentityProvider, bring_answer, leave_from, sign_in_with_sso

Browser = Callable[..., Client]


def identity_page(organization: Organization) -> str:
    return f"/orgs/{organization.slug}/settings/identity/"


def enforce(organization: Organization) -> None:
    """Require SSO for the organization's product under its parent, with no older proof kept."""
    now = timezone.now()
    Enforcement.unscoped.create(
        parent=organization.parent, product=organization.product, enforced_at=now, email_proofs_valid_from=now
    )


def make_owner(organization: Organization, user: object) -> None:
    add_membership(
        organization,
        user=user,  # type: ignore[arg-type]
        role=role_of(organization, "owner"),
        source="manual",
        actor=SYSTEM,
        now=timezone.now(),
    )


def test_r33_a_session_by_one_parents_connection_opens_nothing_of_another(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    make_owner(cast.acme, cast.stella)
    make_owner(cast.globex, cast.stella)
    browser = browser_of(cast.stella, way=Way.SSO, connection=okta.connection)

    assert browser.get(identity_page(cast.acme)).status_code == 200
    elsewhere = browser.get(identity_page(cast.globex))

    assert elsewhere.status_code == 302
    assert elsewhere["Location"].startswith("/login/required/")


def test_r33_the_organization_is_asked_again_at_each_request(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    make_owner(cast.acme, cast.stella)
    browser = browser_of(cast.stella, way=Way.SSO, connection=okta.connection)
    assert browser.get(identity_page(cast.acme)).status_code == 200

    Connection.unscoped.filter(id=okta.connection.id).update(proofs_valid_from=timezone.now() + timedelta(seconds=1))

    assert browser.get(identity_page(cast.acme)).status_code == 302


@pytest.mark.parametrize("way", [Way.EMAIL, Way.PASSWORD, Way.GOOGLE])
def test_r34_where_sso_is_enforced_no_other_way_in_opens_the_organization(
    way: Way, browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    enforce(cast.acme)
    browser = browser_of(cast.alice, way=way)

    page = browser.get(identity_page(cast.acme))

    assert page.status_code == 302
    assert page["Location"].startswith("/login/required/")
    assert okta.connection.id.hex in page["Location"]


def test_r34_with_sso_the_same_person_is_let_in(browser_of: Browser, cast: Cast, okta: IdentityProvider) -> None:
    enforce(cast.acme)
    browser = browser_of()

    sign_in_with_sso(browser, okta, cast.alice.email)

    assert browser.get(identity_page(cast.acme)).status_code == 200


def test_r31_a_confirmation_is_for_the_subject_that_its_page_showed(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    """Two sign-ins wait in one browser: pressing the button of the first one never signs in the second's person."""
    browser = browser_of()
    waiting = {}
    for email in ("alice@acme.example", "bob@acme.example"):
        leaving = leave_from(browser, f"/sso/saml/{okta.connection.id.hex}/login/")
        answer = okta.answer(request_id=leaving.request_id, email=email)
        waiting[email] = bring_answer(browser, okta, answer, leaving.relay_state)["Location"]
    assert b"alice@acme.example" in browser.get(waiting["alice@acme.example"]).content

    browser.post(waiting["alice@acme.example"])

    assert b"alice@acme.example" in browser.get("/").content


def test_r31_a_confirmation_works_once_and_in_its_own_browser(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    browser, other = browser_of(), browser_of()
    leaving = leave_from(browser, f"/sso/saml/{okta.connection.id.hex}/login/")
    answer = okta.answer(request_id=leaving.request_id, email="bob@acme.example")
    page = bring_answer(browser, okta, answer, leaving.relay_state)["Location"]

    assert other.post(page).status_code == 403
    assert browser.post(page).status_code == 302
    assert browser.post(page).status_code >= 400
