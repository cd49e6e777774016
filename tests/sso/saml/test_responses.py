"""What a verified response hands out, and where time, keys and statuses draw the line."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

import sso.saml
from demo.idp.signer import PERSISTENT, SAML, SigningKey, encode_response, sign_element
from sso.claims import NameID
from sso.saml import errors, trust
from sso.saml.assertion_rules import require_audience
from sso.saml.errors import AssertionRejected
from sso.saml.responses import read_response
from sso.saml.status_errors import StatusAuthnFailed
from tests.idp.scenario import IDP, IDP_KEY, NOW, REQUEST, STRANGERS_KEY, SUBJECT, TRUST, genuine, read
from tests.idp.wrapping import find, parse, write

SKEW = timedelta(seconds=120)
SECOND = timedelta(seconds=1)


def code_of(xml: bytes, **arguments: Any) -> str:
    """The code of the refusal, or "accepted"."""
    try:
        read(xml, **arguments)
    except AssertionRejected as refusal:
        return refusal.code
    return "accepted"


def test_a_verified_assertion_says_all_that_is_known() -> None:
    assertion = read(
        genuine(
            sign="both",
            now=NOW - timedelta(seconds=2),
            authn_instant=NOW - timedelta(hours=3),
            session_not_on_or_after=NOW + timedelta(hours=8),
            friendly_names={"email": "mail"},
        )
    )

    assert assertion.assertion_id == "_assertion-1"
    assert assertion.response_id == "_response-1"
    assert assertion.issuer == IDP
    assert assertion.name_id == NameID(SUBJECT, PERSISTENT)
    assert assertion.attributes["groups"] == ("staff", "designers")
    assert assertion.friendly_names == {"mail": ("bob@northwind.example",)}
    assert assertion.authn_instant == NOW - timedelta(hours=3)
    assert assertion.session_not_on_or_after == NOW + timedelta(hours=8)
    assert assertion.issued_at == NOW - timedelta(seconds=2)
    assert assertion.certificate_fingerprint == IDP_KEY.fingerprint
    assert assertion.clock_difference == -2.0


def test_r1_the_id_of_an_unsigned_response_is_not_passed_on() -> None:
    assert read(genuine(sign="assertion")).response_id == ""
    assert read(genuine(sign="response")).response_id == "_response-1"


def test_r14_the_record_of_a_use_outlives_the_assertion_and_ten_minutes() -> None:
    assert read(genuine(lifetime=timedelta(minutes=1))).keep_until == NOW + timedelta(minutes=10)
    assert read(genuine(lifetime=timedelta(hours=1))).keep_until == NOW + timedelta(hours=1) + SKEW


def test_r14_an_end_in_the_year_9999_is_no_overflow() -> None:
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

    assertion = read(genuine(not_on_or_after=end, session_not_on_or_after=end))

    assert assertion.keep_until > NOW + timedelta(days=300)


@pytest.mark.parametrize(
    ("knobs", "last_good", "first_bad"),
    [
        ({"not_on_or_after": NOW}, NOW + SKEW - SECOND, NOW + SKEW),
        (
            {"confirmation_not_on_or_after": NOW, "not_on_or_after": NOW + timedelta(hours=1)},
            NOW + SKEW - SECOND,
            NOW + SKEW,
        ),
        (
            {"not_before": NOW + timedelta(hours=1), "now": NOW + timedelta(hours=1)},
            NOW + timedelta(hours=1) - SKEW,
            None,
        ),
        ({"session_not_on_or_after": NOW}, NOW + SKEW - SECOND, NOW + SKEW),
        (
            {"lifetime": timedelta(hours=1)},
            NOW + timedelta(minutes=10) + SKEW - SECOND,
            NOW + timedelta(minutes=10) + SKEW,
        ),
    ],
    ids=["conditions", "confirmation", "beginning", "session", "ten_minutes_after_issue"],
)
def test_r17_a_time_is_enforced_with_two_minutes_of_skew(
    knobs: dict[str, Any], last_good: datetime, first_bad: datetime | None
) -> None:
    xml = genuine(**knobs)

    assert code_of(xml, now=last_good) == "accepted"
    if first_bad is not None:
        assert code_of(xml, now=first_bad) == "saml_expired"
    else:
        assert code_of(xml, now=last_good - SECOND) == "saml_not_yet_valid"


def test_r17_fractions_of_seconds_are_read() -> None:
    xml = genuine(sign="none").replace(b"12:00:00Z", b"12:00:00.1234567Z")

    assert code_of(xml) == "saml_unsigned"


def test_r7_each_of_several_certificates_counts() -> None:
    both = replace(TRUST, certificates=(STRANGERS_KEY.certificate_pem, IDP_KEY.certificate_pem))

    assert read(genuine(), trust=both).certificate_fingerprint == IDP_KEY.fingerprint
    assert read(genuine(key=STRANGERS_KEY), trust=both).certificate_fingerprint == STRANGERS_KEY.fingerprint


def test_r7_a_certificate_taken_out_of_a_connection_stops_counting_at_once() -> None:
    both = replace(TRUST, certificates=(STRANGERS_KEY.certificate_pem, IDP_KEY.certificate_pem))
    read(genuine(key=STRANGERS_KEY), trust=both)

    # The same cache_key on purpose: forgetting to change it must not keep a certificate alive.
    assert code_of(genuine(key=STRANGERS_KEY), trust=TRUST) == "saml_unknown_certificate"


def test_an_expired_certificate_of_a_connection_still_counts() -> None:
    key = SigningKey.create("old", now=NOW - timedelta(days=400), days=30)

    assertion = read(genuine(key=key), trust=replace(TRUST, certificates=(key.certificate_pem,)))

    assert assertion.certificate_fingerprint == key.fingerprint


@pytest.mark.parametrize("certificates", [(), ("",), ("nonsense",)], ids=["none", "empty", "unreadable"])
def test_r4_a_connection_without_a_usable_certificate_refuses(certificates: tuple[str, ...]) -> None:
    untrusting = replace(TRUST, certificates=certificates)

    assert code_of(genuine(), trust=untrusting) == "saml_no_certificate"
    assert code_of(genuine(sign="none"), trust=untrusting) == "saml_no_certificate"


def test_r7_a_strangers_certificate_is_shown_but_not_believed() -> None:
    with pytest.raises(errors.SignedByUnknownCertificate) as refusal:
        read(genuine(key=STRANGERS_KEY))

    assert refusal.value.received == STRANGERS_KEY.fingerprint
    assert refusal.value.expected == IDP_KEY.fingerprint


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (("Responder", "AuthnFailed"), "saml_status_authn_failed"),
        (("Responder", "NoPassive"), "saml_status_no_passive"),
        (("Responder", "RequestDenied"), "saml_status_request_denied"),
        (("Requester", "InvalidNameIDPolicy"), "saml_status_name_id_policy"),
        (("Responder", "NoAuthnContext"), "saml_status_no_authn_context"),
        (("Requester",), "saml_status_requester"),
        (("Responder",), "saml_status_responder"),
        (("VersionMismatch",), "saml_status_version"),
        (("Responder", "urn:vendor:own-code"), "saml_status_responder"),
        (("urn:vendor:own-code",), "saml_status"),
    ],
)
def test_a_no_of_the_identity_provider_is_explained(codes: tuple[str, ...], expected: str) -> None:
    assert code_of(genuine(status=codes, sign="none")) == expected


def test_a_no_of_the_identity_provider_shows_its_words_on_one_short_line() -> None:
    with pytest.raises(StatusAuthnFailed) as refusal:
        read(genuine(status=("Responder", "AuthnFailed"), status_message="no\nMFA " + "x" * 5000, sign="response"))

    assert refusal.value.received.startswith("Responder / AuthnFailed: no MFA xxx")
    assert len(refusal.value.received) <= errors.LONGEST_SHOWN + 1


def test_r13_an_empty_request_id_never_matches_an_empty_in_response_to() -> None:
    assert code_of(genuine(in_response_to=""), request_id="") in {"saml_unsolicited", "saml_schema"}
    assert code_of(genuine(in_response_to=None), request_id="") == "saml_unsolicited"


def test_r18_the_connection_decides_which_identity_provider_may_speak() -> None:
    other = replace(TRUST, idp_entity_id=IDP.upper())

    assert code_of(genuine(), trust=other) == "saml_wrong_issuer"


def test_r14_an_id_longer_than_the_replay_record_keeps_is_refused() -> None:
    assert code_of(genuine(assertion_id="_" + "x" * 256)) == "saml_malformed"


def test_repeated_attributes_are_merged_in_the_order_sent() -> None:
    root = parse(genuine(sign="none"))
    statement = find(root, "AttributeStatement")
    again = etree.fromstring(etree.tostring(statement[-1]))
    again[0].text = "admins"
    statement.append(again)
    sign_element(find(root, "Assertion"), key=IDP_KEY)

    assert read(write(root)).attributes["groups"] == ("staff", "designers", "admins", "designers")


def test_r11_cdata_and_character_references_are_the_text_they_stand_for() -> None:
    xml = genuine()

    assert read(xml.replace(b">u-1001<", b"><![CDATA[u-1001]]><")).name_id == NameID(SUBJECT, PERSISTENT)
    assert read(xml.replace(b">u-1001<", b">&#x75;-1001<")).name_id == NameID(SUBJECT, PERSISTENT)


def test_r15_a_condition_of_an_unknown_kind_is_not_met() -> None:
    assertion = etree.fromstring(
        f'<Assertion xmlns="{SAML}"><Conditions><AudienceRestriction><Audience>us</Audience></AudienceRestriction>'
        "<OneTimeUse/><ProxyRestriction/></Conditions></Assertion>"
    )
    require_audience(assertion, expected="us")

    etree.SubElement(assertion[0], f"{{{SAML}}}Condition")
    with pytest.raises(errors.UnknownCondition):
        require_audience(assertion, expected="us")


def test_what_is_remembered_of_connections_is_bounded() -> None:
    cache: trust.BoundedCache[int] = trust.BoundedCache(size=2)
    for number in range(5):
        cache.get_or_build(replace(TRUST, cache_key=str(number)), lambda trusted: len(trusted.cache_key))

    assert len(cache) == 2


def test_r2_one_xml_parser_reads_all_of_saml() -> None:
    for path in Path(sso.saml.__file__).parent.glob("*.py"):
        text = path.read_text()
        for parser in ("xml.dom", "xml.sax", "xml.etree", "ElementTree", "defusedxml", "html.parser", "BeautifulSoup"):
            assert parser not in text, f"{path.name} brings a second XML parser: {parser}"


def test_r50_a_failure_of_a_library_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("surprise")

    monkeypatch.setattr("sso.saml.responses.load_trusted_keys", fail)

    assert code_of(genuine()) == "saml_malformed"


def test_reading_a_response_leaves_it_readable_again() -> None:
    encoded = encode_response(genuine(sign="both"))

    first = read_response(encoded, trust=TRUST, request_id=REQUEST, now=NOW)
    assert read_response(encoded, trust=TRUST, request_id=REQUEST, now=NOW) == first
