"""The account's pages in Chromium, by keyboard: what was typed survives an ended session, and nothing breaks policy."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import User
from tests.browsers import open_chromium
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse battery staple"


@pytest.fixture
def cookies(cast: Cast, browser_of: Callable[..., Client], live_server: Any) -> list[list[dict[str, str]]]:
    """Alice, who has a password, is signed in in two browsers."""
    User.objects.filter(id=cast.alice.id).update(password=make_password(PASSWORD))
    return [
        [
            {"name": name, "value": client.cookies[name].value, "url": live_server.url}
            for name in (settings.SESSION_COOKIE_NAME, settings.BROWSER_COOKIE_NAME)
        ]
        for client in (browser_of(cast.alice), browser_of(cast.alice))
    ]


@pytest.fixture
def chromium(cookies: object) -> Iterator[Browser]:
    """Begun last, since Django refuses the database to the thread of a running event loop."""
    with open_chromium() as browser:
        yield browser


def open_context(chromium: Browser, cookies: Any, **options: Any) -> BrowserContext:
    context = chromium.new_context(reduced_motion="reduce", **options)
    context.add_cookies(cookies)
    return context


def listen(page: Page) -> list[str]:
    """Whatever the browser complains of: refused by policy, not found, failed."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


@pytest.mark.parametrize("scripting", [True, False], ids=["with scripting", "without"])
def test_a_domain_typed_in_an_ended_session_is_saved_after_signing_in_by_password(
    scripting: bool, chromium: Browser, cookies: list[Any], live_server: Any
) -> None:
    page = open_context(chromium, cookies[0], java_script_enabled=scripting).new_page()
    complaints = listen(page)
    page.goto(f"{live_server.url}/orgs/acme/settings/identity/domains/new/")

    elsewhere = open_context(chromium, cookies[1]).new_page()
    elsewhere.goto(f"{live_server.url}/account/sessions/")
    elsewhere.get_by_role("button", name="End the other session").press("Enter")
    expect(elsewhere.get_by_role("status").first).to_contain_text("You are signed out of 1 other browser.")

    page.get_by_role("textbox", name="Domain").fill("typed.example")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_role("link", name="password").press("Enter")
    page.get_by_role("textbox", name="Email").fill("alice@acme.example")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Go on where you were")
    expect(page.get_by_role("main")).to_contain_text("typed.example")
    page.get_by_role("button", name="Send it now").press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text("typed.example")
    assert "/settings/identity/domains/" in page.url
    assert complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_of_the_account_are_accessible_on_a_phone_and_a_desk(
    theme: Any, chromium: Browser, cookies: list[Any], live_server: Any
) -> None:
    for width in (320, 1280):
        page = open_context(
            chromium, cookies[0], viewport={"width": width, "height": 900}, color_scheme=theme
        ).new_page()
        complaints = listen(page)
        for path in ("/", "/account/", "/account/sessions/", "/account/password/", "/account/password/remove/"):
            page.goto(f"{live_server.url}{path}")
            assert page.locator("h1").count() == 1
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), (path, width)
            violations = Axe().run(page).response["violations"]
            assert [violation["id"] for violation in violations] == [], path
        assert complaints == []
