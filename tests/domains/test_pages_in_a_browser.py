"""The pages of a claim in Chromium: the badge turns green by itself, everything is reachable, nothing breaks policy."""

import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from domains import tasks
from domains.challenge import challenge_for
from domains.models import ClaimState
from tests.browsers import open_chromium
from tests.cast import Cast, verified_domain
from tests.domains.conftest import AddClaim
from tests.domains.zones import LABEL, SECOND, proof, serving, silent, zone

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("woken")]

IDENTITY = "/orgs/acme/settings/identity/"


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """Begun last, since Django refuses the database to the thread of a running event loop."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def cookies(cast: Cast, browser_of: Callable[..., Client], live_server: Any) -> list[dict[str, str]]:
    """Alice is signed in."""
    client = browser_of(cast.alice)
    return [
        {"name": name, "value": client.cookies[name].value, "url": live_server.url}
        for name in (django_settings.SESSION_COOKIE_NAME, django_settings.BROWSER_COOKIE_NAME)
    ]


def open_page(chromium: Browser, cookies: Any, **options: Any) -> Page:
    options.setdefault("viewport", {"width": 1280, "height": 900})
    context = chromium.new_context(reduced_motion="reduce", **options)
    context.add_cookies(cookies)
    return context.new_page()


def run_worker() -> None:
    """What a worker does when the schedule calls it, in a thread with a connection of its own."""

    def work() -> None:
        tasks.check_due_claims()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=30)


def test_the_page_turns_to_verified_by_itself(cookies: Any, live_server: Any, settings: Any, chromium: Browser) -> None:
    page = open_page(chromium, cookies)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{live_server.url}{IDENTITY}domains/new/")
    page.get_by_label("Domain", exact=True).fill("https://Northwind.example/about")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Verify northwind.example")
    value = page.get_by_label("value", exact=True).text_content() or ""
    page.evaluate("window.stayed = true")

    with serving(settings, zone(proof(value))):
        run_worker()
    expect(page.get_by_role("heading", level=1)).to_have_text("northwind.example is verified", timeout=15_000)
    expect(page.locator(".badge.ok").first).to_have_text("Verified")
    assert page.evaluate("window.stayed"), "the page was not loaded again"
    assert complaints == []


def test_refresh_keeps_the_focus_and_names_the_mistake(
    cookies: Any, live_server: Any, settings: Any, chromium: Browser
) -> None:
    page = open_page(chromium, cookies)
    page.goto(f"{live_server.url}{IDENTITY}domains/new/")
    page.get_by_label("Domain", exact=True).fill("northwind.example")
    page.keyboard.press("Enter")
    value = page.get_by_label("value", exact=True).text_content() or ""
    refresh = page.get_by_role("button", name="Refresh")
    with serving(settings, zone(proof(value, at=f"{LABEL}.northwind.example"))):
        refresh.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("The domain was added twice")).to_be_visible()
        expect(refresh).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_text("You can check again in")).to_be_visible()


def test_without_scripting_the_button_does_it(cookies: Any, live_server: Any, settings: Any, chromium: Browser) -> None:
    page = open_page(chromium, cookies, java_script_enabled=False)
    page.goto(f"{live_server.url}{IDENTITY}domains/new/")
    page.get_by_label("Domain", exact=True).fill("northwind.example")
    page.get_by_role("button", name="Add domain").click()
    value = page.get_by_label("value", exact=True).text_content() or ""
    with serving(settings, zone(proof(value))):
        page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("northwind.example is verified")


@pytest.fixture
def claims(add_claim: AddClaim, cast: Cast, now: datetime, settings: Any) -> dict[str, str]:
    """One claim in each state; the ids by what they show."""
    group, by = cast.acme_group, cast.alice
    waiting, wrong, half = (add_claim(f"{name}.northwind.example") for name in ("waiting", "wrong", "half"))
    wrong_value = challenge_for(wrong.name, token=wrong.token).token
    with serving(settings, zone(proof(wrong_value, at=f"{LABEL}.wrong")), at={SECOND: silent}):
        tasks.check_due_claims()
    shown = {"waiting": waiting, "wrong": wrong, "half": half, "unchecked": add_claim("münchen-northwind.de")}
    shown["verified"] = verified_domain(group, "northwind.example", added_by=by)
    shown["missing"] = verified_domain(group, "m.northwind.example", added_by=by, absent_since=now)
    shown["lapsed"] = verified_domain(
        group, "l.example", added_by=by, state=ClaimState.LAPSED, lapsed_at=now, absent_since=now
    )
    shown["expired"] = verified_domain(group, "e.example", added_by=by, state=ClaimState.EXPIRED)
    shown["removed"] = verified_domain(group, "r.example", added_by=by, state=ClaimState.REMOVED, removed_at=now)
    return {name: f"{IDENTITY}domains/{claim.id.hex}/" for name, claim in shown.items()}


def test_every_state_is_accessible_in_both_themes_and_fits_a_small_phone(
    claims: dict[str, str], cookies: Any, live_server: Any, chromium: Browser
) -> None:
    for width, theme in ((1280, "light"), (390, "dark")):
        page = open_page(chromium, cookies, viewport={"width": width, "height": 900}, color_scheme=theme)
        for name, address in {**claims, "add": f"{IDENTITY}domains/new/"}.items():
            page.goto(live_server.url + address)
            results = Axe().run(page)
            assert results.violations_count == 0, f"{name}: {results.generate_report()}"
            if folder := os.environ.get("SCREENSHOTS"):
                page.screenshot(path=f"{folder}/{name}-{width}-{theme}.png", full_page=True)
            page.set_viewport_size({"width": 320, "height": 700})
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
            page.set_viewport_size({"width": width, "height": 900})
