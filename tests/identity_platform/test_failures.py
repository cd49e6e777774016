"""What nobody foresaw: a page with a reference, never a trace, and never somebody let in."""

import re
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory

from audit.models import AuditEvent
from identity_platform.refusals import page_before
from tests.cast import Cast, open_browser


def quiet_client(browser: Client) -> Client:
    """Django's test client raises what a server would answer; a browser sees the answer."""
    browser.raise_request_exception = False
    return browser


def reference_on(page: str) -> str:
    found = re.search(r"ERR-[A-Z2-9]{4}-[A-Z2-9]{4}", page)
    assert found, page
    return found.group()


def test_one_reference_stands_on_the_page_in_the_log_and_in_the_audit_event(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    browser = quiet_client(open_browser(cast.alice))

    with patch("orgs.queries.memberships_of", side_effect=ZeroDivisionError("nobody foresaw this")):
        answer = browser.get("/")

    reference = reference_on(answer.content.decode())
    assert answer.status_code == 500
    assert "nobody foresaw this" not in answer.content.decode()
    assert any(getattr(record, "reference", "") == reference for record in caplog.records)
    event = AuditEvent.objects.get(reference=reference)
    assert event.code == "request.failed"
    assert event.request_id == answer["X-Request-ID"]


def test_a_database_that_is_gone_gives_a_page_and_lets_nobody_in(cast: Cast) -> None:
    browser = quiet_client(open_browser(cast.alice))

    with patch("orgs.queries.find_visitor", side_effect=OperationalError("server closed the connection")):
        answer = browser.get(f"/orgs/{cast.acme.slug}/settings/identity/")

    assert answer.status_code == 500
    reference_on(answer.content.decode())
    assert "server closed" not in answer.content.decode()


def test_where_even_the_page_fails_a_page_that_needs_nothing_is_shown(cast: Cast) -> None:
    browser = quiet_client(open_browser(cast.alice))

    with (
        patch("orgs.queries.memberships_of", side_effect=ZeroDivisionError),
        patch("identity_platform.context.platform", side_effect=ZeroDivisionError),
    ):
        answer = browser.get("/")

    assert answer.status_code == 500
    reference_on(answer.content.decode())


def test_a_crashing_guard_refuses(cast: Cast) -> None:
    """R35: what can't be judged isn't allowed."""
    browser = quiet_client(open_browser(cast.alice))

    with patch("sso.guards.gather_admission", side_effect=ZeroDivisionError):
        answer = browser.get(f"/orgs/{cast.acme.slug}/settings/identity/")

    assert answer.status_code == 503
    assert "Identity and access" not in answer.content.decode()


def test_r35_a_topic_without_a_guard_refuses(cast: Cast, settings: object) -> None:
    browser = quiet_client(open_browser(cast.alice))
    settings.GUARDS = {}  # type: ignore[attr-defined]

    assert browser.get(f"/orgs/{cast.acme.slug}/settings/identity/").status_code == 503


@pytest.mark.parametrize("path", ["/scim/v2/d/Users", "/api/v1/organizations/"])
def test_machines_are_refused_in_their_own_form(path: str) -> None:
    answer = Client().get(path)

    body = answer.json()
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    if path.startswith("/scim"):
        assert answer["Content-Type"] == "application/scim+json"
        assert body["status"] == "401"
        assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    else:
        assert answer["Content-Type"] == "application/problem+json"
        assert (body["status"], body["code"]) == (401, "token_needed")


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example/x", "/x\\y"])
def test_the_page_before_is_never_one_that_a_browser_finds_elsewhere(path: str) -> None:
    posted = RequestFactory().post("/account/", headers={"Referer": f"http://testserver{path}"})

    assert page_before(posted) == "/account/"


def test_the_page_before_is_our_own_with_its_query() -> None:
    posted = RequestFactory().post("/account/", headers={"Referer": "http://testserver/login/?product=assistant"})

    assert page_before(posted) == "/login/?product=assistant"
    assert page_before(RequestFactory().post("//evil.example/")) == "/"
