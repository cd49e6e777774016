"""Test sign-in through the real pages: out to the identity provider, back, and what the result says (spec 5.3, R47)."""

import json
from datetime import datetime, timedelta

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import Session, User
from audit.models import AuditEvent
from demo.idp.signer import SigningKey
from domains.models import DomainClaim
from orgs.models import Membership
from sso.models import ConnectionRevision, ExternalIdentity, RevisionState, SignInAttempt, TestSignIn
from sso.saml.addresses import entity_id
from sso.tasks import forget_old_attempts
from tests.factories.sso import IdentityProvider, bring_answer, read_go_page, signing_key
from tests.sso.setup.conftest import IDP, Setup, send, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(setup: Setup, key: SigningKey, claim: DomainClaim) -> Setup:
    """A draft that knows its identity provider, and a verified domain."""
    setup.give_metadata(key)
    return setup


def provider_of(setup: Setup, key: SigningKey) -> IdentityProvider:
    return IdentityProvider(connection=setup.connection, entity_id=f"{IDP}/metadata", sso_url=f"{IDP}/sso", key=key)


def run_test(
    browser: Client, setup: Setup, key: SigningKey, email: str = "erin@acme.example", **knobs: object
) -> HttpResponse:
    """Press *Test sign-in*, sign in at the identity provider, come back: the page of the result."""
    left = browser.post(setup.at("test"))
    assert left["Location"].startswith("/login/go/"), "a form may not lead off-site (CSP)"
    leaving = read_go_page(browser.get(left["Location"]))
    idp = provider_of(setup, key)
    answer = idp.answer(request_id=leaving.request_id, email=email, **knobs)
    back = bring_answer(browser, idp, answer, leaving.relay_state)
    assert f"/sso/{setup.connection.id.hex}/tests/TST-" in back["Location"]
    return browser.get(back["Location"])


def test_a_test_that_passes_shows_every_check_and_the_claims(alice: Client, ready: Setup, key: SigningKey) -> None:
    page = run_test(alice, ready, key)

    text = words(page)
    assert "The test passed" in text
    assert "erin@acme.example" in text
    assert "None yet; the first sign-in makes one." in text
    assert "acme.example is verified; you assign it when you go live" in text
    assert "Not checked" not in text
    assert "firstName Erin Received" in text
    assert "Continue to go live" in text
    assert ready.now_is().state == RevisionState.TESTED


def test_r47_a_test_creates_no_user_session_tie_or_membership(alice: Client, ready: Setup, key: SigningKey) -> None:
    before = (User.objects.count(), Session.objects.count(), Membership.unscoped.count())

    run_test(alice, ready, key)

    assert (User.objects.count(), Session.objects.count(), Membership.unscoped.count()) == before
    assert not ExternalIdentity.unscoped.exists()


def test_a_wrong_audience_stops_there_and_names_the_field_to_fix(alice: Client, ready: Setup, key: SigningKey) -> None:
    page = run_test(alice, ready, key, audience="https://other.example/saml")

    text = words(page)
    assert "The test stopped: The identity provider addressed this sign-in to a different service." in text
    assert "https://other.example/saml" in text
    assert "Replace SP entity ID (Audience) with" in text
    assert f">{entity_id(ready.connection)}</output>" in page.content.decode()
    assert "Done: Sent by your identity provider" in text
    assert "Failed: Meant for this connection" in text
    assert "Not checked yet: Sent to the right address" in text
    assert ready.now_is().state == RevisionState.DRAFT


def test_an_unknown_certificate_leads_back_to_the_metadata(alice: Client, ready: Setup, key: SigningKey) -> None:
    page = run_test(alice, ready, key=signing_key("stranger"))

    assert "The signature doesn't match any certificate of this connection" in words(page)
    assert f'href="{ready.at("metadata")}"' in page.content.decode()


def test_an_address_outside_the_verified_domains_stops_at_the_domain(
    alice: Client, ready: Setup, key: SigningKey
) -> None:
    text = words(run_test(alice, ready, key, email="erin@elsewhere.example"))

    assert "Failed: The address lies in a verified domain" in text
    assert "elsewhere.example" in text


