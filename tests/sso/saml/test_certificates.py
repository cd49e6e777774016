"""Certificates as people paste them."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from demo.idp.signer import SigningKey
from sso.saml.certificates import CertificateRejected, fingerprint_of_text, read_certificate
from tests.idp.scenario import IDP_KEY, NOW, STRANGERS_KEY


def code_of(text: str) -> str:
    try:
        read_certificate(text)
    except CertificateRejected as caught:
        refusal = caught
    else:
        return "accepted"
    assert refusal.message_text
    assert refusal.remedy_text
    return refusal.code


def self_signed(key: object) -> str:
    name = x509.Name([])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1)).public_key(key.public_key())  # type: ignore[attr-defined] # a private key of any kind
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM).decode()  # type: ignore[arg-type] # as above


@pytest.mark.parametrize(
    "text",
    [
        IDP_KEY.certificate_pem,
        IDP_KEY.certificate_pem.replace("\n", "\r\n"),
        "\n\n  " + IDP_KEY.certificate_pem + "\n",
        "Bag Attributes\n    friendlyName: idp\n" + IDP_KEY.certificate_pem,
        IDP_KEY.certificate_base64,
        "\n".join(IDP_KEY.certificate_base64[i : i + 76] for i in range(0, len(IDP_KEY.certificate_base64), 76)),
        "-----BEGIN CERTIFICATE-----" + IDP_KEY.certificate_base64 + "-----END CERTIFICATE-----",
    ],
    ids=["pem", "windows", "blanks", "with attributes", "bare", "folded", "one line"],
)
def test_a_certificate_is_read_however_it_was_copied(text: str) -> None:
    certificate = read_certificate(text)

    assert certificate.pem == IDP_KEY.certificate_pem
    assert certificate.fingerprint == IDP_KEY.fingerprint
    assert certificate.subject == "CN=identity provider"
    assert (certificate.key_kind, certificate.key_bits) == ("rsa", 2048)
    assert not certificate.is_expired(now=NOW)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "certificate_missing"),
        ("  \n", "certificate_missing"),
        ("hello", "certificate_unreadable"),
        ("AAAA", "certificate_unreadable"),
        (IDP_KEY.certificate_base64[:-8], "certificate_unreadable"),
        (IDP_KEY.private_pem, "certificate_is_private_key"),
        (IDP_KEY.certificate_pem + IDP_KEY.private_pem, "certificate_is_private_key"),
        (IDP_KEY.certificate_pem + STRANGERS_KEY.certificate_pem, "certificate_several"),
        ("-----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----", "certificate_unreadable"),
        ("A" * 50_000, "certificate_too_long"),
        (SigningKey.create("weak", now=NOW, bits=1024).certificate_pem, "certificate_weak_key"),
        (self_signed(ec.generate_private_key(ec.SECP256K1())), "certificate_weak_key"),
        (self_signed(ed25519.Ed25519PrivateKey.generate()), "certificate_weak_key"),
    ],
)
def test_r51_what_is_no_usable_certificate_is_refused_by_name(text: str, code: str) -> None:
    assert code_of(text) == code


def test_an_elliptic_certificate_is_welcome() -> None:
    certificate = read_certificate(SigningKey.create("ec", now=NOW, kind="ec", bits=384).certificate_pem)

    assert (certificate.key_kind, certificate.key_bits) == ("ec", 384)


def test_a_private_key_is_not_repeated_in_the_error() -> None:
    with pytest.raises(CertificateRejected) as refusal:
        read_certificate(IDP_KEY.private_pem)

    assert IDP_KEY.private_pem.splitlines()[1] not in f"{refusal.value} {refusal.value.received}"


def test_the_fingerprint_a_message_names_is_that_of_its_certificate() -> None:
    assert fingerprint_of_text(f"\n{IDP_KEY.certificate_base64}\n") == IDP_KEY.fingerprint
    assert fingerprint_of_text("not base64!") == ""
