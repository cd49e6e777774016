"""Attacks at the assertion consumer service, each named by its rule: nobody is signed in, and managers learn why.

The reader has more of them (tests/sso/saml); here they come in through the front door, against a live connection.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from lxml import etree

from accounts.models import Session, User
from audit.models import AuditEvent
from demo.idp.signer import DS, encode_response
from orgs.models import Organization
from sso.models import ExternalIdentity
from sso.saml.addresses import acs_url, entity_id
from tests.cast import Cast, open_browser
from tests.factories.sso import IdentityProvider, bring_answer, leave_for_sso, signing_key
from tests.idp import scenario, wrapping

BOB = "bob@acme.example"

ANSWERS = {
    "r4_unsigned": ({"sign": "none"}, "saml_unsigned"),
    "r7_signed_with_another_key": ({"key": "stranger"}, "saml_unknown_certificate"),
    "r9_signed_with_sha1": ({"signature_method": "rsa-sha1"}, "saml_weak_algorithm"),
    "r9_digest_of_sha1": ({"digest_method": "sha1"}, "saml_weak_algorithm"),
    "r13_another_request": ({"in_response_to": "_another"}, "saml_wrong_request"),
    "r13_no_request_in_the_signed_part": ({"in_response_to": None}, "saml_unsolicited"),
    "r15_wrong_audience": ({"audience": "https://other.example/sp"}, "saml_wrong_audience"),
    "r15_no_audience": ({"audience": None}, "saml_missing_audience"),
    "r16_wrong_recipient": ({"recipient": "https://evil.example/?u={acs}"}, "saml_wrong_recipient"),
    "r16_longer_recipient": ({"recipient": "{acs}more/"}, "saml_wrong_recipient"),
    "r16_wrong_destination": ({"destination": "{acs}-other-tenant"}, "saml_wrong_destination"),
    "r17_expired": ({"not_on_or_after": "past", "confirmation_not_on_or_after": "past"}, "saml_expired"),
    "r18_wrong_issuer": ({"issuer": "https://evil.example/idp"}, "saml_wrong_issuer"),
}


def refused_with(browser_answer: object) -> str:
    """What the managers' event says; the page gave a 4xx and no session came of it."""
    assert 400 <= browser_answer.status_code < 500  # type: ignore[attr-defined]
    assert not Session.objects.exists()
    assert not ExternalIdentity.unscoped.exists()
    return str(AuditEvent.objects.filter(code="sign_in.refused").get().details["code"])


@pytest.mark.parametrize("attack", ANSWERS)
def test_an_answer_that_is_wrong_in_one_thing(attack: str, okta: IdentityProvider, cast: Cast) -> None:
    knobs, code = ANSWERS[attack]
    browser = open_browser(None)
    leaving = leave_for_sso(browser, BOB)
    acs, past = acs_url(okta.connection), timezone.now() - timedelta(minutes=10)
    changes: dict[str, object] = {"request_id": leaving.request_id}
    for name, value in knobs.items():
        real = {"past": past, "stranger": signing_key("stranger")}.get(value, value)  # type: ignore[arg-type]
        real = real.format(acs=acs) if isinstance(real, str) else real
        changes["request_id" if name == "in_response_to" else name] = real

    page = bring_answer(browser, okta, okta.answer(email=BOB, **changes), leaving.relay_state)  # type: ignore[arg-type]

    found = refused_with(page)
    assert code is None or found == code


@pytest.fixture
def wrapped(okta: IdentityProvider, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], bytes]:
    """Wrapped messages made of genuine ones of this connection; the evil part names another subject."""

    def make(shape: str, request_id: str) -> bytes:
        for name, value in {
            "IDP": okta.entity_id,
            "SP": entity_id(okta.connection),
            "ACS": acs_url(okta.connection),
            "REQUEST": request_id,
            "IDP_KEY": okta.key,
            "NOW": timezone.now(),
            "ATTRIBUTES": {"email": BOB},
        }.items():
            monkeypatch.setattr(scenario, name, value)
        xml: bytes = getattr(wrapping, shape)()
        return xml

    return make


@pytest.mark.parametrize(
    "shape",
    [*(f"wrapped_{number}" for number in range(1, 9)), "wrapped_in_extensions", "wrapped_in_advice", "duplicate_id"],
)
def test_r3_a_wrapped_signature(
    shape: str, wrapped: Callable[[str, str], bytes], okta: IdentityProvider, cast: Cast
) -> None:
    browser = open_browser(None)
    leaving = leave_for_sso(browser, BOB)
    response = encode_response(wrapped(shape, leaving.request_id))

    refused_with(bring_answer(browser, okta, response, leaving.relay_state))


def test_the_wrapped_messages_would_sign_in_unwrapped(
    wrapped: Callable[[str, str], bytes], okta: IdentityProvider, cast: Cast
) -> None:
    """So that the tests above fail for the wrapping alone."""
    browser = open_browser(None)
    leaving = leave_for_sso(browser, BOB)
    wrapped("wrapped_1", leaving.request_id)

    bring_answer(browser, okta, encode_response(scenario.genuine()), leaving.relay_state)

    assert Session.objects.get().user.email == BOB


def costly_transforms(xml: bytes) -> bytes:
    """What would hold a worker for seconds before anybody looked at the key."""
    root = etree.fromstring(xml)
    transforms = root.find(f".//{{{DS}}}Transforms")
    assert transforms is not None
    for _ in range(2_000):
        etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#")
    return etree.tostring(root)


def with_a_doctype(xml: bytes) -> bytes:
    body = xml.partition(b"?>")[2] if xml.startswith(b"<?xml") else xml
    return b'<!DOCTYPE x [<!ENTITY a "b">]>' + body


@pytest.mark.parametrize(
    ("attack", "code"),
    [(with_a_doctype, "saml_doctype"), (costly_transforms, None)],
    ids=["r12_doctype", "r49_transforms"],
)
def test_a_message_that_attacks_the_parser(
    attack: Callable[[bytes], bytes],
    code: str | None,
    wrapped: Callable[[str, str], bytes],
    okta: IdentityProvider,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    browser = open_browser(None)
    leaving = leave_for_sso(browser, BOB)
    wrapped("wrapped_1", leaving.request_id)
    response = encode_response(attack(scenario.genuine()))
    monkeypatch.setattr(
        "sso.saml.responses.verify_signature", lambda *_, **__: pytest.fail("nothing costly before trust")
    )

    found = refused_with(bring_answer(browser, okta, response, leaving.relay_state))

    assert code is None or found == code


def test_r29_an_address_of_a_domain_that_nobody_here_owns(
    okta: IdentityProvider, acme_lets_people_join: Organization, cast: Cast
) -> None:
    browser = open_browser(None)
    leaving = leave_for_sso(browser, BOB)
    answer = okta.answer(request_id=leaving.request_id, email="root@elsewhere.example")

    assert refused_with(bring_answer(browser, okta, answer, leaving.relay_state)) == "wrong_account"
    assert not User.objects.filter(email="root@elsewhere.example").exists()
