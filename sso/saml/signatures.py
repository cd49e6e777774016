"""Verifying a signature, and handing out what it covers: the canonical octets, parsed afresh (R1).

The order matters. First the key's signature over SignedInfo, a few hundred octets; only if a trusted key made it, the
digest of the content. SignedInfo is then read again from the octets that were signed, so that not even the reference
is taken from anything unproven. lxml is the only parser and the only canonicalizer on the way from here to the
attributes (R2); the arithmetic is cryptography's.
"""

import copy
import hashlib
import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from .certificates import fingerprint_of_text
from .errors import ContentAltered, SignatureForbidden, SignedByUnknownCertificate, VoidCanonicalForm
from .guard import parse_safely
from .names import DS, SIGNATURE
from .signature_form import DIGEST_METHODS, SIGNATURE_METHODS, SignatureForm, read_signed_info
from .trust import TrustedKey

_PKCS1 = padding.PKCS1v15()


@dataclass(frozen=True)
class VerifiedElement:
    """An element exactly as it was signed. `root` is parsed from `octets`, not taken from the message."""

    octets: bytes
    root: etree._Element
    certificate_fingerprint: str


def verify_signature(form: SignatureForm, *, keys: tuple[TrustedKey, ...]) -> VerifiedElement:
    """Verify an enveloped signature of the element it stands in, with one of these keys and no other (R7).

    `form` is what the guard let pass. Leaves the message's tree as it was. Raises SignedByUnknownCertificate,
    ContentAltered, VoidCanonicalForm, SignatureForbidden or WeakAlgorithm.
    """
    signed_octets = canonicalize(form.signed_info, prefixes=form.claims.own_prefixes)
    signer = _find_signer(form, signed_octets, keys=keys)
    if signer is None:
        raise SignedByUnknownCertificate(
            expected=", ".join(key.fingerprint for key in keys), received=_fingerprint_named_by(form.element)
        )
    facts = read_signed_info(parse_safely(signed_octets))
    if facts != form.claims:
        raise SignatureForbidden(what="what it says and what it signs differ")

    octets = _canonicalize_without(form.element, prefixes=facts.content_prefixes)
    digest = hashlib.new(DIGEST_METHODS[facts.digest_method], octets).digest()
    if not hmac.compare_digest(digest, facts.digest):
        raise ContentAltered()
    root = parse_safely(octets)
    if root.get("ID") != facts.reference_id:
        raise ContentAltered(expected=facts.reference_id, received=root.get("ID", ""))
    return VerifiedElement(octets=octets, root=root, certificate_fingerprint=signer.fingerprint)


def canonicalize(element: etree._Element, *, prefixes: tuple[str, ...]) -> bytes:
    """Exclusive XML canonicalization without comments. An error or an empty form is a refusal, never a value (R10)."""
    if "#default" in prefixes:
        # lxml drops a prefix that none of the thread's documents contains as a name. "#default", which stands for the
        # default namespace (exc-c14n s2), is never a name; as a namespace's address it gets into the same dictionary.
        etree.fromstring('<known xmlns="#default"/>')
    try:
        octets: bytes = etree.tostring(
            element,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=list(prefixes) or None,
        )
    except (etree.LxmlError, ValueError) as error:
        raise VoidCanonicalForm() from error
    if not octets:
        raise VoidCanonicalForm()
    return octets


def _canonicalize_without(signature: etree._Element, *, prefixes: tuple[str, ...]) -> bytes:
    """The enveloped-signature transform, then canonicalization, on a copy of the whole message.

    Taking an element out of a tree and putting it back makes lxml tidy up namespace declarations, which would change
    what another signature covers. The copy is of the whole message because an inclusive prefix may be declared anywhere
    above. A comment takes the signature's place: canonicalization leaves comments out, and, unlike removing the
    element, this keeps the text behind it.
    """
    root = signature.getroottree().getroot()
    position = list(root.iter(SIGNATURE)).index(signature)
    copied = list(copy.deepcopy(root).iter(SIGNATURE))[position]
    parent = copied.getparent()
    if parent is None:
        raise SignatureForbidden(what="it stands in nothing")
    stand_in = etree.Comment("")
    stand_in.tail = copied.tail
    parent.replace(copied, stand_in)
    return canonicalize(parent, prefixes=prefixes)


def _find_signer(form: SignatureForm, octets: bytes, *, keys: tuple[TrustedKey, ...]) -> TrustedKey | None:
    kind, digest = SIGNATURE_METHODS[form.claims.signature_method]
    for trusted in keys:
        if trusted.kind != kind:
            continue
        try:
            if isinstance(trusted.key, rsa.RSAPublicKey):
                trusted.key.verify(form.value, octets, _PKCS1, digest)
            else:
                trusted.key.verify(_encode_ecdsa(form.value, key=trusted.key), octets, ec.ECDSA(digest))
        except InvalidSignature:
            continue
        return trusted
    return None


def _encode_ecdsa(value: bytes, *, key: ec.EllipticCurvePublicKey) -> bytes:
    """XML signatures carry r and s side by side, each as long as the curve's order (RFC 4050 s3.3); DER is wanted."""
    length = (key.curve.key_size + 7) // 8
    if len(value) != 2 * length:
        raise InvalidSignature
    return encode_dss_signature(int.from_bytes(value[:length]), int.from_bytes(value[length:]))


def _fingerprint_named_by(signature: etree._Element) -> str:
    """What the message says of its own certificate: for the managers' page, where it may match the metadata (5.5)."""
    named = signature.find(f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate")
    return "" if named is None else fingerprint_of_text(named.text or "")
