"""The sign-in against an identity provider that isn't ours: Auth0's samlp, on another site, in Chromium.

Our own demo provider and our own reading could agree on the same mistake; this one was written by somebody else. The
platform is on `localhost`, the identity provider on 127.0.0.1: two sites to a browser.
"""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.signals import request_started
from django.utils import timezone
from lxml import etree
from playwright.sync_api import BrowserContext, Page, Request, expect

from accounts.models import User
from audit.actors import Actor
from audit.models import AuditEvent
from orgs.models import Membership, Organization
from provisioning.models import Mode, ProvisioningSettings
from sso.actions.connections import save_step, start_set_up
from sso.models import Connection, ConnectionRevision, ExternalIdentity, RevisionState
from sso.setup.providers import find_provider
from sso.setup.reading import read_address
from tests.browsers import open_chromium
from tests.cast import Cast, verified_domain
from tests.factories.sso import signing_key
from tests.peers.running import run_peer

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.django_db(transaction=True)]

DANA = {"id": "u-1", "email": "dana@acme.example", "firstName": "Dana", "lastName": "Reyes", "groups": ["staff"]}
LEO = {"id": "u-2", "email": "leo@acme-labs.example", "firstName": "Leo", "lastName": "Sand", "groups": []}
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"


@contextmanager
def run_identity_provider(folder: Path, *, sign: str) -> Iterator[str]:
    """The identity provider as a process of its own until the block is left; gives its address."""
    key = signing_key("samlp")
    (folder / "key.pem").write_text(key.private_pem)
    (folder / "certificate.pem").write_text(key.certificate_pem)
    (folder / "users.json").write_text(json.dumps([DANA, LEO]))
    files = ("--key", "key.pem", "--cert", "certificate.pem", "--users", "users.json")
    with run_peer("saml-idp.mjs", "--sign", sign, *files, folder=folder) as address:
        yield address


@pytest.fixture(params=["assertion"])
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """What is signed is the parameter: the assertion, the response around it, or both."""
    with run_identity_provider(tmp_path, sign=request.param) as address:
        yield address


@pytest.fixture
def platform(live_server: Any, settings: Any) -> str:
    """The platform's address; it knows itself by no other."""
    settings.PUBLIC_URL = live_server.url
    assert settings.PUBLIC_URL.startswith("http://localhost:")
    return str(live_server.url)


@pytest.fixture
def connection(cast: Cast, peer: str, platform: str) -> Connection:
    """Acme's live connection to the peer, as the set-up reads it from the peer's metadata; it serves acme.example."""
    provider = find_provider("custom-saml")
    assert provider is not None
    now, actor = timezone.now(), Actor.of(cast.alice)
    facts = read_address(f"{peer}/metadata", entity_id=None, now=now)
    connection, draft = start_set_up(cast.acme_group, provider=provider, actor=actor, now=now)
    draft = save_step(
        draft,
        step="metadata",
        values=facts.values,
        seen_version=draft.version,
        certificates=facts.certificates,
        actor=actor,
        now=now,
    )
    ConnectionRevision.unscoped.filter(id=draft.id).update(state=RevisionState.LIVE, tested_at=now, went_live_at=now)
    verified_domain(cast.acme_group, "acme.example", added_by=cast.alice, connection=connection)
    verified_domain(cast.acme_group, "acme-labs.example", added_by=cast.alice)
    return connection


@pytest.fixture
def acme(cast: Cast, connection: Connection) -> Organization:
    """Acme lets people join who come through the connection."""
    ProvisioningSettings.unscoped.create(organization=cast.acme, mode=Mode.JIT, changed_at=timezone.now())
    return cast.acme


@dataclass(frozen=True)
class Arrival:
    """A request as it reached our server."""

    method: str
    path: str
    cookies: frozenset[str]


@pytest.fixture
def arrivals() -> Iterator[list[Arrival]]:
    """Every request that reaches the platform, with the names of the cookies that it carried."""
    seen: list[Arrival] = []

    def note(environ: dict[str, str], **_: object) -> None:
        cookies = frozenset(SimpleCookie(environ.get("HTTP_COOKIE", "")))
        seen.append(Arrival(environ["REQUEST_METHOD"], environ["PATH_INFO"], cookies))

    request_started.connect(note)
    yield seen
    request_started.disconnect(note)


@dataclass
class Visit:
    """What somebody saw in the end, and the responses that their browser carried over."""

    heading: str = ""
    text: str = ""
    responses: list[bytes] = field(default_factory=list)


