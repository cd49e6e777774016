"""python3-saml beside our own checks: where it refuses, we refuse; and it is never stricter about time than we are."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from demo.idp.signer import encode_response
from sso.saml.errors import RefusedByToolkit
from sso.saml.guard import open_response
from sso.saml.responses import read_response
from sso.saml.toolkit import require_toolkit_acceptance
from tests.idp.attacks import Case, all_cases
from tests.idp.scenario import ACS, IDP, NOW, REQUEST, SP, TRUST, genuine, load_key, read

# The costly ones are left out: the library would compute them.
CASES = [case for case in all_cases() if case.rule != "R49"]


def stock_library_accepts(case: Case) -> bool:
    """python3-saml as it comes, but for its clock and the settings that we give it."""
    certificate = load_key(case.params.get("certificate", "identity_provider")).certificate_pem
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {"entityId": SP, "assertionConsumerService": {"url": ACS}},
            "idp": {
                "entityId": IDP,
                "singleSignOnService": {"url": "https://idp.northwind.example/sso"},
                "x509certMulti": {"signing": [certificate]},
            },
            "security": {
                "rejectDeprecatedAlgorithm": True,
                "requestedAuthnContext": False,
                "wantNameId": False,
                "wantAttributeStatement": False,
                "allowRepeatAttributeName": True,
            },
        }
    )
    request = {"https": "on", "http_host": "id.acme.example", "script_name": "/sso/saml/c1/acs/", "get_data": {}}
    with patch.object(OneLogin_Saml2_Utils, "now", staticmethod(lambda: int(NOW.timestamp()))):
        try:
            response = OneLogin_Saml2_Response(settings, encode_response(case.xml))
            return bool(response.is_valid(request, request_id=REQUEST))
        except Exception:  # it raises many kinds from its constructor; each is a refusal
            return False


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_we_never_accept_what_python3_saml_refuses(case: Case) -> None:
    if case.expected == "accepted":
        assert stock_library_accepts(case)


def test_the_table_of_what_python3_saml_lets_pass_is_still_true() -> None:
    """Why our own checks are there: each of these is accepted by the library and refused by us."""
    known = {
        "in_response_to_missing",
        "in_response_to_other_stripped",
        "audience_missing",
        "recipient_missing",
        "recipient_prefix",
        "recipient_substring",
        "destination_prefix",
        "destination_missing_signed",
        "confirmation_without_end",
        "issued_long_ago",
    }

    passed = {case.name for case in CASES if case.expected != "accepted" and stock_library_accepts(case)}

    assert known <= passed


def test_a_refusal_of_the_library_is_ours_as_well() -> None:
    """Our own checks are out of the way here; only the second opinion is left."""
    xml = genuine(audience="https://other.example/")

    with patch("sso.saml.responses.rules.require_audience"), pytest.raises(RefusedByToolkit) as refusal:
        read(xml)

    assert "audience" in refusal.value.received


@pytest.mark.parametrize(
    "knobs",
    [
        {"key": load_key("stranger")},
        {"sign": "none"},
        {"issuer": "https://other.example/"},
        {"in_response_to": "_other"},
        {"signature_method": "rsa-sha1"},
        {"recipient": "https://other.example/"},
    ],
    ids=["strangers_key", "unsigned", "issuer", "request", "sha1", "recipient"],
)
def test_the_second_opinion_judges_by_itself(knobs: dict[str, object]) -> None:
    """None of our replacements in the library has made it blind."""
    with patch("sso.saml.signature_form.SIGNATURE_METHODS", AnyMethod()):
        root = open_response(encode_response(genuine(**knobs))).unverified_root

    with pytest.raises(RefusedByToolkit):
        require_toolkit_acceptance(root, trust=TRUST, request_id=REQUEST, now=NOW)


class AnyMethod(dict[str, object]):
    def __contains__(self, key: object) -> bool:
        return True


def test_an_altered_message_fails_the_second_opinion() -> None:
    root = open_response(encode_response(genuine().replace(b">u-1001<", b">u-evil<"))).unverified_root

    with pytest.raises(RefusedByToolkit):
        require_toolkit_acceptance(root, trust=TRUST, request_id=REQUEST, now=NOW)


@pytest.mark.parametrize("seconds", [-119, -1, 0, 1, 119])
def test_the_second_opinion_has_our_clock_and_our_skew(seconds: int) -> None:
    """The library alone refuses a confirmation that ended a second ago."""
    xml = genuine(confirmation_not_on_or_after=NOW, not_on_or_after=NOW + timedelta(hours=1))

    assert read(xml, now=NOW + timedelta(seconds=seconds))


def test_the_installed_library_is_left_as_it_is() -> None:
    import onelogin.saml2.response
    import onelogin.saml2.utils

    assert (
        onelogin.saml2.response.OneLogin_Saml2_Utils
        is onelogin.saml2.utils.OneLogin_Saml2_Utils
        is OneLogin_Saml2_Utils
    )
    assert "sso.saml" not in OneLogin_Saml2_Utils.now.__module__


def test_r7_no_certificate_file_beside_the_library_is_looked_for() -> None:
    fresh = replace(TRUST, cache_key="fresh settings")
    looked_for: list[str] = []

    with patch("onelogin.saml2.settings.exists", side_effect=lambda path: bool(looked_for.append(path))):
        read_response(encode_response(genuine()), trust=fresh, request_id=REQUEST, now=NOW)

    assert not [path for path in looked_for if "idp" in path]
