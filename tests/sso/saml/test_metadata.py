"""Reading identity providers' metadata, most of it hostile (R51), and writing our own."""

from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from demo.idp.signer import DS, MD, SigningKey, make_metadata
from sso.saml.metadata import MetadataRejected, describe_service_provider, read_metadata
from sso.saml.metadata_errors import SeveralIdentityProviders
from sso.saml.schema import find_schema_fault
from tests.idp.scenario import IDP, IDP_KEY, NOW, STRANGERS_KEY

SSO = "https://idp.northwind.example/sso"


def metadata(**changes: Any) -> bytes:
    return make_metadata(**({"entity_id": IDP, "sso_url": SSO, "keys": [IDP_KEY]} | changes))


def federation(*documents: bytes, attributes: str = "") -> bytes:
    entities = b"".join(document.split(b"?>", 1)[1] for document in documents)
    return f'<md:EntitiesDescriptor xmlns:md="{MD}" {attributes}>'.encode() + entities + b"</md:EntitiesDescriptor>"


def code_of(document: bytes, **arguments: Any) -> str:
    try:
        read_metadata(document, **({"now": NOW} | arguments))
    except MetadataRejected as caught:
        refusal = caught
    else:
        return "accepted"
    assert refusal.message_text
    assert refusal.remedy_text
    return refusal.code


def test_what_an_identity_provider_says_of_itself_is_read() -> None:
    found = read_metadata(
        metadata(valid_until=NOW + timedelta(days=3), wants_signed_requests=True, keys=[IDP_KEY, STRANGERS_KEY]),
        now=NOW,
    )

    assert found.entity_id == IDP
    assert found.sso_url == SSO
    assert found.sso_binding == "redirect"
    assert [one.fingerprint for one in found.certificates] == [IDP_KEY.fingerprint, STRANGERS_KEY.fingerprint]
    assert found.certificates[0].pem == IDP_KEY.certificate_pem
    assert found.valid_until == NOW + timedelta(days=3)
    assert found.wants_signed_requests


def test_the_post_binding_is_taken_where_there_is_no_redirect() -> None:
    assert read_metadata(metadata(sso_bindings=["HTTP-POST"]), now=NOW).sso_binding == "post"


def test_the_same_certificate_twice_is_one() -> None:
    assert len(read_metadata(metadata(keys=[IDP_KEY, IDP_KEY]), now=NOW).certificates) == 1


def test_a_key_for_any_use_signs_too_and_one_for_encryption_does_not() -> None:
    assert code_of(metadata().replace(b' use="signing"', b"")) == "accepted"
    assert code_of(metadata().replace(b'use="signing"', b'use="encryption"')) == "metadata_certificate_missing"


def test_r7_of_a_chain_only_the_signers_own_certificate_is_trusted() -> None:
    """An authority's key signs certificates; trusting it here would let every certificate's holder sign in anybody."""
    chain = f"</ds:X509Certificate><ds:X509Certificate>{STRANGERS_KEY.certificate_base64}</ds:X509Certificate>"
    found = read_metadata(metadata().replace(b"</ds:X509Certificate>", chain.encode()), now=NOW)

    assert [one.fingerprint for one in found.certificates] == [IDP_KEY.fingerprint]


def test_roles_of_unknown_types_as_ad_fs_sends_them_are_no_obstacle() -> None:
    role = (
        b'<md:RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        b'xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" xsi:type="fed:SecurityTokenServiceType" '
        b'protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706"/><md:IDPSSODescriptor '
    )

    assert code_of(metadata().replace(b"<md:IDPSSODescriptor ", role, 1)) == "accepted"


def test_a_byte_order_mark_and_blanks_around_are_no_obstacle() -> None:
    assert code_of(b"\xef\xbb\xbf\n" + metadata() + b"\n\n") == "accepted"


def test_r51_one_of_several_identity_providers_is_asked_for() -> None:
    both = federation(metadata(), metadata(entity_id="https://other.example/"))

    with pytest.raises(SeveralIdentityProviders) as question:
        read_metadata(both, now=NOW)

    assert question.value.entity_ids == (IDP, "https://other.example/")
    assert read_metadata(both, now=NOW, entity_id="https://other.example/").entity_id == "https://other.example/"
    assert code_of(both, entity_id="https://third.example/") == "metadata_entity_missing"


def test_r51_of_a_thousand_identity_providers_a_hundred_are_listed() -> None:
    small = metadata().split(b"?>", 1)[1].replace(b'Enumeration="', b'Enumeration="x ')
    entity = small.replace(IDP_KEY.certificate_base64.encode(), b"AAAA")
    many = federation(*(b"?>" + entity.replace(IDP.encode(), b"https://%d.example/" % n) for n in range(1000)))

    with pytest.raises(SeveralIdentityProviders) as question:
        read_metadata(many, now=NOW)

    assert len(question.value.entity_ids) == 100
    assert "1000" in question.value.message_text


