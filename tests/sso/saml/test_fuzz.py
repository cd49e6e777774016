"""Messages nobody thought of: only typed refusals come back, and nobody but Bob is ever signed in (R50)."""

import base64
from copy import deepcopy

from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from demo.idp.signer import encode_response
from sso.saml.errors import CHECKS, AssertionRejected
from sso.saml.metadata import MetadataRejected, read_metadata
from sso.saml.responses import read_response
from tests.idp.scenario import ATTRIBUTES, IDP, IDP_KEY, NOW, REQUEST, SUBJECT, TRUST, genuine
from tests.sso.saml.test_metadata import metadata

# Derandomized, so that a failure here is there again tomorrow; the seeds move with the tests' text.
bounded = settings(max_examples=250, deadline=None, derandomize=True, database=None)

MESSAGES = {sign: genuine(sign=sign) for sign in ("assertion", "response", "both")}

# What a mutation may put anywhere: pieces that mean something to XML or SAML.
PIECES = [
    b"<",
    b">",
    b"&",
    b"]]>",
    b"<!--",
    b"-->",
    b"<?x?>",
    b"<!DOCTYPE x>",
    b'"',
    b"'",
    b" ",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"&#0;",
    b"&#x75;",
    b"<a/>",
    b'xmlns="1" ',
    b'xmlns:saml="urn:x" ',
    b'ID="_assertion-1" ',
    b"<saml:NameID>u-evil</saml:NameID>",
    b"<saml:Assertion/>",
    b"<ds:Signature/>",
    b"u-evil",
    b"99999999999999999999",
]


def judge(encoded: str) -> None:
    """Refused by name, or exactly Bob."""
    try:
        assertion = read_response(encoded, trust=TRUST, request_id=REQUEST, now=NOW)
    except AssertionRejected as caught:
        refusal, assertion = caught, None
    if assertion is None:
        assert refusal.check in CHECKS
        assert refusal.message_text
        assert refusal.remedy_text
        return
    assert assertion.name_id is not None
    assert assertion.name_id.value == SUBJECT
    assert assertion.issuer == IDP
    assert assertion.attributes == {
        name: (value,) if isinstance(value, str) else tuple(value) for name, value in ATTRIBUTES.items()
    }
    assert assertion.certificate_fingerprint == IDP_KEY.fingerprint


@given(sign=st.sampled_from(sorted(MESSAGES)), place=st.floats(0, 1), bit=st.integers(0, 7))
@bounded
def test_r50_one_flipped_bit_signs_nobody_else_in(sign: str, place: float, bit: int) -> None:
    xml = bytearray(MESSAGES[sign])
    xml[int(place * (len(xml) - 1))] ^= 1 << bit

    judge(encode_response(bytes(xml)))


@given(
    sign=st.sampled_from(sorted(MESSAGES)),
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(PIECES) | st.binary(max_size=8)),
        min_size=1,
        max_size=4,
    ),
)
@bounded
def test_r50_pieces_cut_out_and_put_in_sign_nobody_else_in(sign: str, edits: list[tuple[float, int, bytes]]) -> None:
    xml = MESSAGES[sign]
    for place, cut, piece in edits:
        at = int(place * len(xml))
        xml = xml[:at] + piece + xml[at + cut :]

    judge(encode_response(xml))


@given(
    sign=st.sampled_from(sorted(MESSAGES)),
    moves=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400), st.booleans()), min_size=1, max_size=3),
)
@bounded
def test_r3_elements_moved_and_doubled_sign_nobody_else_in(sign: str, moves: list[tuple[int, int, bool]]) -> None:
    """Well-formed mutations: any element put into any other, as a copy or not."""
    root = etree.fromstring(MESSAGES[sign])
    for source, target, is_copy in moves:
        elements = list(root.iter())
        moved = elements[source % len(elements)]
        into = elements[target % len(elements)]
        if moved is root or into is moved or moved in into.iterancestors():
            continue
        into.insert(target % (len(into) + 1), deepcopy(moved) if is_copy else moved)

    judge(encode_response(etree.tostring(root)))


@given(text=st.text(max_size=200))
@example(text="")
@example(text="=")
@bounded
def test_r50_any_text_in_the_form_field_is_a_refusal(text: str) -> None:
    judge(text)


@given(octets=st.binary(max_size=300))
@bounded
def test_r50_any_octets_are_a_refusal(octets: bytes) -> None:
    judge(base64.b64encode(octets).decode())


def test_any_octet_outside_the_signed_part_changes_nothing_about_who_is_signed_in() -> None:
    """Every octet before and behind the signed assertion, each in turn (spec 5.9)."""
    xml = MESSAGES["assertion"]
    start, end = xml.index(b"<saml:Assertion"), xml.index(b"</saml:Assertion>") + len(b"</saml:Assertion>")

    for position in [*range(start), *range(end, len(xml))]:
        changed = bytearray(xml)
        changed[position] = ord("x") if changed[position] != ord("x") else ord("y")
        judge(encode_response(bytes(changed)))


@given(
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 60), st.sampled_from(PIECES) | st.binary(max_size=8)),
        min_size=1,
        max_size=4,
    )
)
@bounded
def test_r51_bent_metadata_is_read_or_refused_by_name(edits: list[tuple[float, int, bytes]]) -> None:
    document = metadata()
    for place, cut, piece in edits:
        at = int(place * len(document))
        document = document[:at] + piece + document[at + cut :]

    try:
        found = read_metadata(document, now=NOW)
    except MetadataRejected as caught:
        refusal, found = caught, None
    if found is None:
        assert refusal.message_text
        return
    assert found.sso_url.startswith("https://")
    assert found.certificates
