"""The demo's pages in Chromium: accessible, within their policy; an answer travels with and without scripts."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.mail import EmailMultiAlternatives
from playwright.sync_api import Page, expect

from demo.models import SentMail, Tenant
from tests.browsers import open_chromium

pytestmark = pytest.mark.browser

PAGES = [
    "/",
    "/dns/",
    "/dns/northwind.example/",
    "/mailbox/",
    "/idp/northwind/",
    "/idp/northwind/sign-in/",
    "/idp/northwind/people/",
    "/idp/northwind/people/new/",
    "/idp/northwind/groups/",
    "/idp/northwind/applications/",
    "/idp/northwind/applications/new/saml/",
    "/idp/northwind/saml/sso/",
]


class Sink:
    """An application's ACS at another site: keeps the form that came."""

    def __init__(self) -> None:
        sink = self
        self.forms: list[dict[str, list[str]]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                sink.forms.append(parse_qs(body))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<title>Arrived</title>")

            def do_GET(self) -> None:
                """The icon that browsers ask for by themselves."""
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.server.shutdown()
    sink.server.server_close()


@pytest.fixture
def tile(served: str, sink: Sink) -> str:
    """The address of a tile whose application is the sink."""
    tenant = Tenant.objects.get(slug="northwind")
    application = tenant.applications.create(
        protocol="saml", name="Sink", entity_id="urn:sink", acs_url=f"{sink.address}/acs"
    )
    return f"{served}/idp/northwind/applications/{application.id}/open/"


def listen(page: Page) -> list[str]:
    """What the browser complains about: a policy that was crossed is one of it."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    return complaints


def test_pages_are_accessible_fit_a_small_phone_and_keep_their_policy(served: str) -> None:
    with open_chromium() as chromium:
        for theme in ("light", "dark"):
            page = chromium.new_page(viewport={"width": 320, "height": 800}, color_scheme=theme)
            complaints = listen(page)
            for path in PAGES:
                page.goto(served + path)
                results = Axe().run(page)
                assert results.violations_count == 0, f"{path}: {results.generate_report()}"
                assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
            # The refused request of the last address is a 400, and that is all there is to say.
            assert [text for text in complaints if "400" not in text] == []


def test_an_answer_travels_by_itself(tile: str, sink: Sink) -> None:
    with open_chromium() as chromium:
        page = chromium.new_page()
        complaints = listen(page)
        page.goto(tile)
        page.get_by_role("button", name="Sign in as Maya").click()
        expect(page).to_have_title("Arrived")
        assert complaints == []
    assert sink.forms[0]["RelayState"] == ["from-tile"]
    assert "SAMLResponse" in sink.forms[0]


def test_without_scripting_a_button_sends_it(tile: str, sink: Sink) -> None:
    with open_chromium() as chromium:
        page = chromium.new_context(java_script_enabled=False).new_page()
        page.goto(tile)
        page.get_by_role("button", name="Sign in as Maya").click()
        page.get_by_role("button", name="Continue to Sink").click()
        expect(page).to_have_title("Arrived")
    assert len(sink.forms) == 1


def test_a_link_in_a_mails_html_leads_the_whole_tab_there(served: str, sink: Sink) -> None:
    mail = EmailMultiAlternatives("Sign in", "Text", to=["maya@northwind.example"])
    mail.attach_alternative(
        f'<html><head></head><body><a href="{served}/dns/">Sign in here</a>'
        '<script>top.location="/"</script></body></html>',
        "text/html",
    )
    mail.send()
    address = f"{served}/mailbox/{SentMail.objects.get().pk}/"
    with open_chromium() as chromium:
        page = chromium.new_page()
        page.goto(address)
        page.frame_locator("iframe").get_by_role("link", name="Sign in here").click()
        page.wait_for_url(f"{served}/dns/")
