"""Signing in once SSO is there, in a browser against the processes of `make run`: enforced, optional, ended, reset.

Follows `test_main_job` in its world, and sets Northwind up itself where that one didn't. The tests of this file build
on each other, in their order.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journey import steps
from tests.journey.steps import World
from tests.journey.test_main_job import new_browser

# Once: nothing here depends on TLS, which the main job is tried with.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.journey,
    pytest.mark.parametrize("world", ["plain"], indirect=True, scope="session"),
]

MAYA, HANNAH, LUIS = "maya@northwind.example", "hannah@northwind.example", "luis@pereira-design.example"
PASSWORD = "seven quiet herons at dawn"


@pytest.fixture(scope="module")
def browsers(chromium: Browser, world: World) -> Iterator[dict[str, BrowserContext]]:
    """Each person's own, with what it remembers from one test to the next."""
    contexts = {email: new_browser(chromium) for email in (MAYA, HANNAH, LUIS)}
    yield contexts
    for context in contexts.values():
        context.close()


@pytest.fixture(scope="module")
def maya(browsers: dict[str, BrowserContext], world: World) -> Page:
    """Northwind's owner, signed in by email; her company's SSO is live."""
    page = sign_in_by_email(browsers[MAYA], world, MAYA)
    steps.open_identity(page, world, "northwind")
    if not page.get_by_role("link", name="Manage SSO").count():
        steps.prove_domain(browsers[MAYA], page, world, "northwind.example")
        steps.connect_identity_provider(page, world, "northwind", person="Maya")
        steps.go_live(page)
    return page


@pytest.fixture(scope="module")
def hannah(maya: Page, browsers: dict[str, BrowserContext], world: World) -> Page:
    """A member, signed in by email before anything is enforced."""
    return sign_in_by_email(browsers[HANNAH], world, HANNAH)


@pytest.fixture(scope="module")
def luis(maya: Page, browsers: dict[str, BrowserContext], world: World) -> Page:
    """A contractor with an address of his own."""
    return sign_in_by_email(browsers[LUIS], world, LUIS)


def sign_in_by_email(context: BrowserContext, world: World, email: str) -> Page:
    return steps.sign_in_by_email(context, world, email, mails_before=mails_to(context, world, email))


def mails_to(context: BrowserContext, world: World, email: str) -> int:
    mailbox = context.new_page()
    mailbox.goto(f"{world.demo}/mailbox/?to={email}")
    count = mailbox.get_by_role("link", name=re.compile("Your sign-in")).count()
    mailbox.close()
    return count


def settings_of(world: World) -> str:
    return f"{world.platform}/orgs/northwind/settings"


def open_northwind(page: Page, world: World) -> None:
    """A page of Northwind's: its members get as far as being told that their role doesn't include it."""
    page.goto(f"{settings_of(world)}/identity/")


