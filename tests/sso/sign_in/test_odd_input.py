"""R50: no message from outside may produce a 5xx, whatever it is made of."""

import pytest
from django.test import Client

from tests.cast import Cast, open_browser
from tests.factories.sso import IdentityProvider, bring_answer, leave_for_sso


@pytest.fixture
def stranger() -> Client:
    """Sees the answer of a failure, as a browser would, where Django's test client raises it."""
    browser = open_browser(None)
    browser.raise_request_exception = False
    return browser


def acs(idp: IdentityProvider) -> str:
    return f"/sso/saml/{idp.connection.id.hex}/acs/"


@pytest.mark.parametrize(
    "path",
    [
        "/login/?product=%00",
        "/login/required/?email=a@%00",
        "/login/required/?product=%00",
        "/login/?next=/%00",
        "/login/?email=%00",
        "/login/link/%00/",
        "/login/go/%00/",
        "/orgs/%00/settings/identity/",
        f"/login/link/{'a' * 20000}/",
        "/%ff%fe",
        "/login/?product=%ff",
        f"/login/?next={'/' * 600}",
        "/login/?next=/%F0%9F%98%80",
        f"/login/required/?email=a@{'b' * 5000}",
    ],
)
def test_r50_odd_addresses(stranger: Client, cast: Cast, path: str) -> None:
    assert stranger.get(path).status_code < 500


def test_r50_a_nul_in_the_way_back_of_a_bare_get(stranger: Client, okta: IdentityProvider) -> None:
    assert stranger.get(f"/sso/saml/{okta.connection.id.hex}/login/?next=/%00").status_code < 500


@pytest.mark.parametrize("field", ["next", "product", "email", "way", "sso"])
def test_r50_a_nul_in_the_form(stranger: Client, cast: Cast, field: str) -> None:
    answer = stranger.post("/login/", {"email": "x@nowhere.example", field: "/\x00"})

    assert answer.status_code < 500


@pytest.mark.parametrize("response", ["\x00", "\u4e00", "é"])
def test_r50_text_that_is_no_base64_at_the_acs(stranger: Client, okta: IdentityProvider, response: str) -> None:
    for address in (acs(okta), f"/sso/saml/{'0' * 32}/acs/"):
        answer = stranger.post(address, {"SAMLResponse": response, "RelayState": "x"})
        assert answer.status_code == 400


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded; charset=utf-16",
        "application/x-www-form-urlencoded; charset=nonsense",
        "text/plain",
        "",
    ],
)
@pytest.mark.parametrize("body", [b"SAMLResponse=x&RelayState=y", b"--x\r\nnonsense", b"\xff\xfe%", b""])
def test_r50_odd_bodies_at_the_acs(stranger: Client, okta: IdentityProvider, content_type: str, body: bytes) -> None:
    assert stranger.generic("POST", acs(okta), body, content_type=content_type).status_code < 500


@pytest.mark.parametrize("length", ["abc", "-1", "9" * 5000, "1.5", "²"])
def test_r50_odd_lengths_at_the_acs(stranger: Client, okta: IdentityProvider, length: str) -> None:
    answer = stranger.post(acs(okta), {"SAMLResponse": "x", "RelayState": "y"}, CONTENT_LENGTH=length)

    assert answer.status_code < 500


def test_r50_thousands_of_fields_at_the_acs(stranger: Client, okta: IdentityProvider) -> None:
    assert stranger.post(acs(okta), {f"f{number}": "x" for number in range(5000)}).status_code < 500


@pytest.mark.parametrize("letter", ["x", "\u4e00", "\U0001f600"])
def test_r50_a_subject_of_a_thousand_letters(stranger: Client, okta: IdentityProvider, letter: str) -> None:
    leaving = leave_for_sso(stranger, "erin@acme.example")
    answer = okta.answer(request_id=leaving.request_id, email="erin@acme.example", subject=letter * 1000)

    assert bring_answer(stranger, okta, answer, leaving.relay_state).status_code < 500
