"""Every URL, as stranger, member, identity manager, another parent's manager, and staff, against the table."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import Way
from sso.actions.refusals import record_refusal
from sso.claims import ClaimMapping
from sso.errors import SubjectChanged
from sso.models import RevisionState, TestSignIn
from sso.testing import build_report
from tests.access.table import STAFF, TABLE, Row
from tests.cast import Cast, verified_domain
from tests.factories.sso import IdentityProvider, live_connection

Browser = Callable[..., Client]

pytestmark = pytest.mark.sqlite

# These pages are about a draft; the others about the live connection.
WIZARD = {
    f"sso_setup:{page}"
    for page in ("create", "claims", "assign", "metadata", "test", "live", "start_over", "test_result")
}

PEOPLE = ("stranger", "member", "manager", "other_manager", "staff")


def url_names() -> list[str]:
    return sorted(set(_names(get_resolver().url_patterns, "")))


def _names(patterns: list[Any], namespace: str) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _names(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name or pattern.pattern}"


def row_of(name: str) -> Row:
    """The admin's own addresses are many and follow one rule; everything else stands in the table by name."""
    return STAFF if name.startswith("admin:") else TABLE[name]


def test_every_url_stands_in_the_table() -> None:
    named = {name for name in url_names() if not name.startswith("admin:")}

    assert named - set(TABLE) == set(), "add it to tests/access/table.py"
    assert set(TABLE) - named == set(), "these are gone: take them out of tests/access/table.py"


@pytest.fixture
def okta(cast: Cast) -> IdentityProvider:
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))


@pytest.fixture
def draft(cast: Cast) -> IdentityProvider:
    """A set-up of Acme that passed its test and waits to go live."""
    idp = live_connection(cast.acme_group, created_by=cast.alice, name="Entra", state=RevisionState.TESTED)
    TestSignIn.unscoped.create(
        reference="TST-AAAA-AAAA",
        revision=idp.connection.revisions.get(),
        revision_version=1,
        tested_by=cast.alice,
        at=timezone.now(),
        passed=True,
        report=build_report(
            rejected=None,
            assertion=None,
            claims=None,
            domain_is_assigned=True,
            account_exists=True,
            memberships=(),
            mapping=ClaimMapping(),
        ),
    )
    return idp


@pytest.fixture
def refusal(okta: IdentityProvider) -> str:
    """The reference of a sign-in that was refused at Acme's connection."""
    return record_refusal(SubjectChanged(received="x"), connection=okta.connection, now=timezone.now())


@pytest.fixture
def browsers(cast: Cast, browser_of: Browser) -> dict[str, Client]:
    return {
        "stranger": browser_of(),
        "member": browser_of(cast.bob),
        "manager": browser_of(cast.alice),
        "other_manager": browser_of(cast.charlie),
        "staff": browser_of(cast.sam, way=Way.STAFF),
    }


@pytest.fixture
def arguments(cast: Cast, okta: IdentityProvider) -> dict[str, Any]:
    """What stands for each part of a path: things of Acme, so that everybody else must find nothing."""
    claim = cast.acme_group.domain_claims.get()
    token = "x" * 43
    return {
        "slug": cast.acme.slug,
        "connection_id": okta.connection.id,
        "claim_id": claim.id,
        "sign_in_id": claim.id,
        "session_id": claim.id,
        "invitation_id": claim.id,
        "reference": "TST-AAAA-AAAA",
        "product": "assistant",
        "relay_state": token,
        "state": token,
        "token": token,
    }


def answer(response: HttpResponse) -> int | str:
    if response.status_code in {301, 302, 303}:
        location = response["Location"]
        if location.startswith(("/login/?next", "/login/?again")):
            return "login"
        if location.startswith(("/login/?staff", "/admin/login/")):
            return "staff"
    return response.status_code


def address_of(name: str, arguments: dict[str, Any]) -> str | None:
    if name == "scim":
        return "/scim/v2/anything/Users"
    if name == "api":
        return "/api/v1/organizations/"
    wanted = next(iter(get_resolver_entry(name)))
    return reverse(name, kwargs={key: arguments[key] for key in wanted if key in arguments})


