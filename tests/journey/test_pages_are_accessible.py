"""The main pages in Chromium, as each person sees them: accessible, one heading, nothing beyond the edge of a phone.

The set-up of SSO, the pages of a domain and the demo have such tests beside their own; these are all the others.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, expect

from accounts.models import Way
from audit.actors import SYSTEM
from orgs.actions.memberships import add_membership
from orgs.models import Membership
from orgs.models.members import MembershipState
from tests.browsers import open_chromium
from tests.cast import Cast, person, role_of, verified_domain
from tests.factories.sso import bring_answer, leave_for_sso, leave_from, live_connection, post_answer
from tests.sso.sign_in.test_email import ask_for_mail

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

IDENTITY = "/orgs/acme/settings/identity/"
LOOKS = [(1280, "light"), (390, "dark")]
SMALLER = {390: [320]}


@dataclass
class Person:
    """Whose cookies a browser has, and what they open: paths, with words of the heading that tells each page."""

    cookies: dict[str, str]
    pages: list[tuple[str, str]]


@pytest.fixture
def people(cast: Cast, browser_of: Callable[..., Client]) -> list[Person]:
    """Acme has a live connection, and each of these has pages to see. Made before the browser is: Django refuses the
    database to a thread in which a browser's event loop runs."""
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    okta = live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))
    connection = okta.connection
    _hold_somebody(cast)

    stranger = browser_of()
    code_page, link, _ = ask_for_mail(stranger, cast.bob.email)
    going = stranger.post("/login/", {"email": cast.bob.email, "way": "sso"})["Location"]
    unasked = leave_from(stranger, reverse("saml_login", args=[connection.id]))
    answer = okta.answer(request_id=unasked.request_id, email=cast.bob.email)
    confirming = bring_answer(stranger, okta, answer, unasked.relay_state)["Location"]
    asked = leave_for_sso(stranger, cast.bob.email)
    astray = okta.answer(request_id=asked.request_id, email=cast.bob.email, audience="https://elsewhere.example")
    refused = post_answer(okta, astray, asked.relay_state)["Location"]

    return [
        Person(
            _cookies(stranger),
            [
                ("/login/", "Sign in"),
                ("/login/?sso=true", "Continue with SSO"),
                ("/login/?product=assistant", "Sign in to Assistant"),
                ("/login/?staff=true", "Staff sign-in"),
                (f"/login/required/?email={cast.bob.email}", "Sign in"),
                (code_page, "Check your mail"),
                (link, "Finish signing in"),
                ("/login/link/unknown/", "link isn't valid"),
                (going, "Taking you to Okta"),
                (confirming, "Continue as Bob?"),
                (refused, "The sign-in with Okta didn't work"),
                (refused, "This sign-in is over"),
                (reverse("saml_offer", args=[connection.id]), "Sign in from here"),
                ("/nothing/", "There is nothing at this address"),
            ],
        ),
        Person(
            _cookies(browser_of(cast.alice)),
            [
                ("/", "Your organizations"),
                ("/settings/identity/", "Which organization?"),
                ("/login/?again=true", "Sign in once more"),
                ("/login/required/", "Sign in"),
                ("/logout/", "Sign out?"),
                (IDENTITY, "Identity and access"),
                (f"{IDENTITY}domains/new/", "Add domain"),
                (f"{IDENTITY}provisioning/", "How people join and leave"),
                (f"{IDENTITY}provisioning/?mode=jit", "How people join and leave"),
                (f"{IDENTITY}provisioning/?mode=scim", "How people join and leave"),
            ],
        ),
        Person(
            _cookies(browser_of(cast.bob)),
            [("/", "Your organizations"), (IDENTITY, "Your role doesn't include this page")],
        ),
        Person(_cookies(browser_of(cast.charlie)), [("/orgs/globex/settings/identity/", "Identity and access")]),
        Person(_cookies(browser_of(cast.dora)), [("/orgs/solo/settings/identity/", "Identity and access")]),
        Person(_cookies(browser_of(cast.stella)), [("/", "Your organizations")]),
        Person(_cookies(browser_of(person("erin@acme.example"))), [("/", "Your organizations")]),
        Person(_cookies(browser_of(cast.sam, way=Way.STAFF)), [("/admin/", "Site administration")]),
    ]


