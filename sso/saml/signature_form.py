"""Which signatures may be computed at all: the shape of a ds:Signature, read strictly (R3, R9, R49).

SAML allows one form only (Core s5.4): enveloped, one Reference to the element it stands in, the enveloped and the
exclusive canonicalization transform. Whatever is not in that form is refused here, unread.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from lxml import etree

from .errors import SignatureForbidden, WeakAlgorithm, show
from .names import ASSERTION, DS, RESPONSE

MOST_SIGNATURES: Final = 2
MOST_KEY_INFO_ELEMENTS: Final = 40
MOST_INCLUSIVE_PREFIXES: Final = 32

ENVELOPED: Final = f"{DS}enveloped-signature"
EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_DSIG_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_XENC: Final = "http://www.w3.org/2001/04/xmlenc#"

SHA256: Final = hashes.SHA256()
SHA384: Final = hashes.SHA384()
SHA512: Final = hashes.SHA512()

# R9: an allow-list. SHA-1 is refused without exception: collisions are for sale.
DIGEST_METHODS: Final = {f"{_XENC}sha256": "sha256", f"{_DSIG_MORE}sha384": "sha384", f"{_XENC}sha512": "sha512"}
SIGNATURE_METHODS: Final[dict[str, tuple[str, hashes.HashAlgorithm]]] = {
    f"{_DSIG_MORE}rsa-sha256": ("rsa", SHA256),
    f"{_DSIG_MORE}rsa-sha384": ("rsa", SHA384),
    f"{_DSIG_MORE}rsa-sha512": ("rsa", SHA512),
    f"{_DSIG_MORE}ecdsa-sha256": ("ec", SHA256),
    f"{_DSIG_MORE}ecdsa-sha384": ("ec", SHA384),
    f"{_DSIG_MORE}ecdsa-sha512": ("ec", SHA512),
}

_SIGNED_INFO: Final = f"{{{DS}}}SignedInfo"
_SIGNATURE_VALUE: Final = f"{{{DS}}}SignatureValue"
_KEY_INFO: Final = f"{{{DS}}}KeyInfo"
_REFERENCE: Final = f"{{{DS}}}Reference"
_INCLUSIVE_NAMESPACES: Final = f"{{{EXCLUSIVE_C14N}}}InclusiveNamespaces"

# None of these belongs into a SAML message; each makes a verifier fetch, loop, or sign something other than what is
# read. RetrievalMethod and the transform languages are the costly ones.
_FORBIDDEN: Final = (
    f"{{{DS}}}RetrievalMethod",
    f"{{{DS}}}Manifest",
    f"{{{DS}}}Object",
    f"{{{DS}}}SignatureProperties",
    f"{{{DS}}}XPath",
    "{http://www.w3.org/2002/06/xmldsig-filter2}*",
    "{http://www.w3.org/1999/XSL/Transform}*",
    "{http://www.w3.org/2009/xmldsig11#}KeyInfoReference",
    "{http://www.w3.org/2001/XInclude}*",
)


@dataclass(frozen=True)
class SignedInfo:
    """What a signature says about what it signs. Prefix lists are those of InclusiveNamespaces, empty if there is none.

    Where it is read from the message it is a claim; where it is read from the octets that a key signed it is a fact.
    """

    own_prefixes: tuple[str, ...]
    signature_method: str
    reference_id: str
    content_prefixes: tuple[str, ...]
    digest_method: str
    digest: bytes


@dataclass(frozen=True)
class SignatureForm:
    """A ds:Signature of the message, in the one form allowed. Nothing in it is proven."""

    element: etree._Element
    signed_info: etree._Element
    claims: SignedInfo
    value: bytes


def forbid_signature_extras(root: etree._Element) -> None:
    """Refuse documents that carry a transform language or a pointer to a key, wherever it stands."""
    for element in root.iter(*_FORBIDDEN):
        raise SignatureForbidden(what=f"it uses {show(etree.QName(element).localname)}")


def read_signature_form(signature: etree._Element) -> SignatureForm:
    """Read a ds:Signature of the message. Nothing in the answer is proven.

    Raises SignatureForbidden for any other form, WeakAlgorithm for algorithms not in the allow-list.
    """
    parent = signature.getparent()
    if parent is None or parent.tag not in {RESPONSE, ASSERTION}:
        raise SignatureForbidden(what="it signs neither a response nor an assertion")
    parts = list(signature)
    if [part.tag for part in parts[:2]] != [_SIGNED_INFO, _SIGNATURE_VALUE]:
        raise SignatureForbidden(what="its parts aren't SignedInfo and SignatureValue")
    extra = parts[2:]
    if extra and (len(extra) > 1 or extra[0].tag != _KEY_INFO):
        raise SignatureForbidden(what="it has parts that don't belong there")
    if extra and sum(1 for _ in extra[0].iter()) > MOST_KEY_INFO_ELEMENTS:
        raise SignatureForbidden(what="its KeyInfo is too large")
    claims = read_signed_info(parts[0])
    if claims.reference_id != parent.get("ID"):
        raise SignatureForbidden(what="its reference points to another element than the one it stands in")
    return SignatureForm(
        element=signature,
        signed_info=parts[0],
        claims=claims,
        value=_read_base64(parts[1], what="its value isn't base64"),
    )


def read_signed_info(signed_info: etree._Element) -> SignedInfo:
    """Read a ds:SignedInfo, from the message or from the octets that were signed. Raises as read_signature_form."""
    parts = list(signed_info)
    tags = [part.tag for part in parts]
    if signed_info.tag != _SIGNED_INFO or tags != [f"{{{DS}}}CanonicalizationMethod", _SIGNATURE_METHOD, _REFERENCE]:
        raise SignatureForbidden(what="it must have one canonicalization method, one signature method, one reference")
    canonicalization, method, reference = parts
    if canonicalization.get("Algorithm") != EXCLUSIVE_C14N:
        raise SignatureForbidden(what="its canonicalization isn't the exclusive one")
    signature_method = method.get("Algorithm", "")
    if signature_method not in SIGNATURE_METHODS or len(method):
        raise WeakAlgorithm(expected="RSA or ECDSA with SHA-256 or better", received=show(signature_method))

    reference_parts = list(reference)
    tags = [part.tag for part in reference_parts]
    if tags != [f"{{{DS}}}Transforms", f"{{{DS}}}DigestMethod", f"{{{DS}}}DigestValue"]:
        raise SignatureForbidden(what="its reference doesn't have transforms, digest method and digest value")
    transforms, digest_element, digest_value = reference_parts
    if [step.get("Algorithm") for step in transforms] != [ENVELOPED, EXCLUSIVE_C14N] or any(
        step.tag != f"{{{DS}}}Transform" for step in transforms
    ):
        raise SignatureForbidden(what="its transforms aren't the enveloped and the exclusive one, in this order")
    if len(transforms[0]):
        raise SignatureForbidden(what="its enveloped transform has parameters")
    digest_method = digest_element.get("Algorithm", "")
    if digest_method not in DIGEST_METHODS or len(digest_element):
        raise WeakAlgorithm(expected="SHA-256 or better", received=show(digest_method))

    uri = reference.get("URI", "")
    if not uri.startswith("#") or len(uri) == 1:
        raise SignatureForbidden(what="its reference doesn't name an element by ID")
    return SignedInfo(
        own_prefixes=_read_prefixes(canonicalization),
        signature_method=signature_method,
        reference_id=uri[1:],
        content_prefixes=_read_prefixes(transforms[1]),
        digest_method=digest_method,
        digest=_read_base64(digest_value, what="its digest isn't base64"),
    )


_SIGNATURE_METHOD: Final = f"{{{DS}}}SignatureMethod"


def _read_prefixes(method: etree._Element) -> tuple[str, ...]:
    parameters = list(method)
    if not parameters:
        return ()
    if len(parameters) > 1 or parameters[0].tag != _INCLUSIVE_NAMESPACES or len(parameters[0]):
        raise SignatureForbidden(what="its canonicalization has unknown parameters")
    prefixes = tuple(parameters[0].get("PrefixList", "").split())
    if len(prefixes) > MOST_INCLUSIVE_PREFIXES:
        raise SignatureForbidden(what="its canonicalization names too many prefixes")
    return prefixes


def _read_base64(element: etree._Element, *, what: str) -> bytes:
    if len(element):
        raise SignatureForbidden(what=what)
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureForbidden(what=what) from error
