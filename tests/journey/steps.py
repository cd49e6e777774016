"""What people do in the journey, in a real browser: each function is one thing they'd say they did."""

import re
import time
from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Page, expect


@dataclass(frozen=True)
class World:
    """Where `make run` serves the platform and the demo world around it."""

    platform: str
    demo: str


def ask_to_sign_in_by_email(page: Page, world: World, email: str) -> None:
    page.goto(f"{world.platform}/login/")
    page.get_by_role("textbox", name="Email").fill(email)
    page.get_by_role("button", name="Continue with email").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()


def read_code(context: BrowserContext, world: World, email: str, *, mails_before: int) -> str:
    """Wait in the mailbox for one more mail to this address, and read the code in the newest."""
    mailbox = context.new_page()
    for _ in range(60):
        mailbox.goto(f"{world.demo}/mailbox/?to={email}")
        subjects = mailbox.get_by_role("link", name=re.compile("Your sign-in"))
        if subjects.count() > mails_before:
            subjects.first.click()
            code = re.search(r"code there: (\d{6})", mailbox.get_by_role("main").inner_text())
            assert code
            mailbox.close()
            return code.group(1)
        time.sleep(0.5)
    raise AssertionError(f"no mail came for {email}")


def sign_in_by_email(context: BrowserContext, world: World, email: str, *, mails_before: int = 0) -> Page:
    page = context.new_page()
    ask_to_sign_in_by_email(page, world, email)
    page.get_by_role("textbox", name="Six-digit code").fill(read_code(context, world, email, mails_before=mails_before))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your organizations")).to_be_visible()
    return page


def open_identity(page: Page, world: World, slug: str) -> None:
    page.goto(f"{world.platform}/orgs/{slug}/settings/identity/")
    expect(page.get_by_role("heading", name="Identity and access")).to_be_visible()


def claim_domain(page: Page, domain: str) -> tuple[str, str]:
    """Add a domain; returns name and value of the TXT record as the page shows them."""
    page.get_by_role("link", name="Add domain").first.click()
    page.get_by_role("textbox", name="Domain").fill(domain)
    page.get_by_role("button", name=re.compile("Continue|Add")).click()
    expect(page.get_by_role("heading", name=re.compile(f"Verify {domain}"))).to_be_visible()
    shown = [output.inner_text() for output in page.locator("output").all()]
    value = next(text for text in shown if "domain-verification=" in text)
    name = next(text for text in shown if text.startswith("_") and "=" not in text)
    return name, value


def add_txt_record(context: BrowserContext, world: World, zone: str, *, name: str, value: str) -> None:
    dns = context.new_page()
    dns.goto(f"{world.demo}/dns/{zone}/")
    dns.get_by_role("textbox", name="Name").fill(name)
    dns.get_by_role("textbox", name="Value").fill(value)
    dns.get_by_role("button", name=re.compile("Add")).click()
    expect(dns.get_by_role("cell", name=re.compile(re.escape(value)))).to_be_visible()
    dns.close()


def sign_in_with_sso(context: BrowserContext, world: World, email: str, *, person: str) -> Page:
    """Type an address, choose SSO, say at the identity provider who one is, and come back."""
    page = context.new_page()
    page.goto(f"{world.platform}/login/")
    page.get_by_role("textbox", name="Email").fill(email)
    page.get_by_role("button", name="Continue with SSO").click()
    answer_at_identity_provider(page, world, person=person)
    return page


def answer_at_identity_provider(page: Page, world: World, *, person: str) -> None:
    """At the demo's identity provider: choose a person, and press what a browser without scripts would show."""
    page.wait_for_url(re.compile(re.escape(world.demo)))
    choice = page.get_by_role("button", name=re.compile(person))
    if choice.count():
        choice.first.click()
    page.wait_for_url(re.compile(re.escape(world.platform)))


def prove_domain(context: BrowserContext, page: Page, world: World, domain: str) -> None:
    """Claim a domain, add its record, and watch: the worker's check over real DNS turns the badge by itself."""
    name, value = claim_domain(page, domain)
    expect(page.get_by_text("Pending", exact=True).first).to_be_visible()
    add_txt_record(context, world, domain, name=name, value=value)
    expect(page.locator(".badge.ok", has_text="Verified").first).to_be_visible(timeout=90_000)


def connect_identity_provider(page: Page, world: World, slug: str, *, person: str) -> None:
    """Set SSO up with the demo's provider of this organization, up to a test sign-in that passed."""
    open_identity(page, world, slug)
    page.get_by_role("link", name="Set up SSO").first.click()
    page.get_by_role("radio", name=re.compile("Custom SAML")).check()
    page.get_by_role("button", name=re.compile("Continue|Start")).click()
    for step in ("create", "claims", "assign"):
        expect(page).to_have_url(re.compile(f"/{step}/$"))
        page.get_by_role("button", name=re.compile("^Continue")).click()
    page.get_by_role("textbox", name=re.compile("Metadata (URL|address)")).fill(f"{world.demo}/idp/{slug}/metadata/")
    page.get_by_role("button", name=re.compile("Read it")).click()
    page.get_by_role("button", name=re.compile("Test sign-in")).click()
    answer_at_identity_provider(page, world, person=person)
    expect(page.get_by_role("heading", name="The test passed")).to_be_visible()


def go_live(page: Page) -> None:
    """From the report of the test to a live connection that serves the domains."""
    page.get_by_role("link", name=re.compile("go live", re.I)).first.click()
    page.get_by_role("button", name=re.compile("^Make .* live")).click()
    expect(page.get_by_role("link", name="Manage SSO").first).to_be_visible()
