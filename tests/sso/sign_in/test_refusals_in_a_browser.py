"""Signing in, in Chromium: each page a person may meet, by keyboard, without scripting, in both themes."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import EmailedSignIn, Way
from orgs.models import Enforcement, Membership
from sso.actions.refusals import record_refusal
from sso.errors import AddressNotServed
from sso.models import SignInAttempt
from tests.browsers import open_chromium
from tests.cast import Cast
from tests.factories.sso import IdentityProvider, leave_for_sso, post_answer, sign_in_with_sso
from tests.sso.sign_in.test_email import ask_for_mail

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = ((1280, "light"), (390, "dark"))
Cookies = list[dict[str, str]]


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """Begun last, since Django refuses the database to the thread of a running event loop."""
    with open_chromium() as browser:
        yield browser


def cookies_of(client: Client, url: str) -> Cookies:
    names = (django_settings.SESSION_COOKIE_NAME, django_settings.BROWSER_COOKIE_NAME)
    return [{"name": name, "value": client.cookies[name].value, "url": url} for name in names if name in client.cookies]


def mailed_link(browser: Client, email: str, **state: object) -> str:
    _, link, _ = ask_for_mail(browser, email)
    if state:
        EmailedSignIn.objects.filter(email=email).update(**state)
    return link


@pytest.fixture
def visits(
    cast: Cast, okta: IdentityProvider, browser_of: Callable[..., Client], live_server: Any, settings: Any
) -> list[tuple[str, Cookies, str]]:
    """(address, cookies, words of its heading) of each page and each refusal."""
    settings.GOOGLE_CLIENT_ID = "demo"
    url = live_server.url
    found: list[tuple[str, Cookies, str]] = []

    def visit(address: str, heading: str, client: Client | None = None) -> None:
        found.append((address, cookies_of(client or browser_of(), url), heading))

    def answered(heading: str, typed: str = "bob@acme.example", **knobs: object) -> None:
        browser = browser_of()
        leaving = leave_for_sso(browser, typed)
        answer = okta.answer(request_id=leaving.request_id, **({"email": typed} | knobs))  # type: ignore[arg-type]
        visit(post_answer(okta, answer, leaving.relay_state)["Location"], heading, browser)

    visit("/login/?product=assistant&email=bob@acme.example", "Sign in to Assistant")
    visit("/login/?sso=true", "Continue with SSO")
    visit("/login/?staff=true", "Staff sign-in")
    visit("/login/password/", "Sign in with your password")
    answered("Okta knows you, but doesn't let you use Acme Identity yet", status=("Responder", "RequestDenied"))
    answered("Okta signed you in with another account", email="bob@private.example")
    answered("The sign-in with Okta didn't work", audience="https://wrong.example/")
    answered("Okta didn't say what your email address is", attributes={"firstName": "Bob"})
    over = browser_of()
    leaving = leave_for_sso(over, "bob@acme.example")
    SignInAttempt.unscoped.filter(parked_response="").update(expires_at=timezone.now())
    elsewhere = leave_for_sso(browser_of(), "bob@acme.example")
    visit(f"/login/go/{elsewhere.relay_state}/", "This sign-in was begun in another browser.")
    visit(f"/login/go/{leaving.relay_state}/", "This sign-in is over", over)
    visit(f"/sso/saml/{'0' * 32}/login/", "This way to sign in isn't switched on.")
    for heading, state in (
        ("This sign-in link has expired.", {"expires_at": timezone.now() - timedelta(seconds=1)}),
        ("This sign-in link was used already.", {"used_at": timezone.now()}),
        ("Finish signing in", {}),
    ):
        browser = browser_of()
        visit(mailed_link(browser, f"person{len(found)}@nowhere.example", **state), heading, browser)
    visit(f"/login/link/{'x' * 43}/", "This sign-in link isn't valid.")
    nobody = browser_of()
    visit(
        sign_in_with_sso(nobody, okta, "new@acme.example")["Location"],
        "Okta knows you, but no organization here does yet",
        nobody,
    )
    Membership.objects.for_org(cast.acme).filter(user=cast.bob).update(state="held", held_at=timezone.now())
    held = browser_of()
    visit(sign_in_with_sso(held, okta, "bob@acme.example")["Location"], "Your membership of Acme is on hold.", held)
    for product in (cast.acme.product, cast.acme_console.product):
        Enforcement.unscoped.create(parent=cast.acme_group, product=product, enforced_at=timezone.now())
    visit("/login/required/?email=bob@acme.example", "Your company requires single sign-on")
    visit(
        "/login/required/?organization=acme&reason=organization_requires_sso",
        "This address can't open it",
        browser_of(cast.alice),
    )
    for recent, heading in (("", "Acme requires single sign-on"), ("true", "Sign in once more")):
        visit(
            "/login/required/?organization=acme&reason=organization_requires_sso&next=/orgs/acme/settings/identity/"
            f"&connection={okta.connection.id.hex}&recent={recent}",
            heading,
            browser_of(cast.alice),
        )
    for person in ("bob", "carol", "erin"):
        error = AddressNotServed(received="private.example")
        reference = record_refusal(
            error, way="sso", email=f"{person}@private.example", connection=okta.connection, now=timezone.now()
        )
    alice = browser_of(cast.alice, way=Way.SSO, connection=okta.connection)
    problems = "/orgs/acme/settings/identity/sign-ins/"
    visit(problems, "Sign-in problems", alice)
    visit(f"{problems}?q=bob@private.example", "Sign-in problems", alice)
    visit(f"{problems}{reference}/", "Your identity provider sent an address", alice)
    sam = browser_of(cast.sam, way=Way.STAFF)
    visit("/admin/explain/?email=alice@acme.example", "Explain a sign-in", sam)
    visit(f"/admin/sign-ins/{reference}/", "Your identity provider sent an address", sam)
    return found


def test_every_page_is_accessible_and_fits_both_widths(
    visits: list[tuple[str, Cookies, str]], live_server: Any, chromium: Browser
) -> None:
    complaints: list[str] = []
    for address, cookies, heading in visits:
        # What is used up by opening it is opened once; the looks change on the page that stands.
        page = open_page(chromium, cookies, live_server.url)
        page.on("console", lambda message: complaints.append(message.text) if is_complaint(message) else None)
        page.goto(f"{live_server.url}{address}")
        if heading not in page.locator("h1").first.inner_text() and heading not in page.inner_text("body"):
            complaints.append(f"{address}: {page.inner_text('body')[:200]!r}, not {heading!r}")
        if "/admin/" in address:
            continue  # Django's own frame
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wide > 0:
                complaints.append(f"{address} scrolls sideways by {wide} at {width}")
            found = Axe().run(page)
            if found.violations_count:
                complaints.append(f"{address} at {width} {scheme}: {found.generate_report()}")
    assert complaints == []


def is_complaint(message: Any) -> bool:
    """A refusal's own status is no complaint; a broken policy is."""
    return message.type == "error" and "Failed to load resource" not in message.text


