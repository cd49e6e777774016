"""Sessions and the reset of a connection in Chromium: accessible in both looks, and walked with scripting off."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from orgs.models import Membership
from sso.models import ConnectionRevision
from tests.browsers import open_chromium
from tests.cast import Cast, person, role_of, verified_domain
from tests.factories.sso import IdentityProvider, live_connection
from tests.orgs.session_pages import END_ALL, POLICY, SESSIONS
from tests.provisioning.conftest import set_mode

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = [(1280, "light"), (390, "dark")]


@pytest.fixture
def okta(cast: Cast, now: datetime) -> IdentityProvider:
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    idp = live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))
    ConnectionRevision.unscoped.filter(connection=idp.connection).update(went_live_at=now)
    return idp


@pytest.fixture
def cookies(
    cast: Cast, okta: IdentityProvider, browser_of: Callable[..., Client], live_server: Any, now: datetime
) -> list[dict[str, str]]:
    """Alice's; Acme has some more people, signed in hours ago in several ways."""
    set_mode(cast.acme, "jit")
    for number in range(30):
        user = person(f"person{number}@acme.example", name=f"Person {number} of Acme")
        Membership.unscoped.create(
            organization=cast.acme, user=user, role=role_of(cast.acme, "user"), source="manual", created_at=now
        )
        browser_of(user, proved_at=now - timedelta(hours=number))
    browser_of(cast.bob, way="sso", connection=okta.connection, proved_at=now - timedelta(hours=5))
    browser_of(cast.bob, proved_at=now - timedelta(hours=30))
    return cookies_of(browser_of(cast.alice), url=live_server.url)


@pytest.fixture
def outside(cast: Cast, browser_of: Callable[..., Client], live_server: Any, now: datetime) -> list[dict[str, str]]:
    """Those of Carol, who manages Acme with an address outside its domains."""
    carol = person("carol@contractors.example")
    Membership.unscoped.create(
        organization=cast.acme, user=carol, role=role_of(cast.acme, "owner"), source="manual", created_at=now
    )
    return cookies_of(browser_of(carol), url=live_server.url)


def cookies_of(client: Client, *, url: str) -> list[dict[str, str]]:
    names = (settings.SESSION_COOKIE_NAME, settings.BROWSER_COOKIE_NAME)
    return [{"name": name, "value": client.cookies[name].value, "url": url} for name in names]


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """Begun last, since Django refuses the database to the thread of a running event loop."""
    with open_chromium() as browser:
        yield browser


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_every_page_is_accessible_and_fits(
    width: int, theme: Any, okta: IdentityProvider, cookies: Any, outside: Any, live_server: Any, chromium: Browser
) -> None:
    page = open_page(chromium, cookies, url=live_server.url, width=width, color_scheme=theme)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    reset = f"/orgs/acme/settings/identity/sso/{okta.connection.id.hex}/reset/"

    def look() -> None:
        complaints.extend(look_at(page, width=width))

    page.goto(SESSIONS)
    look()
    page.goto(
        f"{POLICY}?lifetime=1&lifetime_unit=hours&idle=1&idle_unit=hours&recent_sign_in=1&recent_sign_in_unit=hours"
    )
    look()
    page.goto(POLICY)
    page.get_by_label("Sign in again after", exact=True).fill("91")
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.locator("#error-summary")).to_be_focused()
    complaints = [text for text in complaints if "422" not in text]
    look()
    page.goto(SESSIONS)
    page.get_by_label("Bob").check()
    page.get_by_role("button", name="Review and end sessions").click()
    look()
    page.goto(END_ALL)
    look()
    page.goto(reset)
    look()
    page.get_by_label("Type Acme to confirm").fill("acme")
    page.get_by_role("button", name="Reset Okta").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Okta was reset")
    look()

    page = open_page(chromium, outside, url=live_server.url, width=width, color_scheme=theme)
    page.goto("/orgs/acme/settings/identity/")
    look()
    page.get_by_role("link", name="Tell its people").click()
    look()
    page.get_by_role("button", name="Email 32 people").click()
    expect(page.get_by_text("32 people are being mailed.")).to_be_visible()
    look()
    assert complaints == []


def test_without_scripting_all_can_be_done_with_the_keyboard(
    okta: IdentityProvider, cookies: Any, live_server: Any, chromium: Browser
) -> None:
    page = open_page(chromium, cookies, url=live_server.url, java_script_enabled=False)
    page.goto(SESSIONS)
    press(page, "link", "Change the session policy")
    page.get_by_label("Sign in again after", exact=True).fill("12")
    page.get_by_label("Sign in again after: unit").select_option("hours")
    page.get_by_label("Sign in again without activity for", exact=True).fill("2")
    page.get_by_label("Sign in again without activity for: unit").select_option("hours")
    press(page, "button", "Show what would happen")
    press(page, "button", "Change the session policy")
    expect(page.get_by_text("The session policy is changed.")).to_be_visible()

    page.get_by_label("Name or address").fill("person 1 ")
    page.keyboard.press("Enter")
    page.get_by_label("Person 1 of Acme").focus()
    page.keyboard.press("Space")
    press(page, "button", "Review and end sessions")
    press(page, "button", "End the sessions of 1 person")
    expect(page.get_by_text("The sessions of 1 person at Acme were ended.")).to_be_visible()

    press(page, "link", "Review and end all")
    page.get_by_label("Type Acme to confirm").fill("Acme")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("All sessions were ended")
    press(page, "link", "Sign in again")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in")


def open_page(chromium: Browser, cookies: Any, *, url: str, width: int = 1280, **options: Any) -> Page:
    context = chromium.new_context(
        base_url=url, viewport={"width": width, "height": 900}, reduced_motion="reduce", **options
    )
    context.add_cookies(cookies)
    return context.new_page()


def press(page: Page, role: Any, name: str) -> None:
    page.get_by_role(role, name=name).focus()
    page.keyboard.press("Enter")


def look_at(page: Page, *, width: int) -> list[str]:
    complaints = []
    beyond = page.evaluate("document.documentElement.scrollWidth") - width
    if beyond > 0:
        complaints.append(f"{page.url} scrolls sideways by {beyond} at {width}")
    found = Axe().run(page)
    if found.violations_count:
        complaints.append(f"{page.url} at {width}: {found.generate_report()}")
    return complaints
