"""Every way in which a response is bent or built wrong, and one way in which it is not: the cases of testdata/saml.

Each case says what the reader must answer: the code of a refusal, or the subject that is signed in.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from lxml import etree

from demo.idp.signer import DS, SAML, SAMLP, TRANSIENT, make_metadata, sign_element
from tests.idp import wrapping
from tests.idp.scenario import ACS, IDP, IDP_KEY, NOW, SP, STRANGERS_KEY, SUBJECT, genuine, load_key
from tests.idp.wrapping import find, parse, write

C14N_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA1_RSA = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"


@dataclass(frozen=True)
class Case:
    """One message. `expected` is a refusal's code, or "accepted". `params` overrides the scenario's facts."""

    name: str
    rule: str
    why: str
    xml: bytes
    expected: str
    subject: str = ""
    params: dict[str, str] = field(default_factory=dict)


def all_cases() -> Iterator[Case]:
    yield from genuine_cases()
    yield from wrapping_cases()
    yield from signature_cases()
    yield from form_cases()
    yield from text_cases()
    yield from content_cases()


def accepted(name: str, rule: str, why: str, xml: bytes, *, subject: str = SUBJECT, **params: str) -> Case:
    return Case(name, rule, why, xml, "accepted", subject=subject, params=params)


def genuine_cases() -> Iterator[Case]:
    yield accepted("genuine_assertion_signed", "R1", "What Entra and Google send.", genuine())
    yield accepted("genuine_response_signed", "R1", "What JumpCloud sends.", genuine(sign="response"))
    yield accepted("genuine_both_signed", "R1", "What Okta sends.", genuine(sign="both"))
    yield accepted("genuine_indented", "R1", "White space between elements is signed too.", genuine(pretty=True))
    yield accepted(
        "genuine_inclusive_prefixes",
        "R9",
        "Okta lists xs as an inclusive prefix.",
        genuine(sign="both", inclusive_prefixes="xs"),
    )
    yield accepted(
        "genuine_elliptic",
        "R9",
        "ECDSA is as good as RSA.",
        genuine(key=load_key("identity_provider_ec")),
        certificate="identity_provider_ec",
    )
    yield accepted("genuine_without_key_info", "R7", "KeyInfo isn't needed.", genuine(include_certificate=False))
    yield accepted("genuine_without_name_id", "R1", "A NameID isn't needed.", genuine(name_id=None), subject="")
    yield accepted(
        "genuine_transient_name_id",
        "R1",
        "The reader reports it; the claim mapping refuses it.",
        genuine(name_id_format=TRANSIENT),
    )


def wrapping_cases() -> Iterator[Case]:
    shapes: list[tuple[Callable[[], bytes], str]] = [
        (wrapping.wrapped_1, "saml_signature_form"),
        (wrapping.wrapped_2, "saml_signature_form"),
        (wrapping.wrapped_3, "saml_assertion_count"),
        (wrapping.wrapped_4, "saml_schema"),
        (wrapping.wrapped_5, "saml_signature_form"),
        (wrapping.wrapped_6, "saml_signature_form"),
        (wrapping.wrapped_7, "saml_assertion_count"),
        (wrapping.wrapped_8, "saml_signature_form"),
        (wrapping.wrapped_in_extensions, "saml_assertion_count"),
        (wrapping.only_in_extensions, "saml_assertion_misplaced"),
        (wrapping.wrapped_in_advice, "saml_assertion_count"),
        (wrapping.duplicate_id, "saml_schema"),
        (wrapping.duplicate_id_in_extensions, "saml_duplicate_id"),
        (wrapping.signed_response_inside_unsigned, "saml_schema"),
        (wrapping.signed_assertion_of_a_signed_response_exchanged, "saml_altered"),
    ]
    for shape, code in shapes:
        yield Case(shape.__name__, "R3", (shape.__doc__ or "").strip(), shape(), code)


def signature_cases() -> Iterator[Case]:
    def case(name: str, rule: str, why: str, xml: bytes, code: str) -> Case:
        return Case(name, rule, why, xml, code)

    yield case("unsigned", "R4", "No signature, no sign-in.", genuine(sign="none"), "saml_unsigned")
    yield case("signature_stripped", "R4", "The signature was cut out.", _without_signature(genuine()), "saml_unsigned")
    yield case(
        "strangers_key",
        "R7",
        "Signed by a stranger, whose certificate the message brings along.",
        genuine(key=STRANGERS_KEY),
        "saml_unknown_certificate",
    )
    yield case(
        "strangers_key_both",
        "R7",
        "The response is signed by the identity provider, the assertion inside by a stranger.",
        _resigned_response(genuine(key=STRANGERS_KEY)),
        "saml_unknown_certificate",
    )
    yield case("sha1_signature", "R9", "RSA with SHA-1.", genuine(signature_method="rsa-sha1"), "saml_weak_algorithm")
    yield case("sha1_digest", "R9", "A SHA-1 digest.", genuine(digest_method="sha1"), "saml_weak_algorithm")
    yield case("altered_subject", "R1", "Another NameID.", _edit(genuine(), b">u-1001<", b">u-evil<"), "saml_altered")
    yield case(
        "altered_attribute",
        "R1",
        "Another address in a signed response.",
        _edit(genuine(sign="response"), b">bob@northwind.example<", b">eve@northwind.example<"),
        "saml_altered",
    )
    yield case(
        "altered_signature_value",
        "R1",
        "A signature value of zeros.",
        _set_text(genuine(), "SignatureValue", "AAAA" * 85 + "AA=="),
        "saml_unknown_certificate",
    )
    yield case(
        "altered_digest",
        "R1",
        "A digest that fits the altered content, under the old signature.",
        _set_text(genuine(), "DigestValue", "A" * 43 + "="),
        "saml_unknown_certificate",
    )
    yield case("signed_metadata", "R6", "Signed, but no response.", _signed_metadata(), "saml_malformed")
    yield case("signed_logout", "R6", "A signed logout response proves nothing.", _signed_logout(), "saml_malformed")
    yield case("bare_assertion", "R6", "An assertion outside a response.", _bare_assertion(), "saml_malformed")
    yield case(
        "encrypted_assertion",
        "R54",
        "No key to decrypt with, and it says so.",
        _with_encrypted_assertion(),
        "saml_encrypted",
    )


def form_cases() -> Iterator[Case]:
    """Signatures of a form that must be refused before anything is computed: R49."""

    def case(name: str, why: str, change: Callable[[etree._Element], None], code: str = "saml_signature_form") -> Case:
        root = parse(genuine(key=STRANGERS_KEY))
        change(find(root, "Signature", DS))
        return Case(name, "R49", why, write(root), code)

    def transforms(signature: etree._Element) -> etree._Element:
        return find(signature, "Transforms", DS)

    def add_transform(signature: etree._Element, algorithm: str, inner: str = "") -> None:
        transforms(signature).append(
            etree.fromstring(f'<ds:Transform xmlns:ds="{DS}" Algorithm="{algorithm}">{inner}</ds:Transform>')
        )

    def costly(signature: etree._Element) -> None:
        for _ in range(500):
            add_transform(signature, C14N_EXCLUSIVE)

    xpath = '<ds:XPath xmlns:ds="http://www.w3.org/2000/09/xmldsig#">count(//. | //@*) = 3</ds:XPath>'
    xslt = '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>'
    retrieval = f'<ds:RetrievalMethod xmlns:ds="{DS}" URI="file:///etc/passwd"/>'

    yield case("transforms_500", "500 canonicalizations of one reference.", costly)
    yield case(
        "transform_xpath",
        "An XPath transform runs before the key is known.",
        lambda s: add_transform(s, "http://www.w3.org/TR/1999/REC-xpath-19991116", xpath),
    )
    yield case(
        "transform_xslt",
        "An XSLT transform is a program of the sender's.",
        lambda s: add_transform(s, "http://www.w3.org/TR/1999/REC-xslt-19991116", xslt),
    )
    yield case(
        "transform_third", "Three transforms, all of them allowed ones.", lambda s: add_transform(s, C14N_EXCLUSIVE)
    )
    yield case(
        "transform_enveloped_missing",
        "Without the enveloped transform.",
        lambda s: transforms(s).remove(transforms(s)[0]),
    )
    yield case(
        "transform_with_comments",
        "Canonicalization that signs comments.",
        lambda s: transforms(s)[1].set("Algorithm", C14N_EXCLUSIVE + "WithComments"),
    )
    yield case(
        "canonicalization_inclusive",
        "Inclusive canonicalization of SignedInfo.",
        lambda s: find(s, "CanonicalizationMethod", DS).set(
            "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
        ),
    )
    yield case(
        "signature_hmac",
        "HMAC, whose key would be the public certificate.",
        lambda s: find(s, "SignatureMethod", DS).set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        "saml_weak_algorithm",
    )
    yield case(
        "references_two",
        "Two references.",
        lambda s: find(s, "SignedInfo", DS).append(etree.fromstring(etree.tostring(find(s, "Reference", DS)))),
    )
    yield case(
        "reference_empty", "A reference to the whole document.", lambda s: find(s, "Reference", DS).set("URI", "")
    )
    yield case(
        "reference_elsewhere",
        "A reference to another element.",
        lambda s: find(s, "Reference", DS).set("URI", "#_response-1"),
    )
    yield case(
        "reference_external",
        "A reference to a file.",
        lambda s: find(s, "Reference", DS).set("URI", "file:///etc/passwd"),
    )
    yield case(
        "retrieval_method", "A pointer to a key.", lambda s: find(s, "KeyInfo", DS).append(etree.fromstring(retrieval))
    )
    yield case(
        "signature_object",
        "A signature with an Object.",
        lambda s: etree.SubElement(s, f"{{{DS}}}Object").set("Id", "o"),
    )
    yield Case("signatures_three", "R49", "Three signatures.", _three_signatures(), "saml_too_complex")


def text_cases() -> Iterator[Case]:
    """XML tricks: what one parser reads and another doesn't."""
    declaration = b"<?xml version='1.0' encoding='UTF-8'?>"
    xml = genuine()
    body = xml.removeprefix(declaration)

    def case(name: str, rule: str, why: str, raw: bytes, code: str) -> Case:
        return Case(name, rule, why, raw, code)

    yield accepted(
        "comment_in_name_id",
        "R11",
        "A comment splits the NameID; its whole text counts, not the part before the comment.",
        _edit(genuine(name_id="admin@northwind.example.evil.example"), b".evil.example<", b"<!--x-->.evil.example<"),
        subject="admin@northwind.example.evil.example",
    )
    yield case(
        "instruction_in_name_id",
        "R11",
        "A processing instruction splits the NameID.",
        _edit(xml, b">u-1001<", b">u-<?x y?>1001<"),
        "saml_doctype",
    )
    yield case("doctype", "R12", "A document type.", declaration + b"<!DOCTYPE a>" + body, "saml_doctype")
    bomb = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
    yield case(
        "entity_bomb",
        "R12",
        "Entities within entities.",
        declaration + bomb + body.replace(b">u-1001<", b">&c;<"),
        "saml_doctype",
    )
    external = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield case(
        "external_entity",
        "R12",
        "A file as an entity.",
        declaration + external + body.replace(b">u-1001<", b">&x;<"),
        "saml_doctype",
    )
    wide = b"<?xml version='1.0' encoding='UTF-16'?>" + body
    yield case("utf_16", "R12", "Octets that hide a document type.", wide.decode().encode("utf-16"), "saml_malformed")
    yield case(
        "declared_utf_7",
        "R12",
        "An encoding in which other octets are angle brackets.",
        b"<?xml version='1.0' encoding='UTF-7'?>" + body,
        "saml_malformed",
    )
    deep = b"<a>" * 300 + b"</a>" * 300
    yield case("deep", "R49", "300 levels.", _edit(xml, b"<saml:Issuer>", deep + b"<saml:Issuer>"), "saml_malformed")
    yield case(
        "deeper_than_needed",
        "R49",
        "40 levels.",
        _edit(xml, b"<saml:Issuer>", b"<a>" * 40 + b"</a>" * 40 + b"<saml:Issuer>"),
        "saml_too_complex",
    )
    yield case(
        "elements_20000", "R49", "20,000 elements.", _edit(xml, b"<saml:Issuer>", b"<a/>" * 20_000), "saml_too_complex"
    )
    many = b" ".join(b'a%d=""' % number for number in range(9_000))
    yield case("attributes_9000", "R49", "9,000 attributes.", _edit(xml, b'Version="2.0"', many), "saml_too_complex")
    yield case(
        "namespace_relative",
        "R10",
        "A relative namespace address makes canonicalization fail, and a failure must not count as empty.",
        _edit(xml, b"<samlp:Response ", b'<samlp:Response xmlns:ns="1" '),
        "saml_canonicalization",
    )
    yield case(
        "attribute_in_namespace",
        "R10",
        "A second ID in a namespace.",
        _edit(xml, b'ID="_assertion-1"', b'ID="_assertion-1" samlp:ID="_evil"'),
        "saml_schema",
    )
    yield case("schema_violated", "R8", "A status is required.", _without_status(), "saml_schema")
    yield case("saml_1", "R8", "Version 1.1.", _edit(xml, b'Version="2.0"', b'Version="1.1"'), "saml_version")
    yield case("not_xml", "R50", "Plain text.", b"hello", "saml_malformed")
    yield case("broken_xml", "R50", "Cut off in the middle.", xml[: len(xml) // 2], "saml_malformed")
    yield case("empty", "R50", "Nothing.", b"", "saml_malformed")
    yield case(
        "web_page", "R50", "An error page of the identity provider.", b"<html><p>Oops</p></html>", "saml_malformed"
    )


def content_cases() -> Iterator[Case]:
    """Well signed by the right key, but not for us, not for this, or not now."""

    def case(name: str, rule: str, why: str, code: str, **knobs: object) -> Case:
        return Case(name, rule, why, genuine(**knobs), code)

    yield case("in_response_to_missing", "R13", "An unsolicited response.", "saml_unsolicited", in_response_to=None)
    yield case(
        "in_response_to_only_outside",
        "R13",
        "The unsigned response names our request; the signed confirmation names none.",
        "saml_unsolicited",
        in_response_to=None,
        response_in_response_to="_request-of-this-browser",
    )
    yield case(
        "in_response_to_other", "R13", "The answer to another request.", "saml_wrong_request", in_response_to="_x"
    )
    yield case(
        "in_response_to_other_stripped",
        "R13",
        "The signed confirmation names another request; the outer attribute was cut off.",
        "saml_wrong_request",
        in_response_to="_x",
        response_in_response_to=None,
    )
    yield case(
        "in_response_to_other_outside",
        "R13",
        "The response names another request than the confirmation.",
        "saml_wrong_request",
        response_in_response_to="_x",
    )
    yield case("audience_missing", "R15", "For nobody.", "saml_missing_audience", audience=None)
    yield case(
        "audience_other", "R15", "For another service.", "saml_wrong_audience", audience="https://other.example/"
    )
    yield case("audience_prefix", "R15", "For a service that begins as ours.", "saml_wrong_audience", audience=SP + "x")
    yield accepted("audience_among_others", "R15", "For us and another.", genuine(audience=["https://o.example/", SP]))
    yield case("recipient_missing", "R16", "No recipient.", "saml_missing_recipient", recipient=None)
    yield case("recipient_prefix", "R16", "Ours and more.", "saml_wrong_recipient", recipient=ACS + "other")
    yield case(
        "recipient_substring",
        "R16",
        "Ours inside another address.",
        "saml_wrong_recipient",
        recipient=f"https://evil.example/?{ACS}",
    )
    yield case("destination_prefix", "R16", "Ours and more.", "saml_wrong_destination", destination=ACS + "other")
    yield case("destination_case", "R16", "Upper case.", "saml_wrong_destination", destination=ACS.upper())
    yield case(
        "destination_missing_signed",
        "R16",
        "A signed response without destination.",
        "saml_missing_destination",
        sign="response",
        destination=None,
    )
    yield accepted("destination_missing_unsigned", "R16", "Optional where unsigned.", genuine(destination=None))
    yield case("issuer_other", "R18", "Another identity provider.", "saml_wrong_issuer", issuer="https://o.example/")
    yield case(
        "issuer_of_response_other",
        "R18",
        "The unsigned response names another one.",
        "saml_wrong_issuer",
        response_issuer=IDP + "/",
    )
    yield accepted("issuer_of_response_missing", "R18", "Optional there.", genuine(response_issuer=None))
    minute = timedelta(minutes=1)
    yield case("expired", "R17", "It ended three minutes ago.", "saml_expired", not_on_or_after=NOW - 3 * minute)
    yield case(
        "confirmation_expired",
        "R17",
        "Only the confirmation ended.",
        "saml_expired",
        confirmation_not_on_or_after=NOW - 3 * minute,
        not_on_or_after=NOW + 60 * minute,
    )
    yield case("not_yet_valid", "R17", "It begins in three minutes.", "saml_not_yet_valid", not_before=NOW + 3 * minute)
    yield case(
        "issued_long_ago",
        "R17",
        "Issued 13 minutes ago, valid for hours.",
        "saml_expired",
        now=NOW - 13 * minute,
        lifetime=60 * 5 * minute,
    )
    yield case(
        "issued_ahead", "R17", "Issued in the future.", "saml_not_yet_valid", now=NOW + 3 * minute, not_before=NOW
    )
    yield case(
        "session_ended",
        "R17",
        "The session there is over.",
        "saml_expired",
        session_not_on_or_after=NOW - 3 * minute,
    )
    yield case(
        "authn_instant_ahead", "R17", "Signed in in the future.", "saml_not_yet_valid", authn_instant=NOW + 3 * minute
    )
    yield from _resigned_cases()


def _resigned_cases() -> Iterator[Case]:
    """Contents that the signer's knobs don't offer: changed before signing."""

    def case(name: str, rule: str, why: str, code: str, change: Callable[[etree._Element], None]) -> Case:
        root = parse(genuine(sign="none"))
        change(root)
        sign_element(find(root, "Assertion"), key=IDP_KEY)
        return Case(name, rule, why, write(root), code)

    def data(root: etree._Element) -> etree._Element:
        return find(root, "SubjectConfirmationData")

    def add_condition(root: etree._Element) -> None:
        condition = etree.SubElement(
            find(root, "Conditions"), f"{{{SAML}}}Condition", nsmap={"x": "https://x.example/", "xsi": XSI}
        )
        condition.set(f"{{{XSI}}}type", "saml:ConditionAbstractType")

    def add_confirmation(root: etree._Element) -> None:
        confirmation = find(root, "SubjectConfirmation")
        confirmation.addnext(etree.fromstring(etree.tostring(confirmation)))

    def add_statement(root: etree._Element) -> None:
        statement = find(root, "AuthnStatement")
        statement.addnext(etree.fromstring(etree.tostring(statement)))

    def encrypt_name_id(root: etree._Element) -> None:
        name_id = find(root, "NameID")
        name_id.getparent().replace(name_id, etree.fromstring(_ENCRYPTED_ID))  # type: ignore[union-attr] # in a subject

    yield case(
        "confirmation_without_end",
        "R17",
        "The confirmation has no end.",
        "saml_missing_expiry",
        lambda root: data(root).attrib.pop("NotOnOrAfter") and None,
    )
    yield case(
        "confirmation_with_beginning",
        "R17",
        "The profile forbids NotBefore there.",
        "saml_confirmation",
        lambda root: data(root).set("NotBefore", "2026-01-31T11:59:00Z"),
    )
    yield case("confirmations_two", "R13", "Two bearer confirmations.", "saml_confirmation", add_confirmation)
    yield case(
        "confirmation_holder_of_key",
        "R13",
        "No bearer confirmation.",
        "saml_confirmation",
        lambda root: find(root, "SubjectConfirmation").set("Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"),
    )
    yield case(
        "issuer_with_format",
        "R18",
        "An issuer that is no entity.",
        "saml_wrong_issuer",
        lambda root: find(find(root, "Assertion"), "Issuer").set(
            "Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
        ),
    )
    yield case(
        "second_audience_restriction",
        "R15",
        "Each restriction must hold.",
        "saml_wrong_audience",
        lambda root: find(root, "Conditions").append(
            etree.fromstring(
                f'<AudienceRestriction xmlns="{SAML}"><Audience>https://o.example/</Audience></AudienceRestriction>'
            )
        ),
    )
    yield case("condition_unknown", "R15", "A condition nobody knows.", "saml_schema", add_condition)
    yield case(
        "conditions_missing",
        "R15",
        "No conditions at all.",
        "saml_missing_audience",
        lambda root: find(root, "Assertion").remove(find(root, "Conditions")),
    )
    yield case("authn_statements_two", "R17", "Two authentication statements.", "saml_authn_statement", add_statement)
    yield case(
        "authn_statement_missing",
        "R17",
        "No authentication statement.",
        "saml_authn_statement",
        lambda root: find(root, "Assertion").remove(find(root, "AuthnStatement")),
    )
    yield case(
        "time_with_offset",
        "R17",
        "A time that isn't in UTC.",
        "saml_unreadable_time",
        lambda root: data(root).set("NotOnOrAfter", "2026-01-31T14:05:00+02:00"),
    )
    yield case("name_id_encrypted", "R54", "An encrypted NameID.", "saml_encrypted_subject", encrypt_name_id)


XSI = "http://www.w3.org/2001/XMLSchema-instance"
_ENCRYPTED_DATA = (
    '<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#">'
    "<xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
)
_ENCRYPTED_ID = f'<saml:EncryptedID xmlns:saml="{SAML}">{_ENCRYPTED_DATA}</saml:EncryptedID>'


def _edit(xml: bytes, old: bytes, new: bytes) -> bytes:
    assert old in xml, old
    return xml.replace(old, new, 1)


def _set_text(xml: bytes, name: str, text: str) -> bytes:
    root = parse(xml)
    find(root, name, DS).text = text
    return write(root)


def _without_signature(xml: bytes) -> bytes:
    root = parse(xml)
    signature = find(root, "Signature", DS)
    signature.getparent().remove(signature)  # type: ignore[union-attr] # it stands in an assertion
    return write(root)


def _without_status() -> bytes:
    root = parse(genuine())
    root.remove(find(root, "Status", SAMLP))
    return write(root)


def _resigned_response(xml: bytes) -> bytes:
    root = parse(xml)
    sign_element(root, key=IDP_KEY)
    return write(root)


def _three_signatures() -> bytes:
    root = parse(genuine(sign="both", key=STRANGERS_KEY))
    signature = find(root, "Signature", DS)
    signature.addnext(etree.fromstring(etree.tostring(signature)))
    return write(root)


def _signed_metadata() -> bytes:
    root = parse(make_metadata(entity_id=IDP, sso_url="https://idp.northwind.example/sso", keys=[IDP_KEY]))
    root.set("ID", "_metadata")
    sign_element(root, key=IDP_KEY)
    return write(root)


def _signed_logout() -> bytes:
    root = parse(genuine(status=("Responder",), sign="none"))
    root.tag = f"{{{SAMLP}}}LogoutResponse"
    sign_element(root, key=IDP_KEY)
    return write(root)


def _bare_assertion() -> bytes:
    return write(find(parse(genuine()), "Assertion"))


def _with_encrypted_assertion() -> bytes:
    root = parse(genuine(sign="none"))
    encrypted = f'<saml:EncryptedAssertion xmlns:saml="{SAML}">{_ENCRYPTED_DATA}</saml:EncryptedAssertion>'
    root.replace(find(root, "Assertion"), etree.fromstring(encrypted))
    sign_element(root, key=IDP_KEY)
    return write(root)