def get_resolver_entry(name: str) -> list[list[str]]:
    namespace, _, view = name.rpartition(":")
    resolver = get_resolver()
    if namespace:
        _, inner = resolver.namespace_dict[namespace]
        resolver_parameters = [p for p in ("slug",) if "slug" in str(resolver.namespace_dict[namespace][0])]
        return [[*resolver_parameters, *parameters] for _, parameters in (inner.reverse_dict[view][0][0],)]
    return [parameters for _, parameters in (resolver.reverse_dict[view][0][0],)]


@pytest.mark.parametrize("name", [name for name in url_names() if not name.startswith("admin:")])
def test_who_may_open_it(
    name: str, browsers: dict[str, Client], arguments: dict[str, Any], draft: IdentityProvider, refusal: str
) -> None:
    row = TABLE[name]
    if name == "sign_in_problems:refusal":
        arguments["reference"] = refusal
    if name in WIZARD:
        arguments["connection_id"] = draft.connection.id
    answers = {}
    for person in PEOPLE:
        address = address_of(name, arguments)
        assert address is not None
        answers[person] = answer(browsers[person].get(address))

    assert answers == {person: getattr(row, person) for person in PEOPLE}


@pytest.mark.parametrize(
    "address", ["/admin/", "/admin/orgs/organization/", "/admin/accounts/user/", "/admin/password_change/"]
)
def test_the_staff_pages_are_for_staff(address: str, browsers: dict[str, Client]) -> None:
    for person in PEOPLE[:-1]:
        assert answer(browsers[person].get(address)) == "staff"


def test_nothing_of_acme_is_told_to_the_manager_of_globex(
    browsers: dict[str, Client], arguments: dict[str, Any], cast: Cast
) -> None:
    """On no URL: whatever Charlie opens, no page of his names Acme, its people, its domain or its connection."""
    for name in TABLE:
        if name.startswith("saml_"):
            continue  # public addresses of a connection: they name the provider, to whoever knows 122 random bits
        page = browsers["other_manager"].get(str(address_of(name, arguments)), follow=True).content.decode()
        for secret in ("Acme<", "Acme Console", "acme.example", "alice@", "bob@", arguments["connection_id"].hex):
            assert secret not in page.replace(settings.PLATFORM_NAME, "").replace("@acme.example", ""), (name, secret)


def test_the_path_works_without_its_trailing_slash(browsers: dict[str, Client], cast: Cast) -> None:
    redirected = browsers["manager"].get(f"/orgs/{cast.acme.slug}/settings/identity?tab=1")

    assert (redirected.status_code, redirected["Location"]) == (301, f"/orgs/{cast.acme.slug}/settings/identity/?tab=1")


def test_no_path_has_an_underscore(arguments: dict[str, Any]) -> None:
    for name in TABLE:
        assert "_" not in str(address_of(name, arguments)).replace("x" * 43, "")


@pytest.mark.parametrize(
    "model", ["accounts/user", "orgs/organization", "orgs/membership", "domains/domainclaim", "audit/auditevent"]
)
def test_staff_look_and_change_nothing_in_the_admin(
    model: str, browsers: dict[str, Client], okta: IdentityProvider
) -> None:
    listed = browsers["staff"].get(f"/admin/{model}/")

    assert listed.status_code == 200
    assert browsers["staff"].get(f"/admin/{model}/add/").status_code == 403
    assert browsers["staff"].post(f"/admin/{model}/add/", {}).status_code == 403


def test_the_token_of_a_claim_is_not_shown_to_staff(
    browsers: dict[str, Client], okta: IdentityProvider, cast: Cast
) -> None:
    claim = cast.acme_group.domain_claims.get()

    page = browsers["staff"].get(f"/admin/domains/domainclaim/{claim.id}/change/")

    assert page.status_code == 200
    assert claim.token not in page.content.decode()


def test_the_staff_pages_stay_closed_where_a_second_factor_is_required(
    browsers: dict[str, Client], settings: Any
) -> None:
    settings.STAFF_SECOND_FACTOR = True

    assert answer(browsers["staff"].get("/admin/")) == "staff"
