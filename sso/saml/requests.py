"""Our AuthnRequest, by the HTTP-Redirect binding (Core s3.4.1, Bindings s3.4).

It says as little as the standard allows. NameIDPolicy, RequestedAuthnContext and Subject are left out: Okta wants the
first to match a field of its own, Entra knows only exact contexts and so locks out people with MFA or Kerberos, and
Entra fails on the third.
"""

import base64
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit, urlunsplit

from lxml import etree

from .names import BINDING_POST, SAML, SAMLP
from .times import say_time

# Bindings s3.4.3. Ours is an opaque key to a stored attempt, never an address (R19).
LONGEST_RELAY_STATE = 80

# These names are the binding's own; an identity provider's address that carries one would send two.
_RESERVED = {"samlrequest", "relaystate", "sigalg", "signature", "samlencoding"}


@dataclass(frozen=True)
class AuthnRequest:
    """`request_id` is what the answer must carry as InResponseTo; `url` is where the browser goes."""

    request_id: str
    url: str


def build_authn_request(
    *,
    idp_sso_url: str,
    sp_entity_id: str,
    acs_url: str,
    relay_state: str,
    now: datetime,
    request_id: str = "",
    force_authn: bool = False,
) -> AuthnRequest:
    """Build the request and the address that carries it to the identity provider; `request_id` is new if not given.

    Raises ValueError for a RelayState over 80 octets, which is a mistake of ours.
    """
    if len(relay_state.encode()) > LONGEST_RELAY_STATE:
        raise ValueError("RelayState may have 80 octets at most (Bindings s3.4.3)")
    request_id = request_id or make_request_id()
    document = etree.Element(
        f"{{{SAMLP}}}AuthnRequest",
        nsmap={"samlp": SAMLP, "saml": SAML},
        attrib={
            "ID": request_id,
            "Version": "2.0",
            "IssueInstant": say_time(now),
            "Destination": idp_sso_url,
            "ProtocolBinding": BINDING_POST,
            "AssertionConsumerServiceURL": acs_url,
        },
    )
    if force_authn:
        document.set("ForceAuthn", "true")
    etree.SubElement(document, f"{{{SAML}}}Issuer").text = sp_entity_id
    message = base64.b64encode(_deflate(etree.tostring(document))).decode("ascii")
    return AuthnRequest(
        request_id=request_id, url=_add_query(idp_sso_url, {"SAMLRequest": message, "RelayState": relay_state})
    )


def make_request_id() -> str:
    """160 unpredictable bits as an xs:ID; Entra refuses one that begins with a digit, as the type itself does."""
    return "_" + secrets.token_hex(20)


def _deflate(octets: bytes) -> bytes:
    """DEFLATE without the zlib frame (RFC 1951; Bindings s3.4.4.1)."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(octets) + compressor.flush()


def _add_query(url: str, parameters: dict[str, str]) -> str:
    """The identity provider's address with our parameters behind its own, which are kept as they are."""
    scheme, netloc, path, query, _ = urlsplit(url)
    kept = [part for part in query.split("&") if part and part.partition("=")[0].lower() not in _RESERVED]
    return urlunsplit((scheme, netloc, path, "&".join([*kept, urlencode(parameters)]), ""))
