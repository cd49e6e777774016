"""Our AuthnRequest, read back as an identity provider would."""

import base64
import re
import zlib
from datetime import UTC, datetime
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from lxml import etree

from demo.idp.signer import SAML, SAMLP
from sso.saml.requests import build_authn_request, make_request_id
from sso.saml.schema import find_schema_fault

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


def build(**changes: object) -> tuple[str, etree._Element, str]:
    facts: dict[str, object] = {
        "idp_sso_url": "https://idp.northwind.example/sso",
        "sp_entity_id": "https://id.acme.example/sso/saml/c1/metadata/",
        "acs_url": "https://id.acme.example/sso/saml/c1/acs/",
        "relay_state": "opaque-key",
        "now": NOW,
    }
    request = build_authn_request(**(facts | changes))  # type: ignore[arg-type] # a table of knobs
    message = parse_qs(urlsplit(request.url).query)["SAMLRequest"][0]
    return request.request_id, etree.fromstring(zlib.decompress(base64.b64decode(message), -15)), request.url


def test_a_request_says_who_asks_and_where_the_answer_goes() -> None:
    request_id, document, url = build()

    assert document.tag == f"{{{SAMLP}}}AuthnRequest"
    assert document.get("ID") == request_id
    assert document.get("IssueInstant") == "2026-01-31T12:00:00Z"
    assert document.get("Destination") == "https://idp.northwind.example/sso"
    assert document.get("AssertionConsumerServiceURL") == "https://id.acme.example/sso/saml/c1/acs/"
    assert document.get("ProtocolBinding") == "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
    assert document.get("ForceAuthn") is None
    assert document.findtext(f"{{{SAML}}}Issuer") == "https://id.acme.example/sso/saml/c1/metadata/"
    assert url.startswith("https://idp.northwind.example/sso?SAMLRequest=")
    assert parse_qs(urlsplit(url).query)["RelayState"] == ["opaque-key"]
    assert find_schema_fault(document) is None


def test_a_request_leaves_out_what_breaks_at_okta_and_entra() -> None:
    _, document, _ = build()

    assert [etree.QName(child).localname for child in document] == ["Issuer"]


def test_a_step_up_asks_for_a_fresh_authentication() -> None:
    assert build(force_authn=True)[1].get("ForceAuthn") == "true"


def test_r13_request_ids_cannot_be_guessed_and_never_begin_with_a_digit() -> None:
    ids = {make_request_id() for _ in range(500)}

    assert len(ids) == 500
    for request_id in ids:
        assert re.fullmatch(r"_[0-9a-f]{40}", request_id)


def test_a_request_id_that_was_stored_before_is_used() -> None:
    assert build(request_id="_stored")[0] == "_stored"


def test_the_identity_providers_own_query_is_kept_as_it_is() -> None:
    _, document, url = build(idp_sso_url="https://idp.example/sso?app=a%20b&empty=&x=1#top")

    assert urlsplit(url).query.startswith("app=a%20b&empty=&x=1&SAMLRequest=")
    assert urlsplit(url).fragment == ""
    assert document.get("Destination") == "https://idp.example/sso?app=a%20b&empty=&x=1#top"


@pytest.mark.parametrize("name", ["SAMLRequest", "RelayState", "samlrequest", "SigAlg", "Signature", "SAMLEncoding"])
def test_a_parameter_of_the_binding_is_never_sent_twice(name: str) -> None:
    _, _, url = build(idp_sso_url=f"https://idp.example/sso?{name}=theirs&keep=1")

    names = [key.lower() for key, _ in parse_qsl(urlsplit(url).query)]
    assert names == ["keep", "samlrequest", "relaystate"]
    assert "theirs" not in url


def test_odd_letters_are_escaped_in_xml_and_in_the_address() -> None:
    _, document, url = build(sp_entity_id='https://x.example/?a=1&b="<é>', relay_state="a+b/c=&d")

    assert document.findtext(f"{{{SAML}}}Issuer") == 'https://x.example/?a=1&b="<é>'
    assert parse_qs(urlsplit(url).query)["RelayState"] == ["a+b/c=&d"]
    assert url.isascii()


def test_r19_a_relay_state_over_eighty_octets_is_our_mistake() -> None:
    build(relay_state="x" * 80)
    with pytest.raises(ValueError, match="80 octets"):
        build(relay_state="é" * 41)
