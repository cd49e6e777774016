"""The page of a limit and the page of a mail without a code, in Chromium: by keyboard, accessible, within a phone."""

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import EmailedSignIn
from audit.tasks import deliver_outbox
from tests.browsers import open_chromium
from tests.cast import Cast, open_browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture
def chromium(live_server: Any) -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def asked_often(cast: Cast) -> None:
    """Somebody in the network of this machine asked for five mails to Alice."""
    for _ in range(5):
        browser = open_browser(None)
        browser.post("/login/", {"email": "alice@acme.example", "way": "email"}, REMOTE_ADDR="127.0.0.1")


@pytest.fixture
def guessed_often(cast: Cast) -> None:
    """Ten wrong codes were typed for Alice today."""
    for _ in range(2):
        EmailedSignIn.objects.create(
            email="alice@acme.example",
            browser_hash="of another browser",
            link_hash=os.urandom(16).hex(),
            wrong_codes=5,
            last_wrong_code_at=timezone.now(),
            created_at=timezone.now(),
            expires_at=timezone.now(),
        )


def ask_for_mail(page: Page, url: str) -> None:
    """With the keyboard alone."""
    page.goto(f"{url}/login/?product=assistant")
    page.get_by_label("Email").focus()
    page.keyboard.type("alice@acme.example")
    page.keyboard.press("Enter")


def ensure_good(page: Page, name: str) -> None:
    """Accessible, nothing beyond the edge, in every look; with SCREENSHOTS set, kept there to be looked at."""
    for width, theme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (width, theme)
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{name}-{width}-{theme}.png", full_page=True)


def newest_mail() -> str:
    """Delivered in a thread: Django refuses the database to the one in which the browser's loop runs."""

    def deliver() -> None:
        deliver_outbox()
        connection.close()

    thread = threading.Thread(target=deliver)
    thread.start()
    thread.join(timeout=30)
    return str(mail.outbox[-1].body)


@pytest.mark.usefixtures("asked_often")
def test_the_page_of_a_limit_says_when_it_works_again_and_leads_back(live_server: Any, chromium: Browser) -> None:
    page = chromium.new_page()
    ask_for_mail(page, live_server.url)

    expect(page.get_by_role("heading", level=1)).to_have_text("Too many sign-in mails were asked for.")
    expect(page.locator("time")).to_contain_text("UTC")
    ensure_good(page, "limit")
    page.get_by_role("link", name="Go back").press("Enter")
    expect(page).to_have_url(re.compile(r"/login/\?product=assistant$"))


@pytest.mark.usefixtures("guessed_often")
def test_a_mail_without_a_code_is_followed_by_its_link(live_server: Any, chromium: Browser) -> None:
    page = chromium.new_page()
    ask_for_mail(page, live_server.url)

    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    expect(page.get_by_label("Six-digit code")).to_have_count(0)
    ensure_good(page, "link-only")
    page.get_by_role("button", name="Send another mail").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("sent a moment ago")
    ensure_good(page, "too-soon")

    link = re.search(r"/login/link/[\w-]+/", newest_mail())
    assert link
    page.goto(f"{live_server.url}{link.group()}")
    page.get_by_role("button", name="Sign in").press("Enter")
    expect(page).to_have_url(f"{live_server.url}/")


def test_the_page_of_a_code_offers_another_mail(live_server: Any, cast: Cast, chromium: Browser) -> None:
    page = chromium.new_page()
    ask_for_mail(page, live_server.url)

    expect(page.get_by_label("Six-digit code")).to_be_focused()
    expect(page.get_by_role("button", name="Send another mail")).to_be_visible()
    ensure_good(page, "code")
