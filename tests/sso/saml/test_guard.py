"""What may be looked at at all: R12 and R49."""

import base64
import time

import pytest

from demo.idp.signer import encode_response
from sso.saml import guard
from sso.saml.errors import AssertionRejected
from sso.saml.guard import guard_response
from sso.saml.names import LARGEST_MESSAGE
from tests.idp.scenario import genuine, read


def code_of(encoded: str) -> str:
    try:
        guard_response(encoded)
    except AssertionRejected as refusal:
        return refusal.code
    return "accepted"


def test_the_guard_hands_out_the_xml_it_was_given() -> None:
    xml = genuine()

    assert guard_response(encode_response(xml)) == xml


def test_lines_and_a_byte_order_mark_are_no_obstacle() -> None:
    xml = genuine()
    folded = base64.encodebytes(b"\xef\xbb\xbf" + xml).decode().replace("\n", "\r\n")

    assert guard_response(folded) == xml


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "   ",
        "not base64!",
        "PHg",
        "PHg+PC94Pg==PHg+",
        "PHg%2BPC94Pg%3D%3D",
        "PHg-PC94Pg==",
        "PHg+\x00",
        "ＰＨｇ＋",
        "=" * 8,
    ],
)
def test_r12_whatever_is_not_strict_base64_is_refused(encoded: str) -> None:
    assert code_of(encoded) == "saml_malformed"


def test_r12_size_is_judged_before_anything_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard.binascii, "a2b_base64", lambda *_: pytest.fail("decoded"))

    assert code_of("A" * (LARGEST_MESSAGE + 1)) == "saml_too_large"
    assert code_of("A" * 5_000_000) == "saml_too_large"


@pytest.mark.parametrize("groups", [500, 1500])
def test_r49_many_groups_pass(groups: int) -> None:
    names = [f"{number:08d}-0000-4000-8000-000000000000" for number in range(groups)]

    assert len(read(genuine(attributes={"groups": names})).attributes["groups"]) == groups


def test_r49_the_worst_that_passes_the_counts_is_cheap() -> None:
    """Within the caps, nothing quadratic is left: attributes, namespaces and nesting at their limits."""
    attributes = " ".join(f'a{number}=""' for number in range(7_900))
    namespaces = " ".join(f'xmlns:n{number}="u:{number}"' for number in range(3_900))
    elements = "<a/>" * 7_800
    started = time.process_time()
    for text in (
        f'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" {attributes}/>',
        f'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" {namespaces}>{elements}</samlp:Response>',
    ):
        code_of(encode_response(text.encode()))

    # Quadratic work here would take minutes; the bound is generous for a slow and busy machine.
    assert time.process_time() - started < 2


def test_r10_a_relative_namespace_is_refused_before_canonicalization_could_fail() -> None:
    xml = genuine(sign="none").replace(b"<samlp:Response ", b"<samlp:Response xmlns:ns='../x' ", 1)

    assert code_of(encode_response(xml)) == "saml_canonicalization"


def test_r12_a_schema_location_in_the_message_fetches_nothing() -> None:
    # Sockets are closed to tests, and a file that isn't there would be a different refusal.
    xml = genuine(sign="none").replace(
        b"<samlp:Response ",
        b'<samlp:Response xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        b'xsi:schemaLocation="urn:oasis:names:tc:SAML:2.0:protocol http://192.0.2.1/evil.xsd" ',
        1,
    )

    with pytest.raises(AssertionRejected) as refusal:
        read(xml)
    assert refusal.value.code == "saml_unsigned"