def _hold_somebody(cast: Cast) -> None:
    """Erin's membership waits for a manager."""
    role = role_of(cast.acme, "user")
    add_membership(
        cast.acme, user=person("erin@acme.example"), role=role, source="manual", actor=SYSTEM, now=timezone.now()
    )
    Membership.unscoped.filter(user__email="erin@acme.example").update(
        state=MembershipState.HELD, held_at=timezone.now(), held_reason="The directory removed many people at once"
    )


def _cookies(client: Client) -> dict[str, str]:
    names = (settings.SESSION_COOKIE_NAME, settings.BROWSER_COOKIE_NAME)
    return {name: client.cookies[name].value for name in names if name in client.cookies}


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_every_page_is_accessible_and_fits(
    width: int, theme: str, people: list[Person], live_server: Any, chromium: Browser
) -> None:
    complaints: list[str] = []
    with ExitStack() as contexts:
        for somebody in people:
            page = _open(chromium, contexts, somebody.cookies, url=live_server.url, width=width, theme=theme)
            for path, heading in somebody.pages:
                page.goto(f"{live_server.url}{path}")
                expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
                complaints += _look_at(page, width=width)
        page = _open(chromium, contexts, {}, url=live_server.url, width=width, theme=theme)
        complaints += _look_at_mistakes(page, url=live_server.url, width=width)
    assert complaints == []


def _open(chromium: Browser, contexts: ExitStack, cookies: dict[str, str], *, url: str, width: int, theme: Any) -> Page:
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
    )
    contexts.callback(context.close)
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    # The page that leads on to the identity provider leads on by itself: its answer keeps the browser where it is.
    context.route("https://idp.example/**", _stay)
    return context.new_page()


def _stay(route: Route) -> None:
    route.fulfill(status=204)


def _look_at_mistakes(page: Page, *, url: str, width: int) -> list[str]:
    """Pages that only come after something was sent: a wrong address, a wrong code, a form without its cookie."""
    page.goto(f"{url}/login/")
    _continue_with(page, "not an address")
    expect(page.locator("#error-summary")).to_be_focused()
    assert page.title().startswith("Error: ")
    complaints = _look_at(page, width=width)

    _continue_with(page, "somebody@nowhere.example")
    page.get_by_label("Six-digit code").fill("1")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#error-summary")).to_be_focused()
    complaints += _look_at(page, width=width)

    page.goto(f"{url}/login/")
    page.context.clear_cookies()
    _continue_with(page, "somebody@nowhere.example")
    expect(page.get_by_role("heading", level=1)).to_contain_text("send the form once more")
    return complaints + _look_at(page, width=width)


def _continue_with(page: Page, email: str) -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_role("button", name="Continue with email").click()


def _look_at(page: Page, *, width: int) -> list[str]:
    """What is wrong with the page as it is: axe's findings, the headings, what sticks out (on a small phone too)."""
    where = f"{page.url} ({page.title()}) at {width}"
    complaints = []
    if page.locator("h1").count() != 1:
        complaints.append(f"{where}: {page.locator('h1').count()} main headings")
    found = Axe().run(page)
    if found.violations_count:
        complaints.append(f"{where}: {found.generate_report()}")
    for wide in (width, *SMALLER.get(width, ())):
        page.set_viewport_size({"width": wide, "height": 900})
        beyond = page.evaluate("document.documentElement.scrollWidth") - wide
        if beyond > 0:
            complaints.append(f"{where}: scrolls sideways by {beyond} when {wide} wide")
    page.set_viewport_size({"width": width, "height": 900})
    return complaints
