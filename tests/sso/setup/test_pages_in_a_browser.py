"""The set-up in Chromium: nothing breaks policy or accessibility, and it can be walked without scripting."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from demo.idp.signer import SigningKey
from domains.models import ClaimState
from sso.actions.connections import edit_connection
from sso.models import ConnectionRevision, RevisionState
from sso.saml.errors import WrongAudience
from tests.browsers import open_chromium
from tests.cast import Cast, verified_domain
from tests.sso.setup.conftest import Setup, metadata_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

IDENTITY = "/orgs/acme/settings/identity/"
LOOKS = ((1280, "light"), (390, "dark"))


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


@pytest.fixture
def addresses(cast: Cast, tested: Setup, now: datetime) -> list[str]:
    """Every page of the set-up, with much on it: a live connection, a draft beside it, tests, domains."""
    verified_domain(cast.acme_group, "acme.example", added_by=cast.alice, connection=tested.connection)
    verified_domain(cast.acme_group, "labs.acme.example", added_by=cast.alice)
    verified_domain(cast.acme_group, "acme-studio.example", added_by=cast.alice, state=ClaimState.PENDING)
    stopped = tested.pass_test(passed=False, error=WrongAudience(expected=tested.at("x"), received="y" * 200))
    passed = tested.pass_test()
    ConnectionRevision.unscoped.filter(id=tested.revision.id).update(state=RevisionState.LIVE, went_live_at=now)
    tested.revision.certificates.update(not_after=now + timedelta(days=20))
    _add_draft(tested)
    steps = [tested.at(step) for step in ("create", "claims", "assign", "metadata", "test", "live", "start-over")]
    results = [tested.at(f"tests/{test.reference}") for test in (stopped, passed)]
    return [IDENTITY, f"{IDENTITY}sso/new/", tested.at(), tested.at("domains"), *steps, *results]


def _add_draft(setup: Setup) -> None:
    setup.revision = edit_connection(setup.connection, actor=setup.actor, now=timezone.now())
    setup.pass_test()


def test_every_page_is_accessible_and_fits_both_widths(
    addresses: list[str], cookies: Any, live_server: Any, chromium: Browser
) -> None:
    complaints: list[str] = []
    for width, scheme in LOOKS:
        page = open_page(chromium, cookies, viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        for address in addresses:
            page.goto(f"{live_server.url}{address}")
            for closed in page.locator("details:not([open]) > summary").all():
                closed.click()
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                complaints.append(f"{address} scrolls sideways by {wide} at {width}")
            found = Axe().run(page)
            if found.violations_count:
                complaints.append(f"{address} at {width} {scheme}: {found.generate_report()}")
    assert complaints == []


def test_without_scripting_it_can_be_walked_with_the_keyboard(
    cast: Cast, cookies: Any, live_server: Any, key: SigningKey, chromium: Browser
) -> None:
    page = open_page(chromium, cookies, java_script_enabled=False)
    page.goto(f"{live_server.url}{IDENTITY}sso/new/")
    expect(page.get_by_role("radio", name="Custom SAML")).to_be_checked()

    press(page, "Continue")
    page.get_by_label("Name of this connection").fill("Northwind IdP")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect Northwind IdP")
    press(page, "Continue to assign people")
    press(page, "Continue to exchange metadata")
    page.get_by_text("Upload the metadata, or paste it").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Or its text").fill(metadata_of(key).decode())
    press(page, "Read it and continue", nth=1)

    expect(page.get_by_role("heading", name="Sign in once, as a test")).to_be_visible()
    expect(page.get_by_role("button", name="Test sign-in")).to_be_visible()


def press(page: Page, name: str, *, nth: int = 0) -> None:
    page.get_by_role("button", name=name).nth(nth).focus()
    page.keyboard.press("Enter")


def test_a_mistake_takes_the_focus_and_leads_to_its_field(
    setup: Setup, cookies: Any, live_server: Any, chromium: Browser
) -> None:
    page = open_page(chromium, cookies)
    page.goto(f"{live_server.url}{setup.at('claims')}")
    page.get_by_label("Subject").fill("upn")
    press(page, "Continue to assign people")

    expect(page.locator("#error-summary")).to_be_focused()
    expect(page).to_have_title("Error: Map claims · Custom SAML · Acme · Acme Identity")
    page.locator("#error-summary a").click()
    expect(page.get_by_label("Subject")).to_be_focused()
    expect(page.get_by_label("Subject")).to_have_attribute("aria-invalid", "true")
