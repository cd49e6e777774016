"""Metadata: theirs, read as hostile input (R51), and ours, written for their consoles (Metadata s2.3, s2.4).

Reading it fetches nothing and trusts nothing: where it came from decides what it is good for, and that is the caller's
question. It isn't held against the schema: AD FS and Entra add roles of a type that the schema doesn't know, and each
piece that is read is checked.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlsplit

from lxml import etree

from .assertion import read_text
from .certificates import Certificate, CertificateRejected, read_certificate
from .errors import AssertionRejected, UnreadableTime, show
from .guard import parse_safely
from .metadata_errors import (
    CertificateAbsent,
    CertificatesUnusable,
    EntityIdUnusable,
    EntityNotFound,
    MetadataExpired,
    MetadataIsOurs,
    MetadataRejected,
    MetadataTooLarge,
    MetadataUnreadable,
    SeveralIdentityProviders,
    SsoAddressMissing,
    SsoAddressUnusable,
)
from .names import BINDING_POST, BINDING_REDIRECT, DS, MD, SAMLP
from .times import read_time, say_time

__all__ = [
    "Certificate",
    "CertificateRejected",
    "IdentityProviderMetadata",
    "MetadataRejected",
    "check_sso_url",
    "describe_service_provider",
    "read_certificate",
    "read_metadata",
]

LARGEST_METADATA: Final = 1024 * 1024
# In octets, since it stands in an index together with the subject (`sso/claims.py`); Core s8.3.6 has characters.
LONGEST_ENTITY_ID: Final = 1024
LONGEST_URL: Final = 2048
MOST_BRACKETS: Final = 100_000
MOST_CHOICES: Final = 100
MOST_CERTIFICATES: Final = 10

_ENTITY: Final = f"{{{MD}}}EntityDescriptor"
_ENTITIES: Final = f"{{{MD}}}EntitiesDescriptor"
_IDP_ROLE: Final = f"{{{MD}}}IDPSSODescriptor"
_SP_ROLE: Final = f"{{{MD}}}SPSSODescriptor"
_KEY: Final = f"{{{MD}}}KeyDescriptor"
_SSO_SERVICE: Final = f"{{{MD}}}SingleSignOnService"
_X509_DATA: Final = f"{{{DS}}}X509Data"
_CERTIFICATE: Final = f"{{{DS}}}X509Certificate"

_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f\"<>\\^`{|}]")

SsoBinding = Literal["redirect", "post"]


@dataclass(frozen=True)
class IdentityProviderMetadata:
    """One identity provider as its metadata describes it. `certificates` may contain expired ones, never weak ones."""

    entity_id: str
    sso_url: str
    sso_binding: SsoBinding
    certificates: tuple[Certificate, ...]
    valid_until: datetime | None
    wants_signed_requests: bool


def read_metadata(
    document: bytes, *, now: datetime, allow_http: bool = False, entity_id: str | None = None
) -> IdentityProviderMetadata:
    """Read an identity provider's metadata; `entity_id` chooses one where there are several.

    `allow_http` is for development only. Raises a MetadataRejected subclass that says what to do, and nothing else.
    """
    root = _parse(document)
    entity = _choose_entity(root, entity_id=entity_id)
    found_id = _read_entity_id(entity)
    valid_until = _require_valid(entity, now=now)
    roles = [role for role in entity.iterchildren(_IDP_ROLE) if SAMLP in _protocols(role)]
    if not roles:
        raise MetadataUnreadable(received="it describes no SAML 2.0 identity provider")
    role = roles[0]
    valid_until = min(filter(None, [valid_until, _require_valid(role, now=now)]), default=None)
    sso_url, sso_binding = _read_sso_service(role, allow_http=allow_http)
    return IdentityProviderMetadata(
        entity_id=found_id,
        sso_url=sso_url,
        sso_binding=sso_binding,
        certificates=_read_certificates(role),
        valid_until=valid_until,
        wants_signed_requests=role.get("WantAuthnRequestsSigned", "").strip() in {"true", "1"},
    )


def check_sso_url(url: str, *, allow_http: bool = False) -> str:
    """The address, if a browser may be sent there. Raises SsoAddressUnusable. For forms as well as for metadata."""
    refused = SsoAddressUnusable(expected="an https address", received=show(url))
    if not url or len(url) > LONGEST_URL or _UNSAFE_IN_URL.search(url) or not url.isascii():
        raise refused
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise refused from error
    allowed = {"https", "http"} if allow_http else {"https"}
    if parts.scheme not in allowed or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise refused
    return url


def check_entity_id(entity_id: str) -> str:
    """The entity ID, if it is one (Core s8.3.6). Raises EntityIdUnusable. For forms as well as for metadata."""
    if (
        not entity_id
        or entity_id.strip() != entity_id
        or not entity_id.isprintable()
        or len(entity_id.encode()) > LONGEST_ENTITY_ID
    ):
        raise EntityIdUnusable(expected=str(LONGEST_ENTITY_ID), received=show(entity_id))
    return entity_id


def describe_service_provider(
    *,
    entity_id: str,
    acs_url: str,
    now: datetime,
    valid_for: timedelta = timedelta(days=7),
    organization_name: str = "",
    organization_url: str = "",
) -> bytes:
    """Our metadata for one connection (Metadata s2.4.4), to be served as application/samlmetadata+xml.

    We want assertions signed and take one binding at one address. `valid_for` is modest, so that an identity provider
    that polls it notices a change.
    """
    entity = etree.Element(
        _ENTITY,
        nsmap={"md": MD},
        attrib={"entityID": entity_id, "validUntil": say_time(now + valid_for), "cacheDuration": "P1D"},
    )
    role = etree.SubElement(
        entity,
        _SP_ROLE,
        AuthnRequestsSigned="false",
        WantAssertionsSigned="true",
        protocolSupportEnumeration=SAMLP,
    )
    for name_id_format in (
        "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    ):
        etree.SubElement(role, f"{{{MD}}}NameIDFormat").text = name_id_format
    etree.SubElement(
        role,
        f"{{{MD}}}AssertionConsumerService",
        Binding=BINDING_POST,
        Location=acs_url,
        index="0",
        isDefault="true",
    )
    if organization_name:
        organization = etree.SubElement(entity, f"{{{MD}}}Organization")
        language = "{http://www.w3.org/XML/1998/namespace}lang"
        for name, text in (
            ("OrganizationName", organization_name),
            ("OrganizationDisplayName", organization_name),
            ("OrganizationURL", organization_url),
        ):
            etree.SubElement(organization, f"{{{MD}}}{name}", {language: "en"}).text = text
    octets: bytes = etree.tostring(entity, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return octets


def _parse(document: bytes) -> etree._Element:
    if len(document) > LARGEST_METADATA:
        raise MetadataTooLarge(expected="1 MB", received=f"{len(document) // 1024} kB")
    text = document.removeprefix(b"\xef\xbb\xbf").strip()
    if not text.startswith(b"<"):
        raise MetadataUnreadable(received="it doesn't begin as XML" if text else "it is empty")
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MetadataUnreadable(received="it isn't UTF-8") from error
    if text[:256].lower().startswith((b"<!doctype html", b"<html")):
        raise MetadataUnreadable(received="it is a web page")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise MetadataUnreadable(received="it has a document type")
    if text.count(b"<") > MOST_BRACKETS or text.count(b"=") > MOST_BRACKETS:
        raise MetadataTooLarge(expected=f"{MOST_BRACKETS // 2} elements")
    try:
        return parse_safely(text)
    except AssertionRejected as error:
        raise MetadataUnreadable(received="it isn't well-formed XML") from error


def _choose_entity(root: etree._Element, *, entity_id: str | None) -> etree._Element:
    if root.tag not in {_ENTITY, _ENTITIES}:
        raise MetadataUnreadable(received=f"it is a {show(etree.QName(root).localname)}")
    entities = list(root.iter(_ENTITY))
    identity_providers = [entity for entity in entities if entity.find(_IDP_ROLE) is not None]
    if not identity_providers:
        if any(entity.find(_SP_ROLE) is not None for entity in entities):
            raise MetadataIsOurs()
        raise MetadataUnreadable(received="it describes no identity provider")
    if entity_id is not None:
        identity_providers = [entity for entity in identity_providers if entity.get("entityID") == entity_id]
        if not identity_providers:
            raise EntityNotFound(expected=show(entity_id))
        return identity_providers[0]
    if len(identity_providers) > 1:
        ids = tuple(show(entity.get("entityID", "")) for entity in identity_providers[:MOST_CHOICES])
        raise SeveralIdentityProviders(entity_ids=ids, count=len(identity_providers))
    return identity_providers[0]


def _read_entity_id(entity: etree._Element) -> str:
    return check_entity_id(entity.get("entityID", ""))


def _require_valid(element: etree._Element, *, now: datetime) -> datetime | None:
    """The nearest validUntil of the element and what it stands in; refused once it lies in the past."""
    ends = []
    for holder in (element, *element.iterancestors()):
        try:
            end = read_time(holder, "validUntil")
        except UnreadableTime as error:
            raise MetadataUnreadable(received="its validUntil isn't a time in UTC") from error
        if end is not None:
            ends.append(end)
    if not ends:
        return None
    if min(ends) <= now:
        raise MetadataExpired(received=min(ends).astimezone(UTC).strftime("%-d %B %Y, %H:%M UTC"))
    return min(ends)


def _protocols(role: etree._Element) -> list[str]:
    return role.get("protocolSupportEnumeration", "").split()


def _read_sso_service(role: etree._Element, *, allow_http: bool) -> tuple[str, SsoBinding]:
    services = list(role.iterchildren(_SSO_SERVICE))
    wanted: tuple[tuple[str, SsoBinding], ...] = ((BINDING_REDIRECT, "redirect"), (BINDING_POST, "post"))
    for binding, name in wanted:
        for service in services:
            if service.get("Binding") == binding:
                return check_sso_url(service.get("Location", ""), allow_http=allow_http), name
    raise SsoAddressMissing(received=show(", ".join(service.get("Binding", "") for service in services) or None))


def _read_certificates(role: etree._Element) -> tuple[Certificate, ...]:
    """All signing certificates, each once. One that can't be used refuses the whole: somebody should know."""
    # Where a chain is given, only the first certificate is the signer's own: an authority's key signs no response.
    leaves = [
        data.find(_CERTIFICATE)
        for key in role.iterchildren(_KEY)
        if key.get("use", "signing") == "signing"
        for data in key.iter(_X509_DATA)
    ]
    texts = [read_text(leaf) for leaf in leaves if leaf is not None]
    if not texts:
        raise CertificateAbsent()
    if len(texts) > MOST_CERTIFICATES:
        raise CertificatesUnusable(expected=f"at most {MOST_CERTIFICATES}", received=f"There are {len(texts)} of them.")
    try:
        certificates = [read_certificate(text) for text in texts]
    except CertificateRejected as error:
        raise CertificatesUnusable(received=error.message_text) from error
    return tuple({certificate.fingerprint: certificate for certificate in certificates}.values())