WEAK = SigningKey.create("weak", now=NOW, bits=1024)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "metadata_unreadable"),
        (b"   ", "metadata_unreadable"),
        (b"not xml", "metadata_unreadable"),
        (b"<html><body>Sign in</body></html>", "metadata_unreadable"),
        (b"<!DOCTYPE html><html></html>", "metadata_unreadable"),
        (b"<broken", "metadata_unreadable"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]>' + metadata().split(b"?>", 1)[1], "metadata_unreadable"),
        (metadata().decode().encode("utf-16"), "metadata_unreadable"),
        (b"<a>" * 5000 + b"</a>" * 5000, "metadata_unreadable"),
        (b"<a/>" * 1_000_000, "metadata_too_large"),
        (b"<r>" + b"<a/>" * 150_000 + b"</r>", "metadata_too_large"),
        (
            describe_service_provider(entity_id="https://x/", acs_url="https://x/acs", now=NOW),
            "metadata_of_service_provider",
        ),
        (federation(), "metadata_unreadable"),
        (metadata(valid_until=NOW - timedelta(seconds=1)), "metadata_expired"),
        (federation(metadata(), attributes='validUntil="2026-01-01T00:00:00Z"'), "metadata_expired"),
        (federation(metadata(), attributes='validUntil="soon"'), "metadata_unreadable"),
        (metadata(entity_id=""), "metadata_entity_id"),
        (metadata(entity_id="x" * 1025), "metadata_entity_id"),
        (metadata(entity_id="https://é.example/" + "é" * 512), "metadata_entity_id"),
        (metadata(entity_id=" https://blank.example/"), "metadata_entity_id"),
        (metadata(sso_bindings=[]), "metadata_sso_address_missing"),
        (metadata(sso_bindings=["SOAP"]), "metadata_sso_address_missing"),
        (metadata(sso_url="http://idp.example/sso"), "metadata_sso_address"),
        (metadata(sso_url="javascript:alert(1)"), "metadata_sso_address"),
        (metadata(sso_url="https://"), "metadata_sso_address"),
        (metadata(sso_url="https://user:secret@idp.example/"), "metadata_sso_address"),
        (metadata(sso_url="https://idp.example:99999/"), "metadata_sso_address"),
        (metadata(sso_url='https://idp.example/"onload="x'), "metadata_sso_address"),
        (metadata(sso_url="https://idp.example/\u2028x"), "metadata_sso_address"),
        (metadata(sso_url="//idp.example/sso"), "metadata_sso_address"),
        (metadata(sso_url="https://idp.example/" + "x" * 2048), "metadata_sso_address"),
        (metadata(keys=[]), "metadata_certificate_missing"),
        (metadata(keys=[WEAK]), "metadata_certificate"),
        (metadata(keys=[IDP_KEY, WEAK]), "metadata_certificate"),
        (metadata().replace(IDP_KEY.certificate_base64.encode(), b"AAAA"), "metadata_certificate"),
        (metadata().replace(IDP_KEY.certificate_base64.encode(), b""), "metadata_certificate"),
        (metadata(keys=[IDP_KEY] * 11), "metadata_certificate"),
        (metadata().replace(b"SAML:2.0:protocol", b"SAML:1.1:protocol"), "metadata_unreadable"),
    ],
)
def test_r51_bad_metadata_is_refused_with_what_to_do(document: bytes, code: str) -> None:
    assert code_of(document) == code


def test_r51_http_is_for_development_only() -> None:
    plain = metadata(sso_url="http://127.0.0.1:8001/sso")

    assert code_of(plain) == "metadata_sso_address"
    assert code_of(plain, allow_http=True) == "accepted"
    assert code_of(metadata(sso_url="ftp://idp.example/"), allow_http=True) == "metadata_sso_address"


def test_an_expired_certificate_is_read_so_that_people_can_be_told() -> None:
    old = SigningKey.create("old", now=NOW - timedelta(days=500), days=30)

    (certificate,) = read_metadata(metadata(keys=[old]), now=NOW).certificates

    assert certificate.is_expired(now=NOW)


def test_our_metadata_says_where_to_send_signed_assertions() -> None:
    octets = describe_service_provider(
        entity_id="https://id.acme.example/sso/saml/c1/metadata/",
        acs_url="https://id.acme.example/sso/saml/c1/acs/",
        now=NOW,
        organization_name='Acme & "Sons"',
        organization_url="https://acme.example/",
    )
    root = etree.fromstring(octets)

    assert find_schema_fault(root, schema="saml-schema-metadata-2.0.xsd") is None
    assert root.get("entityID") == "https://id.acme.example/sso/saml/c1/metadata/"
    assert root.get("validUntil") == "2026-02-07T12:00:00Z"
    (role,) = root.findall(f"{{{MD}}}SPSSODescriptor")
    assert role.get("WantAssertionsSigned") == "true"
    (acs,) = role.findall(f"{{{MD}}}AssertionConsumerService")
    assert acs.get("Location") == "https://id.acme.example/sso/saml/c1/acs/"
    assert acs.get("isDefault") == "true"
    assert root.findtext(f".//{{{MD}}}OrganizationName") == 'Acme & "Sons"'
    assert root.find(f".//{{{DS}}}X509Certificate") is None