def test_the_message_is_shown_without_its_signature(alice: Client, ready: Setup, key: SigningKey) -> None:
    page = run_test(alice, ready, key).content.decode()

    raw = TestSignIn.unscoped.get().raw_message
    assert "erin@acme.example" in raw
    assert "[masked]" in raw
    assert "&lt;ds:SignatureValue&gt;[masked]&lt;/ds:SignatureValue&gt;" in page


def test_what_a_provider_sends_is_shown_as_text(alice: Client, ready: Setup, key: SigningKey) -> None:
    attributes = {"email": "erin@acme.example", "firstName": "<script>alert(1)</script>"}

    page = run_test(alice, ready, key, attributes=attributes).content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_test_that_never_came_back_says_so(alice: Client, ready: Setup, now: datetime) -> None:
    alice.post(ready.at("test"))
    under_way = words(alice.get(ready.at("test")))
    SignInAttempt.unscoped.update(created_at=now - timedelta(minutes=12), expires_at=now - timedelta(minutes=2))

    given_up = words(alice.get(ready.at("test")))

    assert "A test is under way." in under_way
    assert "The last test never came back." in given_up
    assert "within 10 minutes" in given_up


def test_a_draft_changed_during_its_test_is_not_tested(alice: Client, ready: Setup, key: SigningKey) -> None:
    left = alice.post(ready.at("test"))
    leaving = read_go_page(alice.get(left["Location"]))
    send(alice, ready.at("claims"), {"email_attribute": "email", "last_name_attribute": "sn"})
    idp = provider_of(ready, key)
    answer = idp.answer(request_id=leaving.request_id, email="erin@acme.example")

    page = alice.get(bring_answer(alice, idp, answer, leaving.relay_state)["Location"])

    assert ready.now_is().state == RevisionState.DRAFT
    assert "The draft was changed after this test." in words(page)


def test_a_draft_without_metadata_has_nothing_to_test(alice: Client, setup: Setup) -> None:
    assert "There is nothing to test yet" in words(alice.get(setup.at("test")))
    assert alice.post(setup.at("test")).status_code == 409


def test_the_audit_log_has_the_test_under_its_reference(alice: Client, ready: Setup, key: SigningKey) -> None:
    run_test(alice, ready, key)

    test = TestSignIn.unscoped.get()
    event = AuditEvent.objects.get(reference=test.reference)
    assert event.code == "connection.tested"
    assert event.actor_label == "Alice"
    assert event.details["outcome"] == "passed"


def test_a_live_connection_is_tested_without_changing_it(
    alice: Client, ready: Setup, key: SigningKey, now: datetime
) -> None:
    ready.pass_test()
    ConnectionRevision.unscoped.filter(id=ready.revision.id).update(state=RevisionState.LIVE, went_live_at=now)

    left = alice.post(ready.at("test-live"))
    leaving = read_go_page(alice.get(left["Location"]))
    idp = provider_of(ready, key)
    answer = idp.answer(request_id=leaving.request_id, email="erin@acme.example", audience="https://other.example")
    page = alice.get(bring_answer(alice, idp, answer, leaving.relay_state)["Location"])

    assert "The test stopped" in words(page)
    assert ready.now_is().state == RevisionState.LIVE


def test_reports_hold_nothing_that_could_be_used_again(alice: Client, ready: Setup, key: SigningKey) -> None:
    run_test(alice, ready, key)

    test = TestSignIn.unscoped.get()
    kept = json.dumps(test.report) + test.raw_message
    assert "SignatureValue>[masked]<" in kept
    assert len([line for line in kept.splitlines() if len(line) > 400 and "=" in line and " " not in line]) == 0


def test_a_result_of_yesterday_says_that_its_details_are_gone(
    alice: Client, ready: Setup, key: SigningKey, now: datetime
) -> None:
    run_test(alice, ready, key)
    TestSignIn.unscoped.update(at=now - timedelta(hours=25))
    forget_old_attempts()

    page = alice.get(ready.at(f"tests/{TestSignIn.unscoped.get().reference}"))

    assert page.status_code == 200
    assert "This test passed What was checked and sent is kept for 24 hours only." in words(page)
    assert "erin@acme.example" not in words(page)
