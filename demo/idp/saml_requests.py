"""Reading AuthnRequests (SAML Core s3.4.1) as they come by redirect or POST (Bindings s3.4, s3.5)."""

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from demo.idp.errors import RequestRefused
from demo.idp.signer import SAML, SAMLP

LONGEST_MESSAGE = 64 * 1024
"""Octets of XML, also after inflating: a small message may blow up to gigabytes."""
XML_ID = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,255}")


@dataclass(frozen=True)
class AuthnRequest:
    """What an application asks; nothing in it is proven, since this identity provider takes unsigned requests."""

    id: str
    issuer: str
    acs_url: str
    destination: str
    force_authn: bool


def read_redirect(query: Mapping[str, str]) -> AuthnRequest:
    """The request of a query string: deflated, base64. Raises RequestRefused."""
    packed = _decode(query.get("SAMLRequest", ""))
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        xml = inflater.decompress(packed, LONGEST_MESSAGE + 1)
    except zlib.error as error:
        raise RequestRefused("The SAML request is not deflated, as the redirect binding demands.") from error
    return _read(xml)


def read_post(form: Mapping[str, str]) -> AuthnRequest:
    """The request of a form: base64 only. Raises RequestRefused."""
    return _read(_decode(form.get("SAMLRequest", "")))


def _decode(value: str) -> bytes:
    if not value:
        raise RequestRefused("There is no SAML request in this address. Begin at the application.")
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestRefused("The SAML request is not in base64.") from error


def _read(xml: bytes) -> AuthnRequest:
    if len(xml) > LONGEST_MESSAGE:
        raise RequestRefused("The SAML request is longer than any real one.")
    # Nothing is fetched and no entity is expanded; a document type has no place in SAML at all.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise RequestRefused("The SAML request is not well-formed XML.") from error
    if root.getroottree().docinfo.doctype:
        raise RequestRefused("The SAML request carries a document type, which SAML doesn't have.")
    if root.tag != f"{{{SAMLP}}}AuthnRequest" or root.get("Version") != "2.0":
        raise RequestRefused("This is not an AuthnRequest of SAML 2.0.")
    request_id = root.get("ID", "")
    if not XML_ID.fullmatch(request_id):
        raise RequestRefused("The SAML request has no ID that an answer could repeat.")
    return AuthnRequest(
        id=request_id,
        issuer=(root.findtext(f"{{{SAML}}}Issuer") or "").strip(),
        acs_url=root.get("AssertionConsumerServiceURL", ""),
        destination=root.get("Destination", ""),
        force_authn=root.get("ForceAuthn") in ("true", "1"),
    )
