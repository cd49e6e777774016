"""An identity provider's signing certificate, as people paste it and as metadata carries it."""

import base64
import binascii
import hashlib
import re
import warnings
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

from identity_platform.errors import PlatformError

from .errors import show

LARGEST_CERTIFICATE_TEXT = 32 * 1024
SHORTEST_RSA_KEY = 2048
LONGEST_RSA_KEY = 8192
_CURVES = {"secp256r1": 256, "secp384r1": 384, "secp521r1": 521}
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
_ARMOUR = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


class CertificateRejected(PlatformError):
    code = "certificate_unreadable"
    message = "This isn't a certificate that can be read."
    remedy = "Download the signing certificate from your identity provider as Base64 (.cer, .pem) and paste all of it."
    field = "certificate"


class CertificateMissing(CertificateRejected):
    code = "certificate_missing"
    message = "The certificate is empty."


class CertificateTooLong(CertificateRejected):
    code = "certificate_too_long"
    message = "This text is too long for a certificate."


class PrivateKeyPasted(CertificateRejected):
    code = "certificate_is_private_key"
    message = "This is a private key, not a certificate. It wasn't stored."
    remedy = "Treat that key as exposed: replace it in your identity provider, then paste the certificate."


class SeveralCertificates(CertificateRejected):
    code = "certificate_several"
    message = "This text holds {received} certificates."
    remedy = "Paste one signing certificate; a chain isn't needed. Add a second one as a second certificate."


class WeakKey(CertificateRejected):
    code = "certificate_weak_key"
    message = "The certificate's key is too weak or of an unsupported kind: {received}."
    remedy = "In your identity provider, make a new signing certificate with an RSA key of 2048 bits or more."


@dataclass(frozen=True)
class Certificate:
    """A certificate and what people need to know of it. `pem` is canonical: the same certificate has the same text.

    `fingerprint` is the SHA-256 of the DER form in lower-case hex; the times are in UTC.
    """

    pem: str
    fingerprint: str
    subject: str
    not_before: datetime
    not_after: datetime
    key_kind: str
    key_bits: int

    def is_expired(self, *, now: datetime) -> bool:
        return now > self.not_after


def read_certificate(pem_or_base64: str) -> Certificate:
    """Read one certificate from PEM, or from base64 without its frame, as metadata and consoles give it.

    Whether it has expired is the caller's question: a live connection goes on accepting one (spec 5.5).
    Raises a CertificateRejected that says what to paste instead.
    """
    der = _read_der(pem_or_base64)
    certificate = _parse(der)
    _, kind, bits = _judge_key(certificate)
    try:
        subject = certificate.subject.rfc4514_string()
    except ValueError as error:
        raise CertificateRejected() from error
    return Certificate(
        pem=certificate.public_bytes(Encoding.PEM).decode("ascii"),
        fingerprint=hashlib.sha256(der).hexdigest(),
        subject=show(subject) if subject else "",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key_kind=kind,
        key_bits=bits,
    )


def read_public_key(pem_or_base64: str) -> PublicKey:
    """The key of a certificate; raises as read_certificate does."""
    return _judge_key(_parse(_read_der(pem_or_base64)))[0]


def _parse(der: bytes) -> x509.Certificate:
    try:
        with warnings.catch_warnings():
            # Old appliances make certificates that newer rules frown upon (a serial number of 0, for instance). Only
            # the key inside counts in SAML, so such a warning is no reason to lock a customer out.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            certificate = x509.load_der_x509_certificate(der)
            _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
            return certificate
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateRejected() from error


def _judge_key(certificate: x509.Certificate) -> tuple[PublicKey, str, int]:
    """The key, its kind ("rsa" or "ec") and its length in bits. Raises WeakKey for one that must not count (R51)."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise WeakKey(received="an unknown kind") from error
    if isinstance(key, rsa.RSAPublicKey):
        if not SHORTEST_RSA_KEY <= key.key_size <= LONGEST_RSA_KEY:
            raise WeakKey(expected="RSA, 2048 bits or more", received=f"RSA, {key.key_size} bits")
        return key, "rsa", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in _CURVES:
            raise WeakKey(expected="P-256, P-384 or P-521", received=f"curve {key.curve.name}")
        return key, "ec", _CURVES[key.curve.name]
    raise WeakKey(expected="RSA or ECDSA", received=type(key).__name__.removeprefix("_"))


def _read_der(text: str) -> bytes:
    text = text.strip()
    if not text:
        raise CertificateMissing()
    if len(text) > LARGEST_CERTIFICATE_TEXT:
        raise CertificateTooLong(expected=f"at most {LARGEST_CERTIFICATE_TEXT} characters", received=str(len(text)))
    if "PRIVATE KEY-----" in text:
        raise PrivateKeyPasted()
    framed = _ARMOUR.findall(text)
    if len(framed) > 1:
        raise SeveralCertificates(received=str(len(framed)))
    if framed:
        label, text = framed[0]
        if label not in {"CERTIFICATE", "X509 CERTIFICATE"}:
            raise CertificateRejected(expected="CERTIFICATE", received=show(label))
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise CertificateRejected() from error


def fingerprint_of_text(text: str) -> str:
    """The SHA-256 of what stands in an X509Certificate element, in hex; empty if it isn't base64. Proves nothing."""
    try:
        return hashlib.sha256(base64.b64decode("".join(text.split()), validate=True)).hexdigest()
    except (binascii.Error, ValueError):
        return ""
