"""Our own verification beside xmlsec's, on documents whose namespaces are laid out in every usual way (R1, R9, R10)."""

from dataclasses import replace
from unittest.mock import patch

import pytest
from lxml import etree

from demo.idp.signer import DS, SAML, SAMLP, SigningKey, encode_response, sign_element
from sso.saml.errors import AssertionRejected, SignatureForbidden, SignedByUnknownCertificate, VoidCanonicalForm
from sso.saml.guard import open_response
from sso.saml.signatures import canonicalize, verify_signature
from sso.saml.trust import load_trusted_keys
from tests.idp.scenario import IDP_KEY, NOW, TRUST, genuine, read
from tests.idp.wrapping import find, parse, signed_response_inside_unsigned, write

XS = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def relaid(declarations: dict[str | None, str], *, prefixes: str | None, sign: str) -> bytes:
    """The genuine message under a root that declares these namespaces, signed by xmlsec."""
    unsigned = parse(genuine(sign="none"))
    root = etree.Element(unsigned.tag, nsmap=declarations, attrib=dict(unsigned.attrib))
    root.extend(unsigned)
    etree.cleanup_namespaces(root, keep_ns_prefixes=["xs", *filter(None, declarations)])
    if sign in {"assertion", "both"}:
        sign_element(find(root, "Assertion"), key=IDP_KEY, inclusive_prefixes=prefixes)
    if sign in {"response", "both"}:
        sign_element(root, key=IDP_KEY, inclusive_prefixes=prefixes)
    return write(root)


LAYOUTS: dict[str, dict[str | None, str]] = {
    "usual": {"samlp": SAMLP, "saml": SAML},
    "default namespace": {None: SAMLP, "saml": SAML},
    "all at the root": {"samlp": SAMLP, "saml": SAML, "ds": DS, "xs": XS, "xsi": XSI},
    "one address twice": {"samlp": SAMLP, "saml": SAML, "saml2": SAML, "dsig": DS, "xs": XS},
    "unused ones": {"samlp": SAMLP, "saml": SAML, "unused": "urn:unused", "xs": XS},
}


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
@pytest.mark.parametrize("prefixes", [None, "xs", "xs saml #default unused"])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_r1_what_xmlsec_signed_is_verified_in_every_layout(
    layout: dict[str | None, str], prefixes: str | None, sign: str
) -> None:
    assertion = read(relaid(layout, prefixes=prefixes, sign=sign))

    assert assertion.name_id is not None
    assert assertion.name_id.value == "u-1001"
    assert assertion.attributes["groups"] == ("staff", "designers")


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_the_message_is_left_as_it_was(sign: str) -> None:
    guarded = open_response(encode_response(relaid(LAYOUTS["one address twice"], prefixes="xs", sign=sign)))
    before = etree.tostring(guarded.unverified_root)

    for form in guarded.unverified_signatures:
        verify_signature(form, keys=load_trusted_keys(TRUST))

    assert etree.tostring(guarded.unverified_root) == before


def test_r1_the_verified_element_is_parsed_from_the_signed_octets() -> None:
    guarded = open_response(encode_response(genuine()))
    (form,) = guarded.unverified_signatures

    verified = verify_signature(form, keys=load_trusted_keys(TRUST))

    assert verified.root.getroottree() is not guarded.unverified_root.getroottree()
    assert verified.root.getparent() is None
    assert verified.root.find(f"{{{DS}}}Signature") is None
    assert etree.tostring(verified.root, method="c14n", exclusive=True) == verified.octets


def test_r1_what_the_message_claims_of_a_signature_must_be_what_was_signed() -> None:
    (form,) = open_response(encode_response(genuine())).unverified_signatures
    bent = replace(form, claims=replace(form.claims, reference_id="_other"))

    with pytest.raises(SignatureForbidden):
        verify_signature(bent, keys=load_trusted_keys(TRUST))


def test_r3_a_signed_response_that_is_only_carried_along_is_not_looked_at() -> None:
    """The schema refuses the message already; this holds where a schema were laxer."""
    with (
        patch("sso.saml.responses.find_schema_fault", return_value=None),
        patch("sso.saml.responses.verify_signature") as verify,
        pytest.raises(SignatureForbidden),
    ):
        read(signed_response_inside_unsigned())

    assert not verify.called


@pytest.mark.parametrize(("kind", "bits"), [("rsa", 2048), ("rsa", 3072), ("ec", 256), ("ec", 384), ("ec", 521)])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_r9_every_allowed_algorithm_verifies(kind: str, bits: int, digest: str) -> None:
    key = SigningKey.create("any", now=NOW, kind=kind, bits=bits)  # type: ignore[arg-type] # one of the two literals
    method = f"{'rsa' if kind == 'rsa' else 'ecdsa'}-{digest}"

    xml = genuine(key=key, signature_method=method, digest_method=digest)

    assert read(xml, trust=replace(TRUST, certificates=(key.certificate_pem,)))


def test_r9_a_signature_by_another_kind_of_key_is_unknown_not_an_error() -> None:
    key = SigningKey.create("elliptic", now=NOW, kind="ec", bits=256)

    with pytest.raises(SignedByUnknownCertificate):
        read(genuine(key=key))


@pytest.mark.parametrize("value", ["", "AAAA", "A" * 88])
def test_r50_an_elliptic_signature_of_any_length_is_a_refusal(value: str) -> None:
    key = SigningKey.create("elliptic", now=NOW, kind="ec", bits=256)
    root = parse(genuine(key=key))
    find(root, "SignatureValue", DS).text = value

    with pytest.raises(AssertionRejected):
        read(write(root), trust=replace(TRUST, certificates=(key.certificate_pem,)))


def test_r10_canonicalization_that_fails_is_a_refusal() -> None:
    """libxml2 stops at a relative namespace address; what it wrote until then must not count."""
    element = etree.fromstring('<a xmlns="1"><b/></a>')

    with pytest.raises(VoidCanonicalForm):
        canonicalize(element, prefixes=())


def test_r3_a_comment_in_the_digest_cannot_show_two_values() -> None:
    """SAMLStorm: one reader sees the text before a comment, another the text behind it. Here there is one text."""
    xml = genuine()
    start = xml.index(b"<ds:DigestValue>") + len(b"<ds:DigestValue>")
    good = read(xml[:start] + b"<!--" + b"A" * 43 + b"=-->" + xml[start:])

    assert good.name_id is not None
    with pytest.raises(SignatureForbidden):
        read(xml[:start] + b"<x>" + b"A" * 43 + b"=</x>" + xml[start:])


def test_white_space_in_signature_and_digest_is_folding() -> None:
    root = parse(genuine())
    # Not the digest: it is part of what was signed.
    value = find(root, "SignatureValue", DS)
    value.text = "\n\t" + " ".join(value.text or "") + "\r\n"

    assert read(write(root))
