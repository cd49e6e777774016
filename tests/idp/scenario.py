"""One connection and its identity provider, with keys that are checked in and worth nothing."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo.idp.signer import SigningKey, encode_response, make_response
from sso.saml.assertion import VerifiedAssertion
from sso.saml.responses import ResponseTrust, read_response

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
IDP = "https://idp.northwind.example/saml"
SP = "https://id.acme.example/sso/saml/c1/metadata/"
ACS = "https://id.acme.example/sso/saml/c1/acs/"
REQUEST = "_request-of-this-browser"
SUBJECT = "u-1001"
ATTRIBUTES = {
    "email": "bob@northwind.example",
    "firstName": "Bob",
    "lastName": "Baker",
    "groups": ["staff", "designers"],
}

TESTDATA = Path(__file__).parent.parent / "testdata" / "saml"
KEYS = TESTDATA / "keys"


def load_key(name: str) -> SigningKey:
    """A throwaway key: identity_provider, its elliptic sister identity_provider_ec, or a stranger's."""
    return SigningKey((KEYS / f"{name}.key.pem").read_text(), (KEYS / f"{name}.crt.pem").read_text())


IDP_KEY = load_key("identity_provider")
STRANGERS_KEY = load_key("stranger")

TRUST = ResponseTrust(
    cache_key="scenario", idp_entity_id=IDP, sp_entity_id=SP, acs_url=ACS, certificates=(IDP_KEY.certificate_pem,)
)


def genuine(**changes: Any) -> bytes:
    """The XML of a response that signs Bob in; `changes` are knobs of demo.idp.signer.make_response."""
    knobs: dict[str, Any] = {
        "key": IDP_KEY,
        "issuer": IDP,
        "audience": SP,
        "acs_url": ACS,
        "in_response_to": REQUEST,
        "name_id": SUBJECT,
        "attributes": ATTRIBUTES,
        "now": NOW,
        "response_id": "_response-1",
        "assertion_id": "_assertion-1",
    }
    return make_response(**(knobs | changes))


def read(
    xml: bytes, *, trust: ResponseTrust = TRUST, request_id: str = REQUEST, now: datetime = NOW
) -> VerifiedAssertion:
    """What the reader makes of a response."""
    return read_response(encode_response(xml), trust=trust, request_id=request_id, now=now)