def open_page(chromium: Browser, cookies: Cookies, url: str, **options: Any) -> Page:
    context = chromium.new_context(reduced_motion="reduce", **options)
    if cookies:
        context.add_cookies(cookies)  # type: ignore[arg-type]
    return context.new_page()


def test_enter_continues_with_email_and_the_keyboard_reaches_every_way(
    cast: Cast, live_server: Any, settings: Any, chromium: Browser
) -> None:
    settings.GOOGLE_CLIENT_ID = "demo"
    page = open_page(chromium, [], live_server.url, java_script_enabled=False)
    page.goto(f"{live_server.url}/login/?product=assistant")
    expect(page.get_by_label("Email")).to_be_focused()
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(page.locator(":focus").inner_text())
    assert reached[:4] == ["Continue with email", "Continue with SSO", "Continue with Google", "use a password"]

    page.get_by_label("Email").fill("stella@nowhere.example")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")


@pytest.fixture
def enforced(cast: Cast, okta: IdentityProvider) -> Enforcement:
    return Enforcement.unscoped.create(parent=cast.acme_group, product=cast.acme.product, enforced_at=timezone.now())


def test_where_sso_is_required_enter_leads_to_it_with_a_reference(
    enforced: Enforcement, live_server: Any, chromium: Browser
) -> None:
    page = open_page(chromium, [], live_server.url)
    page.goto(f"{live_server.url}/login/?product=assistant")
    page.get_by_label("Email").fill("bob@acme.example")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Your company requires single sign-on")
    expect(page.get_by_text("name the reference SGN-")).to_be_visible()
    assert Axe().run(page).violations_count == 0
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.locator(":focus"))
        if reached[-1].count() and reached[-1].inner_text() == "Continue with Okta":
            break
    assert (reached[-1].get_attribute("href") or "").startswith("/login/go/")


def test_a_refused_person_can_start_again_by_keyboard(
    cast: Cast, okta: IdentityProvider, live_server: Any, chromium: Browser
) -> None:
    page = open_page(chromium, [], live_server.url, java_script_enabled=False)
    page.goto(f"{live_server.url}/sso/saml/{'0' * 32}/login/")
    page.get_by_role("link", name="Try again").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Continue with SSO")


def test_a_mistyped_address_takes_the_focus_to_what_is_wrong(cast: Cast, live_server: Any, chromium: Browser) -> None:
    page = open_page(chromium, [], live_server.url)
    page.goto(f"{live_server.url}/login/")
    page.get_by_label("Email").fill("nobody")
    page.keyboard.press("Enter")

    expect(page.locator("#error-summary")).to_be_focused()
    expect(page.get_by_label("Email")).to_have_value("nobody")
    expect(page.get_by_label("Email")).to_have_attribute("aria-invalid", "true")
