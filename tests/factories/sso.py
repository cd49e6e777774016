"""A parent's live SAML connection, and the identity provider at its other end, signing for real."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from demo.idp.saml_requests import read_redirect
from demo.idp.signer import SigningKey, encode_response, make_response
from domains.models import DomainClaim
from orgs.models import ParentOrganization
from sso.models import Certificate, Connection, ConnectionRevision, RevisionState
from sso.saml.addresses import acs_url, entity_id


@lru_cache(maxsize=8)
def signing_key(name: str) -> SigningKey:
    """RSA keys take a while to make; each name has one per test run."""
    return SigningKey.create(name, now=timezone.now())


@dataclass
class IdentityProvider:
    """The customer's side of a connection: answers the AuthnRequests that a browser brings."""

    connection: Connection
    entity_id: str
    sso_url: str
    key: SigningKey
    sent: list[str] = field(default_factory=list)

    def answer(self, *, request_id: str | None, email: str, subject: str = "", **knobs: object) -> str:
        """A signed response for this request, base64, as it stands in the form field."""
        knobs = {
            "key": self.key,
            "issuer": self.entity_id,
            "audience": entity_id(self.connection),
            "acs_url": acs_url(self.connection),
            "attributes": {"email": email, "firstName": "Erin", "lastName": "Example"},
            "now": timezone.now(),
            **knobs,
        }
        xml = make_response(in_response_to=request_id, name_id=subject or f"id-of-{email}", **knobs)  # type: ignore[arg-type]
        self.sent.append(encode_response(xml))
        return self.sent[-1]


def live_connection(
    parent: ParentOrganization,
    *,
    created_by: User,
    claims: tuple[DomainClaim, ...] = (),
    name: str = "Okta",
    state: str = RevisionState.LIVE,
) -> IdentityProvider:
    """A connection whose revision is live and which serves these domains, with its identity provider."""
    now = timezone.now()
    key = signing_key(name)
    connection = Connection.unscoped.create(
        parent=parent, protocol="saml", provider="custom-saml", name=name, created_by=created_by, created_at=now
    )
    idp = IdentityProvider(
        connection=connection,
        entity_id=f"https://idp.example/{connection.id.hex}",
        sso_url=f"https://idp.example/{connection.id.hex}/sso",
        key=key,
    )
    revision = ConnectionRevision.unscoped.create(
        connection=connection,
        number=1,
        name=name,
        state=state,
        saved_at=now,
        tested_at=now,
        idp_entity_id=idp.entity_id,
        sso_url=idp.sso_url,
        sso_binding="redirect",
    )
    Certificate.unscoped.create(
        revision=revision,
        pem=key.certificate_pem,
        fingerprint=key.fingerprint,
        not_before=now - timedelta(hours=1),
        not_after=now + timedelta(days=3650),
        source="manual",
        added_at=now,
    )
    for claim in claims:
        claim.connection = connection
        claim.save(update_fields=["connection"])
    return idp


@dataclass(frozen=True)
class Leaving:
    """What a browser carries to the identity provider."""

    relay_state: str
    request_id: str
    url: str


def leave_for_sso(browser: Client, email: str, **fields: str) -> Leaving:
    """Type an address at /login/, choose SSO, and follow the page's link to the identity provider."""
    browser.get("/login/")
    response = browser.post("/login/", {"email": email, "way": "sso", **fields})
    assert response.status_code == 302, response.content
    return read_go_page(browser.get(response["Location"]))


def leave_from(browser: Client, path: str) -> Leaving:
    """Open an address that begins a sign-in (a bookmark), and follow the page's link."""
    response = browser.get(path)
    return read_go_page(browser.get(response["Location"]))


def read_go_page(page: HttpResponse) -> Leaving:
    assert page.status_code == 200, page.content
    link = re.search(r'href="(https?://[^"]*SAMLRequest[^"]*)"', page.content.decode())
    assert link, page.content
    url = link.group(1).replace("&amp;", "&")
    query = parse_qs(urlsplit(url).query)
    return Leaving(
        relay_state=query["RelayState"][0],
        request_id=read_redirect({"SAMLRequest": query["SAMLRequest"][0]}).id,
        url=url,
    )


def bring_answer(browser: Client, idp: IdentityProvider, response: str, relay_state: str) -> HttpResponse:
    """The identity provider's page posts from another site, without a cookie of ours; then the redirect is followed."""
    posted = post_answer(idp, response, relay_state)
    return browser.get(posted["Location"]) if posted.status_code == 303 else posted


def post_answer(idp: IdentityProvider, response: str, relay_state: str) -> HttpResponse:
    return Client().post(
        f"/sso/saml/{idp.connection.id.hex}/acs/", {"SAMLResponse": response, "RelayState": relay_state}
    )


def sign_in_with_sso(
    browser: Client, idp: IdentityProvider, email: str, *, now: datetime | None = None, **knobs: object
) -> HttpResponse:
    """The whole way, from the typed address to the page after the answer."""
    leaving = leave_for_sso(browser, email)
    answer = idp.answer(request_id=leaving.request_id, email=email, **knobs)
    return bring_answer(browser, idp, answer, leaving.relay_state)