def sign_in(context: BrowserContext, platform: str, *, address: str, person: str, path: str = "/login/") -> Visit:
    """Type an address, continue with SSO, choose a person at the peer, and see where that ends."""
    visit, page = Visit(), context.new_page()
    page.on("request", lambda request: keep_response(request, visit=visit))
    page.goto(f"{platform}{path}")
    page.get_by_role("textbox", name="Email").fill(address)
    page.get_by_role("button", name="Continue with SSO").click()
    page.get_by_role("button", name=f"Sign in as {person}").click()
    page.wait_for_url(re.compile(f"^{platform}/"))
    read_page(page, visit=visit)
    page.close()
    return visit


def keep_response(request: Request, *, visit: Visit) -> None:
    if request.method == "POST" and request.url.endswith("/acs/"):
        fields = request.post_data_json or {}
        visit.responses.append(base64.b64decode(fields["SAMLResponse"]))


def read_page(page: Page, *, visit: Visit) -> None:
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_be_visible()
    visit.heading, visit.text = heading.inner_text(), page.locator("body").inner_text()


def signed_parts(response: bytes) -> set[str]:
    """Which elements of a response carry a signature."""
    root = etree.fromstring(response)
    parts = {"response": root, "assertion": root.find(f"{SAML}Assertion")}
    return {name for name, element in parts.items() if element is not None and element.find(SIGNATURE) is not None}


def posts(arrivals: list[Arrival]) -> list[Arrival]:
    return [arrival for arrival in arrivals if arrival.path.endswith("/acs/")]


def finishes(arrivals: list[Arrival]) -> list[Arrival]:
    return [arrival for arrival in arrivals if "/finish/" in arrival.path]


def rows() -> dict[str, int]:
    """How much there is of everything that a first sign-in makes."""
    return {
        "users": User.objects.count(),
        "memberships": Membership.unscoped.count(),
        "ties": ExternalIdentity.unscoped.count(),
    }


@pytest.mark.parametrize(
    ("peer", "signed"),
    [("assertion", {"assertion"}), ("response", {"response"}), ("both", {"assertion", "response"})],
    indirect=["peer"],
)
def test_somebody_without_an_account_signs_in_and_is_a_member(
    acme: Organization, platform: str, arrivals: list[Arrival], signed: set[str]
) -> None:
    with open_chromium() as browser:
        visit = sign_in(browser.new_context(), platform, address="dana@acme.example", person="dana@acme.example")

    assert visit.heading == "Your organizations"
    assert "Signed in as dana@acme.example." in visit.text
    assert "Acme" in visit.text
    membership = Membership.objects.for_org(acme).get(user__email="dana@acme.example")
    assert (membership.role.slug, membership.source, membership.state) == ("user", "jit", "active")
    assert membership.user.name == "Dana Reyes"
    [response] = visit.responses
    assert signed_parts(response) == signed
    [post], [finish] = posts(arrivals), finishes(arrivals)
    assert (post.method, post.cookies) == ("POST", frozenset())
    assert django_settings.BROWSER_COOKIE_NAME in finish.cookies


def test_a_second_sign_in_creates_nothing(acme: Organization, platform: str, arrivals: list[Arrival]) -> None:
    with open_chromium() as browser:
        sign_in(browser.new_context(), platform, address="dana@acme.example", person="dana@acme.example")
    after_the_first = rows()

    with open_chromium() as browser:
        context = browser.new_context()
        again = sign_in(context, platform, address="dana@acme.example", person="dana@acme.example")
        once_more = sign_in(
            context, platform, address="dana@acme.example", person="dana@acme.example", path="/login/?again=true"
        )

    assert again.heading == once_more.heading == "Your organizations"
    assert rows() == after_the_first
    # The last time the browser had a session: it stayed at home with the POST and came with the page after it.
    assert [post.cookies for post in posts(arrivals)] == [frozenset()] * 3
    mine = {django_settings.SESSION_COOKIE_NAME, django_settings.BROWSER_COOKIE_NAME}
    assert mine <= finishes(arrivals)[-1].cookies


def test_r29_somebody_whose_domain_is_not_assigned_is_refused_with_a_reference(
    acme: Organization, connection: Connection, platform: str
) -> None:
    before = rows()

    with open_chromium() as browser:
        context = browser.new_context()
        visit = sign_in(context, platform, address="dana@acme.example", person="leo@acme-labs.example")
        cookies = {cookie.get("name") for cookie in context.cookies(platform)}

    reference = re.search(r"Reference (SGN-[A-Z0-9-]+)", visit.text)
    assert reference, visit.text
    event = AuditEvent.objects.get(reference=reference.group(1))
    assert (event.code, event.parent_id) == ("sign_in.refused", connection.parent_id)
    assert event.details["code"] == "wrong_account"
    assert event.details["received"] == "leo@acme-labs.example"
    assert "Not signed in" in visit.text
    assert django_settings.SESSION_COOKIE_NAME not in cookies
    assert rows() == before
