"""The style guide in a real browser, under the project's own content security policy."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browsers import open_chromium
from tests.identity_platform.style_guide.server import serve_style_guide

pytestmark = pytest.mark.browser

PAGES = [
    "/components/",
    "/wizard/",
    "/form/",
    "/form/?errors",
    "/sign-in/",
    "/handover/",
    "/demo/",
    "/refusal/",
    "/403/",
    "/404/",
    "/csrf/",
    "/500/",
]


@pytest.fixture(scope="module")
def guide() -> Iterator[str]:
    with serve_style_guide() as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_chromium() as chromium:
        yield chromium


@pytest.fixture
def context(browser: Browser, guide: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=guide, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_accessible_in_both_themes_and_fits_a_small_phone(browser, guide, address):
    for width, theme in ((1280, "light"), (390, "dark")):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce")
        page.goto(guide + address)
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        page.set_viewport_size({"width": 320, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.close()


@pytest.mark.parametrize("address", PAGES)
def test_a_page_stays_within_the_content_security_policy(page, address):
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    answer = page.goto(address)
    page.wait_for_load_state("networkidle")

    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert complaints == []


def test_a_fragment_refreshes_itself_until_it_says_stop(page):
    page.goto("/polling/")
    page.locator("#kept").focus()

    status = page.locator("#live-check [role=status]")
    expect(status).to_have_text("Answer 3")
    page.wait_for_timeout(700)

    expect(status).to_have_text("Answer 3")
    expect(page.locator("#kept")).to_be_focused()


def test_a_fragment_that_is_refused_keeps_what_it_showed(page):
    page.goto("/refused/")

    expect(page.locator("#status-line")).to_contain_text("could not be updated")
    expect(page.locator("#live-check")).to_have_text("The old content")


def test_a_fragment_of_somebody_signed_out_meanwhile_never_swallows_the_sign_in_page(page):
    page.goto("/signed-out/")

    with page.expect_navigation():
        pass

    expect(page.get_by_role("heading", name="Signed out meanwhile")).to_be_visible()
    expect(page.locator("#live-check")).to_have_text("Checking…")


def test_a_refused_form_comes_back_with_the_focus_on_its_errors(page):
    page.goto("/form/")
    page.get_by_role("textbox", name="Domain").fill("northwind.example")
    page.evaluate("document.querySelector('main form').noValidate = true")

    with page.expect_response("**/save/") as answer:
        page.get_by_role("button", name="Add domain").click()

    assert answer.value.status == 422
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page.get_by_role("textbox", name="Domain")).to_have_value("northwind.example")


def test_the_errors_of_a_freshly_loaded_page_have_the_focus(page):
    page.goto("/form/?errors")

    expect(page.locator("#error-summary")).to_be_focused()
    assert page.title().startswith("Error: ")
    page.get_by_role("link", name="Domain: This field is required.").click()
    expect(page.get_by_role("textbox", name="Domain")).to_be_focused()


def test_copying_puts_the_whole_value_on_the_clipboard_and_says_so(context, page):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/handover/")

    page.get_by_role("button", name="Copy Content").click()

    expect(page.locator("#status-line")).to_have_text("Copied Content")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "acmeidentity-domain-verification=q7Hk2vXr9TzLd4mN"


def test_a_dialog_opens_over_the_page_and_gives_the_focus_back(page):
    page.goto("/components/")
    opener = page.get_by_role("link", name="Remove Tom…")

    opener.click()
    expect(page.get_by_role("dialog", name="Remove Tom Albrecht?")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_cancel_closes_a_dialog_and_sends_nothing(page):
    page.goto("/components/")
    page.get_by_role("link", name="Remove Tom…").click()
    sent = []
    page.on("request", lambda request: sent.append(request.url))

    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    assert sent == []


def test_the_navigation_of_a_phone_opens_and_closes_without_a_script(browser, guide):
    page = browser.new_page(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page.goto(guide + "/components/")
    members = page.get_by_role("link", name="Members")
    expect(members).to_be_hidden()

    page.get_by_role("button", name="Menu").click()

    expect(members).to_be_visible()
    page.keyboard.press("Escape")
    expect(members).to_be_hidden()
    page.close()


def test_without_a_script_there_are_no_buttons_that_do_nothing(browser, guide):
    page = browser.new_page(java_script_enabled=False)
    page.goto(guide + "/handover/")

    expect(page.locator("output").first).to_be_visible()
    expect(page.locator("[data-copy]").first).to_be_hidden()
    page.goto(guide + "/components/")
    expect(page.get_by_role("link", name="Remove Tom…")).to_have_attribute("href", "/remove/")
    page.close()


def test_the_first_tab_stop_leads_past_the_navigation(page):
    page.goto("/components/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()
