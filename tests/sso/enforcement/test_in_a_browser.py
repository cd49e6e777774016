"""Enforcing SSO in Chromium: accessible, nothing beyond the edge of a phone, and all of it without scripting."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from tests.browsers import open_chromium
from tests.cast import Cast
from tests.sso.enforcement.conftest import PAGE, join

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

IDENTITY = "/orgs/acme/settings/identity/"
LOOKS = ((1280, "light"), (390, "dark"))


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """Begun last, since Django refuses the database to the thread of a running event loop."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def cookies(alice: Client, cast: Cast, browser_of: Callable[..., Client], live_server: Any) -> list[dict[str, str]]:
    """Alice, signed in with SSO; around her people who never were, an outsider, and older sessions."""
    browser_of(cast.bob, proved_at=timezone.now() - timedelta(days=3))
    join(cast.acme, "carla@contractor.example")
    for number in range(30):
        join(cast.acme, f"person-with-a-rather-long-address-{number}@acme.example")
    return cookies_of(alice, live_server.url)


@pytest.fixture
def others(cast: Cast, browser_of: Callable[..., Client], live_server: Any) -> list[dict[str, str]]:
    """Alice in another browser, signed in by email."""
    return cookies_of(browser_of(cast.alice), live_server.url)


def cookies_of(client: Client, url: str) -> list[dict[str, str]]:
    names = (django_settings.SESSION_COOKIE_NAME, django_settings.BROWSER_COOKIE_NAME)
    return [{"name": name, "value": client.cookies[name].value, "url": url} for name in names]


def open_page(chromium: Browser, cookies: Any, **options: Any) -> Page:
    options.setdefault("viewport", {"width": 1280, "height": 900})
    context = chromium.new_context(reduced_motion="reduce", **options)
    context.add_cookies(cookies)
    return context.new_page()


def examine(page: Page, *, look: str) -> list[str]:
    """What is wrong with the page as it stands."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    found = Axe().run(page)
    complaints = [f"{page.url} scrolls sideways by {wide}, {look}"] if wide > 0 else []
    return complaints + ([f"{page.url}, {look}: {found.generate_report()}"] if found.violations_count else [])


def test_every_state_is_accessible_and_fits_both_widths(
    cookies: Any, others: Any, live_server: Any, chromium: Browser
) -> None:
    complaints: list[str] = []
    for width, scheme in LOOKS:
        options: Any = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
        page, blocked = open_page(chromium, cookies, **options), open_page(chromium, others, **options)
        for tab in (page, blocked):
            tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        blocked.goto(f"{live_server.url}{PAGE}")
        complaints.extend(examine(blocked, look=f"blocked {scheme}"))
        for query in ("", "?show=all&page=2", "?show=others"):
            page.goto(f"{live_server.url}{PAGE}{query}")
            complaints.extend(examine(page, look=scheme))
        page.get_by_label("Type Acme to confirm").fill("Acme")
        page.get_by_role("button", name="Require SSO for 32 people").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Identity and access")
        complaints.extend(examine(page, look=f"enforced {scheme}"))
        page.goto(f"{live_server.url}{PAGE}")
        complaints.extend(examine(page, look=f"enforced {scheme}"))
        page.get_by_role("button", name="Make SSO optional for Assistant").click()
        expect(page.get_by_role("status")).to_contain_text(["SSO is optional again for Assistant."])
    assert complaints == []


def test_without_scripting_and_with_the_keyboard_alone(cookies: Any, live_server: Any, chromium: Browser) -> None:
    page = open_page(chromium, cookies, java_script_enabled=False)
    page.goto(f"{live_server.url}{PAGE}")

    page.get_by_role("radio", name="End the one").focus()
    page.keyboard.press("Space")
    page.get_by_label("Type Acme to confirm").fill("Globex")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This isn't Acme. Type it as it is written there.").first).to_be_visible()
    expect(page.get_by_role("radio", name="End the one")).to_be_checked()

    page.get_by_label("Type Acme to confirm").fill("acme")
    page.keyboard.press("Enter")
    expect(page.get_by_text("SSO is enforced for Assistant.")).to_be_visible()
    page.get_by_role("button", name="Make SSO optional again").press("Enter")

    expect(page.get_by_text("SSO is optional again for Assistant. Nobody was signed out.")).to_be_visible()
