"""The report of a test sign-in and the masked message, as pure functions."""

import base64
from datetime import UTC, datetime

import pytest

from sso.claims import ClaimMapping, Claims, EmailMissing, Groups, NameID
from sso.saml.assertion import VerifiedAssertion
from sso.saml.errors import CHECKS, WrongAudience
from sso.testing import TITLES, build_report, mask_message

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def assertion(**attributes: tuple[str, ...]) -> VerifiedAssertion:
    return VerifiedAssertion(
        assertion_id="a-1",
        response_id="r-1",
        issuer="https://idp.example/metadata",
        name_id=NameID("s-1", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
        attributes=attributes or {"email": ("erin@acme.example",), "firstName": ("Erin",)},
        friendly_names={},
        authn_instant=NOW,
        session_not_on_or_after=None,
        keep_until=NOW,
        issued_at=NOW,
        certificate_fingerprint="ab" * 32,
        clock_difference=-0.4,
    )


def claims(**values: object) -> Claims:
    given = {
        "subject": "s-1",
        "email": "erin@acme.example",
        "first_name": "Erin",
        "last_name": "",
        "groups": Groups("missing"),
    }
    return Claims(**{**given, **values})  # type: ignore[arg-type]


def report(**values: object) -> dict:
    given = {
        "rejected": None,
        "assertion": assertion(),
        "claims": claims(),
        "domain_is_assigned": True,
        "account_exists": False,
        "memberships": ["Joins Acme as user"],
        "mapping": ClaimMapping(),
    }
    return build_report(**{**given, **values})  # type: ignore[arg-type]


def test_every_check_has_a_title() -> None:
    assert set(TITLES) == set(CHECKS)


def test_a_test_that_passes_made_all_checks_in_order() -> None:
    checks = report()["checks"]

    assert [check["check"] for check in checks] == list(CHECKS)
    assert {check["result"] for check in checks} == {"passed"}


@pytest.mark.parametrize("stopped_at", CHECKS)
def test_checks_before_the_stop_passed_and_those_after_it_were_not_made(stopped_at: str) -> None:
    error = WrongAudience(expected="ours", received="theirs")
    error.check = stopped_at  # type: ignore[misc]

    results = {check["check"]: check["result"] for check in report(rejected=error, claims=None)["checks"]}

    position = CHECKS.index(stopped_at)
    assert results[stopped_at] == "stopped"
    assert all(results[check] == "passed" for check in CHECKS[:position])
    assert all(results[check] == "not_checked" for check in CHECKS[position + 1 :])


def test_a_refusal_is_told_with_what_was_expected_and_what_came() -> None:
    stopped = report(rejected=WrongAudience(expected="https://ours", received="https://theirs"), claims=None)

    assert stopped["error"]["code"] == "saml_wrong_audience"
    assert stopped["error"]["remedy"] == "In your identity provider, set Audience (SP entity ID) to https://ours."
    assert stopped["who"] is None


def test_a_missing_attribute_is_seen_beside_what_was_sent() -> None:
    stopped = report(
        rejected=EmailMissing(expected="email"), claims=None, assertion=assertion(userMail=("erin@acme.example",))
    )

    email = next(row for row in stopped["claims_rows"] if row["ours"] == "Email")
    assert email == {"ours": "Email", "theirs": "email", "value": "", "result": "missing"}
    assert stopped["claims"]["userMail"] == ["erin@acme.example"]


def test_who_this_would_be_gets_no_memberships_from_a_test_that_stopped() -> None:
    stopped = report(rejected=WrongAudience())

    assert stopped["who"] is None
    assert stopped["memberships"] == []


def test_an_unassigned_domain_is_no_reason_to_stop() -> None:
    checks = {check["check"]: check for check in report(domain_is_assigned=False)["checks"]}

    assert checks["domain"]["result"] == "passed"
    assert "you assign it when you go live" in checks["domain"]["detail"]


def test_values_of_a_flood_are_bounded() -> None:
    flooded = report(assertion=assertion(**{f"a{n}": ("x" * 5000,) * 200 for n in range(300)}))

    assert len(flooded["claims"]) <= 61
    assert all(len(values) <= 30 and len(values[0]) <= 301 for values in flooded["claims"].values())


XML = (
    '<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
    "<ds:Signature><ds:SignatureValue>c2VjcmV0</ds:SignatureValue></ds:Signature><a>kept</a></Response>"
)


@pytest.mark.parametrize("raw", [XML, base64.b64encode(XML.encode()).decode()])
def test_signatures_are_masked_in_both_forms(raw: str) -> None:
    masked = mask_message(raw)

    assert "c2VjcmV0" not in masked
    assert "<a>kept</a>" in masked


def test_encrypted_values_are_masked() -> None:
    xml = '<a xmlns:x="http://www.w3.org/2001/04/xmlenc#"><x:CipherValue>c2VjcmV0</x:CipherValue></a>'

    assert "c2VjcmV0" not in mask_message(xml)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "not xml",
        "<a><ds:SignatureValue>c2VjcmV0</ds:SignatureValue>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        "\x00\x1b[31m",
    ],
)
def test_what_cannot_be_parsed_comes_back_short_and_printable(raw: str) -> None:
    masked = mask_message(raw)

    assert masked.isprintable()
    assert "c2VjcmV0" not in masked
    assert "root:" not in masked
