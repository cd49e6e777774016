"""The main job, from an empty machine to a member who signed in: in a browser, against the processes of `make run`.

The platform runs on SQLite with a broker made of files, a Celery worker and a scheduler; identity provider, name server
and mailbox are the demo's. The tests of this file build on each other, in their order.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.journey import steps
from tests.journey.steps import World

pytestmark = [pytest.mark.browser, pytest.mark.journey]


@pytest.fixture(scope="module")
def mayas_browser(chromium: Browser, world: World) -> Iterator[BrowserContext]:
    context = new_browser(chromium)
    yield context
    context.close()


@pytest.fixture
def somebodys_browser(chromium: Browser, world: World) -> Iterator[BrowserContext]:
    context = new_browser(chromium)
    yield context
    context.close()


def new_browser(chromium: Browser) -> BrowserContext:
    """Cookies and storage of its own; accepts the certificate that the test made."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, ignore_https_errors=True)
    context.set_default_timeout(20_000)
    return context


@pytest.fixture(scope="module")
def maya(mayas_browser: BrowserContext, world: World) -> Page:
    """Northwind's owner, signed in by email."""
    return steps.sign_in_by_email(mayas_browser, world, "maya@northwind.example")


def test_the_owner_claims_a_domain_and_it_turns_verified_by_itself(
    maya: Page, mayas_browser: BrowserContext, world: World
) -> None:
    maya.get_by_role("link", name="Identity and access").first.click()
    expect(maya.get_by_role("heading", name="Identity and access")).to_be_visible()

    # Nobody touches the page: it follows what the worker finds.
    steps.prove_domain(mayas_browser, maya, world, "northwind.example")


def test_the_owner_connects_the_identity_provider_and_the_test_passes(maya: Page, world: World) -> None:
    steps.connect_identity_provider(maya, world, "northwind", person="Maya")

    claims = maya.get_by_role("main").inner_text()
    for received in ("maya@northwind.example", "firstName", "Maya", "lastName", "Ortiz", "TST-"):
        assert received in claims


def test_the_owner_goes_live_and_lets_people_join_at_sign_in(maya: Page, world: World) -> None:
    steps.go_live(maya)

    steps.open_identity(maya, world, "northwind")
    maya.get_by_role("link", name="Change").click()
    maya.get_by_role("radio", name=re.compile("Just in time")).check()
    maya.get_by_role("button", name=re.compile("^Show")).click()
    expect(maya.get_by_role("heading", name=re.compile("Preview"))).to_be_visible()
    maya.get_by_role("button", name="Switch to just in time").click()

    steps.open_identity(maya, world, "northwind")
    expect(maya.get_by_text("Just in time").first).to_be_visible()


def test_somebody_without_an_account_signs_in_and_is_a_member(somebodys_browser: BrowserContext, world: World) -> None:
    posted: list[Request] = []
    somebodys_browser.on("request", lambda request: posted.append(request) if "/acs/" in request.url else None)

    page = steps.sign_in_with_sso(somebodys_browser, world, "amara@northwind.example", person="Amara")

    expect(page.get_by_role("heading", name="Your organizations")).to_be_visible()
    expect(page.get_by_text("Northwind", exact=True)).to_be_visible()
    expect(page.get_by_text("Assistant · User")).to_be_visible()
    # The identity provider is another site: its POST carried no cookie of ours, and the sign-in worked all the same.
    assert [request.method for request in posted] == ["POST"]
    cookies = posted[0].all_headers().get("cookie", "")
    assert "session" not in cookies
    assert "browser" not in cookies


def test_a_second_sign_in_creates_nothing(somebodys_browser: BrowserContext, maya: Page, world: World) -> None:
    page = steps.sign_in_with_sso(somebodys_browser, world, "amara@northwind.example", person="Amara")

    expect(page.get_by_role("listitem")).to_have_count(1)
    maya.goto(f"{world.platform}/orgs/northwind/settings/identity/provisioning/?mode=manual")
    expect(maya.get_by_text("amara@northwind.example", exact=True)).to_have_count(1)


def test_the_owner_of_another_parent_sees_nothing_of_northwind(
    somebodys_browser: BrowserContext, maya: Page, world: World
) -> None:
    gita = steps.sign_in_by_email(somebodys_browser, world, "gita@globex.example")
    assert "Northwind" not in gita.get_by_role("main").inner_text()

    for path in ("", "provisioning/", "domains/new/", "sso/new/"):
        answer = gita.goto(f"{world.platform}/orgs/northwind/settings/identity/{path}")
        assert answer is not None
        assert answer.status == 404
        assert "Northwind" not in gita.get_by_role("main").inner_text()


def test_the_tile_at_the_identity_provider_signs_nobody_in_unasked(
    somebodys_browser: BrowserContext, world: World
) -> None:
    page = somebodys_browser.new_page()
    page.goto(f"{world.demo}/idp/northwind/")
    page.get_by_role("link", name="Sign in").click()
    page.get_by_role("button", name=re.compile("Oskar")).click()
    page.get_by_role("link", name=re.compile("unsolicited")).click()

    expect(page.get_by_role("heading", name=re.compile("Continue as Oskar"))).to_be_visible()
    page.get_by_role("button", name=re.compile("Continue as Oskar")).click()
    expect(page.get_by_role("heading", name="Your organizations")).to_be_visible()


def test_the_owner_tries_sso_first_and_then_enforces_it(
    maya: Page, somebodys_browser: BrowserContext, world: World
) -> None:
    """The button leads to the identity provider and back; saving asks the name servers once more."""
    steps.open_identity(maya, world, "northwind")
    maya.get_by_role("link", name="Review and enforce SSO for Assistant").click()
    expect(maya.get_by_text("Hannah Cole")).to_be_visible()
    maya.get_by_role("link", name=re.compile("^Sign in with .* first$")).click()
    # The identity provider knows this browser from the test sign-in, so it answers without asking.
    expect(maya.get_by_text("You will not lock yourself out.")).to_be_visible()
    maya.get_by_label("Type Northwind to confirm").fill("Northwind")
    maya.get_by_role("button", name=re.compile("^Require SSO for")).click()
    expect(maya.get_by_text("SSO is enforced for Assistant.")).to_be_visible()

    page = somebodys_browser.new_page()
    page.goto(f"{world.platform}/login/?product=assistant")
    page.get_by_role("textbox", name="Email").fill("hannah@northwind.example")
    page.get_by_role("button", name="Continue with email").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your company requires single sign-on")

    maya.get_by_role("button", name="Make SSO optional again").click()
    expect(maya.get_by_text("SSO is optional again for Assistant.")).to_be_visible()
