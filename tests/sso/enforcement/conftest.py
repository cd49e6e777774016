"""Acme with a live connection that serves its domain, Alice signed in through it, and what they do on the page."""

import re
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.actors import SYSTEM
from domains.models import DomainClaim, ShareableName
from orgs.actions.memberships import add_membership
from orgs.models import Membership, Organization
from tests.cast import Cast, person, role_of, verified_domain
from tests.domains.zones import FIRST, RESOLVER, SECOND
from tests.factories.sso import IdentityProvider, live_connection, sign_in_with_sso

PAGE = "/orgs/acme/settings/identity/require/assistant/"
CONSOLE = "/orgs/acme/settings/identity/require/console/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The name servers of these tests live on several loopback addresses."""
    for item in items:
        if "tests/sso/enforcement" in str(item.path):
            item.add_marker(pytest.mark.allow_hosts([FIRST, SECOND, RESOLVER, "::1"]))


@pytest.fixture
def okta(cast: Cast) -> IdentityProvider:
    """Acme's live connection, serving acme.example, which staff verified: DNS isn't asked for it."""
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice, is_manual=True)
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))


@pytest.fixture
def alice(cast: Cast, okta: IdentityProvider, browser_of: Callable[..., Client]) -> Client:
    """Alice's browser, signed in through the connection."""
    browser = browser_of()
    sign_in_with_sso(browser, okta, cast.alice.email)
    return browser


def join(organization: Organization, email: str, *, role: str = "user") -> User:
    """Somebody new in an organization."""
    user = person(email)
    member(organization, user, role=role)
    return user


def member(organization: Organization, user: User, *, role: str = "user") -> Membership:
    return add_membership(
        organization,
        user=user,
        role=role_of(organization, role),
        source="manual",
        actor=SYSTEM,
        now=timezone.now(),
    )


def share(claim: DomainClaim, *, by: User) -> None:
    """Staff marked the name as one that several parents may prove."""
    ShareableName.objects.create(name=claim.name, marked_by=by, marked_at=timezone.now(), reason="Two companies")
    DomainClaim.unscoped.filter(name=claim.name).update(is_shared=True)


def enforce(browser: Client, page: str = PAGE, **fields: str) -> HttpResponse:
    """Look at the plan and press its button, with the organization's name typed."""
    return confirm(browser, browser.get(page), page, **fields)


def confirm(browser: Client, seen: HttpResponse, page: str = PAGE, **fields: str) -> HttpResponse:
    return browser.post(page, {"plan": plan_of(seen), "sessions": "keep", "typed": "acme ", **fields})


def plan_of(page: HttpResponse) -> str:
    found = re.search(r'name="plan" value="([^"]*)"', page.content.decode())
    assert found, words(page)
    return found.group(1)


def words(page: HttpResponse) -> str:
    """The page's text, without tags and doubled blanks."""
    text = re.sub(r"<[^>]+>", " ", page.content.decode())
    for entity, sign in (("&#x27;", "'"), ("&quot;", '"'), ("’", "'")):
        text = text.replace(entity, sign)
    return " ".join(text.split())