def expect_inside(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your role doesn't include this page")


def test_a_member_sets_a_password_and_signs_in_with_it(hannah: Page, chromium: Browser, world: World) -> None:
    hannah.goto(f"{world.platform}/account/password/")
    for field in hannah.locator("input[type=password]").all():
        field.fill(PASSWORD)
    hannah.get_by_role("button", name="Set password").click()
    expect(hannah.get_by_role("heading", level=1)).to_contain_text("Your account")

    elsewhere = new_browser(chromium)
    page = sign_in_by_password(elsewhere, world)
    expect(page.get_by_role("heading", name="Your organizations")).to_be_visible()
    elsewhere.close()


def sign_in_by_password(context: BrowserContext, world: World, *, product: str = "") -> Page:
    page = context.new_page()
    page.goto(f"{world.platform}/login/password/{f'?product={product}' if product else ''}")
    page.get_by_role("textbox", name="Email").fill(HANNAH)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return page


def test_the_owner_enforces_sso_after_signing_in_with_it(maya: Page, hannah: Page, luis: Page, world: World) -> None:
    for page in (hannah, luis):
        open_northwind(page, world)
        expect_inside(page)
    steps.open_identity(maya, world, "northwind")
    maya.get_by_role("link", name="Review and enforce SSO for Assistant").click()
    maya.get_by_role("link", name=re.compile("^Sign in with .* first")).click()
    steps.answer_at_identity_provider(maya, world, person="Maya")

    expect(maya.get_by_role("heading", name="Enforce SSO for Assistant")).to_be_visible()
    expect(maya.get_by_text("You will not lock yourself out.")).to_be_visible()
    maya.get_by_role("radio", name=re.compile("^End")).check()
    maya.get_by_label(re.compile("Type Northwind")).fill("Northwind")
    maya.get_by_role("button", name=re.compile("^Require SSO for")).click()

    expect(maya.get_by_text("SSO is enforced for Assistant.")).to_be_visible()


def test_a_member_is_asked_for_sso_and_comes_back_to_where_she_was(hannah: Page, world: World) -> None:
    where = hannah.url
    hannah.reload()
    expect(hannah.get_by_role("heading", name="Northwind requires single sign-on")).to_be_visible()
    expect(hannah.get_by_role("link", name="Continue with email")).to_have_count(0)

    hannah.get_by_role("link", name=re.compile("^Continue with")).first.click()
    steps.answer_at_identity_provider(hannah, world, person="Hannah")

    expect_inside(hannah)
    assert hannah.url == where


def test_neither_mail_nor_password_opens_what_sso_is_required_for(chromium: Browser, world: World) -> None:
    context = new_browser(chromium)
    page = sign_in_by_password(context, world, product="assistant")
    expect(page.get_by_role("heading", name=re.compile("requires single sign-on"))).to_be_visible()

    page.goto(f"{world.platform}/login/?product=assistant")
    page.get_by_role("textbox", name="Email").fill(HANNAH)
    page.get_by_role("button", name="Continue with email").click()
    expect(page.get_by_role("heading", name=re.compile("requires single sign-on"))).to_be_visible()
    context.close()


def test_a_contractor_keeps_email(luis: Page, chromium: Browser, world: World) -> None:
    luis.reload()
    expect_inside(luis)

    context = new_browser(chromium)
    page = sign_in_by_email(context, world, LUIS)
    open_northwind(page, world)
    expect_inside(page)
    context.close()


def test_one_click_makes_sso_optional_again(maya: Page, chromium: Browser, world: World) -> None:
    steps.open_identity(maya, world, "northwind")
    maya.get_by_role("button", name=re.compile("^Make (SSO )?optional")).first.click()
    expect(maya.get_by_text("SSO is optional again for Assistant. Nobody was signed out.")).to_be_visible()

    context = new_browser(chromium)
    page = sign_in_by_password(context, world)
    expect(page.get_by_role("heading", name="Your organizations")).to_be_visible()
    open_northwind(page, world)
    expect_inside(page)
    context.close()


def test_ending_all_sessions_asks_everybody_at_their_next_page(
    maya: Page, hannah: Page, luis: Page, world: World
) -> None:
    maya.goto(f"{settings_of(world)}/sessions/")
    maya.get_by_role("link", name=re.compile("^Review and end all")).click()
    maya.get_by_label(re.compile("Northwind")).fill("Northwind")
    maya.get_by_role("button", name=re.compile("^End all sessions of")).click()
    expect(maya.get_by_role("heading", name="All sessions were ended")).to_be_visible()

    for page in (hannah, luis):
        page.reload()
        expect(page.get_by_role("heading", name="Sign in once more")).to_be_visible()

    hannah.get_by_role("link", name=re.compile("^Continue with (?!email)")).first.click()
    steps.answer_at_identity_provider(hannah, world, person="Hannah")
    expect_inside(hannah)


def test_after_a_reset_people_sign_in_by_email_again(maya: Page, hannah: Page, chromium: Browser, world: World) -> None:
    sign_in_once_more(maya, world)
    steps.open_identity(maya, world, "northwind")
    maya.get_by_role("link", name="Manage SSO").first.click()
    maya.get_by_role("link", name=re.compile("^Review and reset")).click()
    maya.get_by_label(re.compile("Northwind")).fill("Northwind")
    maya.get_by_role("button", name=re.compile("^Reset ")).click()
    expect(maya.get_by_role("heading", name=re.compile("was reset$"))).to_be_visible()

    hannah.reload()
    expect(hannah.get_by_role("heading", name="Sign in once more")).to_be_visible()
    expect(hannah.get_by_role("link", name=re.compile("^Continue with (?!email)"))).to_have_count(0)
    context = new_browser(chromium)
    page = sign_in_by_email(context, world, HANNAH)
    open_northwind(page, world)
    expect_inside(page)
    context.close()


def sign_in_once_more(page: Page, world: World) -> Page:
    """From the page that says that all sessions ended."""
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_role("button", name="Continue with SSO").click()
    steps.answer_at_identity_provider(page, world, person="Maya")
    expect(page.get_by_role("heading", name="Sessions", exact=True)).to_be_visible()
    return page


def test_continue_with_google_signs_in(chromium: Browser, world: World) -> None:
    context = new_browser(chromium)
    page = context.new_page()
    page.goto(f"{world.platform}/login/")
    page.get_by_role("button", name="Continue with Google").click()
    steps.answer_at_identity_provider(page, world, person="Rosa")
    expect(page.get_by_role("heading", name="Your organizations")).to_be_visible()
    context.close()
