"""The page of each refused sign-in: what the person reads, may do and may send, and what it keeps quiet (spec 6.7)."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import EmailedSignIn, Way
from audit.models import AuditEvent
from domains.models import ShareableName
from orgs.models import Block, Enforcement, Membership, Organization
from sso.actions import refusals
from sso.actions.refusals import record_refusal
from sso.errors import NoOrganization
from sso.models import ConnectionRevision, RevisionState, SignInAttempt
from sso.oidc.status import refusal_of
from tests.cast import Cast, person, verified_domain
from tests.domains.test_pages import text_of
from tests.factories.sso import (
    IdentityProvider,
    bring_answer,
    leave_for_sso,
    leave_from,
    live_connection,
    sign_in_with_sso,
)
from tests.sso.sign_in.test_email import ask_for_mail
from tests.sso.sign_in.test_sso import who

Browser = Callable[..., Client]

pytestmark = pytest.mark.django_db


def enforce(cast: Cast) -> None:
    now = timezone.now()
    for product in (cast.acme.product, cast.acme_console.product):
        Enforcement.unscoped.create(
            parent=cast.acme_group, product=product, enforced_at=now, email_proofs_valid_from=now
        )


def the_refusal() -> AuditEvent:
    return AuditEvent.objects.get(code="sign_in.refused")


def answer_with(browser: Client, idp: IdentityProvider, typed: str, **knobs: object) -> str:
    """What the page says after the identity provider answered a sign-in of `typed`."""
    leaving = leave_for_sso(browser, typed)
    knobs = {"email": typed} | knobs
    answer = idp.answer(request_id=leaving.request_id, **knobs)  # type: ignore[arg-type]
    page = bring_answer(browser, idp, answer, leaving.relay_state)
    assert "no-store" in page["Cache-Control"]
    return text_of(page)


def test_every_refusal_has_a_reference_a_contact_and_a_way_on(browser_of: Browser, okta: IdentityProvider) -> None:
    page = sign_in_with_sso(browser_of(), okta, "bob@acme.example", audience="https://wrong.example/")

    text, reference = text_of(page), the_refusal().reference
    assert f"Reference {reference}" in text
    assert "write to support@acme.example and name the reference" in text
    assert 'href="/login/?sso=true&amp;email=bob%40acme.example">Try again' in page.content.decode()
    assert 'href="/login/">Use another account' in page.content.decode()


def test_the_message_for_it_is_ready_to_send(browser_of: Browser, okta: IdentityProvider) -> None:
    text = answer_with(browser_of(), okta, "bob@acme.example", status=("Responder", "RequestDenied"))

    assert "Okta knows you, but doesn't let you use Acme Identity yet" in text
    reference = the_refusal().reference
    assert f"Please assign bob@acme.example to the application Acme Identity in Okta. Reference {reference}." in text


@pytest.mark.parametrize(
    ("status", "words", "code"),
    [
        (("Responder", "AuthnFailed"), "Okta couldn't sign you in", "saml_status_authn_failed"),
        (("Requester", "UnknownPrincipal"), "Okta doesn't know this account", "saml_status_unknown_principal"),
        (("Responder", "NoPassive"), "Okta has a question for you", "saml_status_no_passive"),
        (("Responder",), "Okta failed while signing you in", "saml_status_responder"),
        (("Requester",), "Okta didn't let you in", "saml_status_requester"),
        (("SomethingElse",), "Okta didn't let you in", "saml_status"),
    ],
)
def test_the_identity_providers_no_is_explained(
    browser_of: Browser, okta: IdentityProvider, status: tuple[str, ...], words: str, code: str
) -> None:
    text = answer_with(browser_of(), okta, "bob@acme.example", status=status)

    assert words in text
    assert the_refusal().details["code"] == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("access_denied", "oidc_access_denied"),
        ("login_required", "oidc_interaction_required"),
        ("consent_required", "oidc_interaction_required"),
        ("temporarily_unavailable", "oidc_temporarily_unavailable"),
        ("unauthorized_client", "oidc_request_refused"),
        ("<script>", "oidc_status"),
    ],
)
def test_an_openid_providers_no_is_explained(error: str, code: str) -> None:
    """R28: what the provider wrote is kept on one short line, and stands in none of the person's sentences."""
    refusal = refusal_of(error, "line\r\n" + "x" * 1000)

    assert refusal.code == code
    assert len(refusal.received) <= 300
    assert "\n" not in refusal.received
    assert "x" not in refusal.message_text.replace("expected", "")


def test_another_account_at_the_identity_provider_is_named(browser_of: Browser, okta: IdentityProvider) -> None:
    text = answer_with(browser_of(), okta, "bob@acme.example", email="bob@private.example")

    assert "Okta signed you in with another account" in text
    assert "You are signed in there as bob@private.example. You came here as bob@acme.example." in text
    assert "Sign out at Okta, then try again with the account for bob@acme.example." in text
    event = the_refusal()
    assert (event.details["expected"], event.details["received"]) == ("bob@acme.example", "bob@private.example")


def test_whoever_is_signed_in_is_the_one_who_was_meant(browser_of: Browser, cast: Cast, okta: IdentityProvider) -> None:
    browser = browser_of(cast.alice)
    leaving = leave_for_sso(browser, "bob@acme.example", again="true")
    answer = okta.answer(request_id=leaving.request_id, email="alice@private.example")

    text = text_of(bring_answer(browser, okta, answer, leaving.relay_state))

    assert "You came here as alice@acme.example." in text
    assert who(browser) == "alice@acme.example"


def test_an_address_outside_the_domains_is_named_to_its_own_person(browser_of: Browser, okta: IdentityProvider) -> None:
    browser = browser_of()
    leaving = leave_for_sso(browser, "bob@acme.example")
    SignInAttempt.unscoped.update(login_hint="")  # as from a tile, where nobody typed an address

    answer = okta.answer(request_id=leaving.request_id, email="bob@private.example")
    text = text_of(bring_answer(browser, okta, answer, leaving.relay_state))

    assert "Okta sent an address that isn't covered by this sign-in" in text
    assert "You are signed in there as bob@private.example." in text


def test_a_sign_in_without_an_organization_says_whom_to_ask(browser_of: Browser, okta: IdentityProvider) -> None:
    browser = browser_of()

    landed = sign_in_with_sso(browser, okta, "new@acme.example")

    event = the_refusal()
    assert landed["Location"] == f"/login/error/{event.reference}/"
    text = text_of(browser.get(landed["Location"]))
    assert "Okta knows you, but no organization here does yet" in text
    assert "Go to your organizations" in text
    assert who(browser) == "new@acme.example"
    assert event.parent_id == okta.connection.parent_id


def test_that_page_is_its_own_persons_alone(browser_of: Browser, cast: Cast, okta: IdentityProvider) -> None:
    landed = sign_in_with_sso(browser_of(), okta, "new@acme.example")["Location"]
    of_somebody_else = record_refusal(
        NoOrganization(received="x"), way="sso", connection=okta.connection, user=cast.bob, now=timezone.now()
    )

    assert browser_of(cast.bob).get(landed).status_code == 404
    assert browser_of(cast.alice).get(f"/login/error/{of_somebody_else}/").status_code == 404
    assert browser_of().get(landed)["Location"].startswith("/login/?next=")


def test_a_held_member_reads_that_the_place_is_kept(browser_of: Browser, cast: Cast, okta: IdentityProvider) -> None:
    Membership.objects.for_org(cast.acme).filter(user=cast.bob).update(state="held", held_at=timezone.now())
    browser = browser_of()

    text = text_of(browser.get(sign_in_with_sso(browser, okta, "bob@acme.example")["Location"]))

    assert "Your membership of Acme is on hold." in text
    assert the_refusal().organization_id == cast.acme.id


def test_a_blocked_person_reads_by_whom_it_can_be_undone(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    erin = person("erin@acme.example")
    Block.unscoped.create(
        organization=cast.acme, user=erin, blocked_by=cast.alice, reason="left", created_at=timezone.now()
    )
    browser = browser_of()

    text = text_of(browser.get(sign_in_with_sso(browser, okta, "erin@acme.example")["Location"]))

    assert "You were blocked from Acme." in text
    assert "left" not in text  # the reason is the manager's


def test_sso_required_reads_alike_for_known_and_unknown_addresses(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    """The mail was sent before the company enforced SSO; its link is refused, whoever it was sent to."""
    pages = []
    for email in ("bob@acme.example", "who@acme.example"):
        browser = browser_of()
        _, link, _ = ask_for_mail(browser, email)
        browsers_link = (browser, link, email)
        pages.append(browsers_link)
    enforce(cast)

    texts = []
    for browser, link, email in pages:
        answer = browser.post(link)
        assert answer.status_code == 403
        assert f'href="/login/required/?email={email.replace("@", "%40")}"' in answer.content.decode()
        texts.append(re.sub(r"SGN-\w{4}-\w{4}|\d\d:\d\d", "…", text_of(answer).replace(email, "…")))

    assert texts[0] == texts[1]
    assert "Your company signs in with single sign-on." in texts[0]
    assert {event.parent_id for event in AuditEvent.objects.filter(code="sign_in.refused")} == {cast.acme_group.id}


@pytest.mark.parametrize("path", ["/login/", "/login/password/"])
def test_a_way_that_the_company_closed_is_written_down_alike_for_known_and_unknown_addresses(
    path: str, browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    enforce(cast)
    texts, counts = [], []
    for email in ("bob@acme.example", "who@acme.example"):
        browser = browser_of()
        browser.get(path)
        with CaptureQueriesContext(connection) as queries:
            answer = browser.post(path, {"email": email, "way": "email", "password": "x" * 14, "product": "assistant"})
        assert answer.status_code == 403
        event = AuditEvent.objects.filter(code="sign_in.refused").latest("id")
        assert f"name the reference {event.reference}" in text_of(answer)
        assert "Continue with Okta" in text_of(answer)
        assert (event.parent_id, event.details["email"]) == (cast.acme_group.id, email)
        texts.append(text_of(answer).replace(email, "…").replace(event.reference, "…").partition("Continue with")[2])
        counts.append(len(queries))

    assert texts[0] == texts[1]
    assert counts[0] == counts[1]
    assert not EmailedSignIn.objects.exists()


def test_r28_a_wrong_code_gets_its_reference_beside_the_field_and_a_manager_can_open_it(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    browser = browser_of()
    page, _, code = ask_for_mail(browser, "bob@acme.example")

    answer = browser.post(page, {"code": f"{(int(code) + 1) % 1_000_000:06}"})

    assert answer.status_code == 422
    assert f"name the reference {the_refusal().reference}" in text_of(answer)
    found = browser_of(cast.alice).get(f"/orgs/acme/settings/identity/sign-ins/{the_refusal().reference}/")
    assert "This isn't the code we sent." in text_of(found)


@pytest.mark.parametrize("trouble", ["unknown", "used", "expired", "other browser"])
def test_a_link_that_does_not_work_says_why_and_how_to_get_another(
    browser_of: Browser, cast: Cast, trouble: str
) -> None:
    browser = browser_of()
    _, link, _ = ask_for_mail(browser, "alice@acme.example")
    if trouble == "unknown":
        link = f"/login/link/{'x' * 43}/"
    elif trouble == "used":
        browser.post(link)
        browser = as_stranger(browser)
    elif trouble == "expired":
        EmailedSignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        browser = browser_of()

    text = text_of(browser.get(link))

    assert {
        "unknown": "This sign-in link isn't valid.",
        "used": "This sign-in link was used already.",
        "expired": "This sign-in link has expired.",
        "other browser": "This link was asked for in another browser.",
    }[trouble] in text
    assert "Try again" in text
    assert "Reference SGN-" in text


def as_stranger(browser: Client) -> Client:
    browser.post("/logout/")
    return browser


def test_an_attempt_that_is_over_says_so_and_keeps_the_way_back(browser_of: Browser, okta: IdentityProvider) -> None:
    browser = browser_of()
    leaving = leave_for_sso(browser, "bob@acme.example", next="/orgs/acme/settings/identity/")
    SignInAttempt.unscoped.update(expires_at=timezone.now())

    page = browser.get(f"/login/go/{leaving.relay_state}/")

    assert "This sign-in is over" in text_of(page)
    assert "next=%2Forgs%2Facme%2Fsettings%2Fidentity%2F" in page.content.decode()
    assert the_refusal().parent_id == okta.connection.parent_id


def test_r13_an_answer_in_another_browser_says_where_to_start_and_not_where_the_other_was_going(
    browser_of: Browser, okta: IdentityProvider
) -> None:
    leaving = leave_for_sso(browser_of(), "bob@acme.example", next="/orgs/acme/settings/identity/")
    answer = okta.answer(request_id=leaving.request_id, email="bob@acme.example")

    page = bring_answer(browser_of(), okta, answer, leaving.relay_state)

    assert "This sign-in was begun in another browser." in text_of(page)
    assert "identity%2F" not in page.content.decode()


def test_a_connection_that_is_not_live_names_the_page_that_works(browser_of: Browser, okta: IdentityProvider) -> None:
    ConnectionRevision.unscoped.update(state=RevisionState.DRAFT)

    text = text_of(browser_of().get(f"/sso/saml/{okta.connection.id.hex}/login/"))

    assert "This way to sign in isn't switched on." in text
    assert "/login/?sso=true" in text
    assert the_refusal().parent_id == okta.connection.parent_id


def test_a_made_up_connection_looks_the_same_and_is_nobodys(browser_of: Browser, okta: IdentityProvider) -> None:
    text = text_of(browser_of().get(f"/sso/saml/{'0' * 32}/login/"))

    assert "This way to sign in isn't switched on." in text
    assert not AuditEvent.objects.filter(code="sign_in.refused").exists()


def test_a_sign_in_form_without_the_browsers_cookie_says_what_is_missing(cast: Cast) -> None:
    text = text_of(Client().post("/login/", {"email": "alice@acme.example", "way": "email"}))

    assert "Your browser didn't keep the cookie that a sign-in needs." in text
    assert not AuditEvent.objects.filter(code="sign_in.refused").exists()  # anybody could fill the log


def test_a_held_member_gets_one_reference_for_an_hour_that_a_manager_can_open(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    Membership.unscoped.filter(user=cast.bob).update(state="held", held_at=timezone.now())
    bob = browser_of(cast.bob)

    pages = [bob.get("/orgs/acme/settings/identity/") for _ in range(3)]

    reference = the_refusal().reference
    for each in pages:
        assert each.status_code == 403
        assert f"Reference {reference}" in text_of(each)
    found = browser_of(cast.alice).get(f"/orgs/acme/settings/identity/sign-ins/{reference}/")
    assert "bob@acme.example" in text_of(found)


def test_a_script_fills_no_audit_log_with_refusals(
    browser_of: Browser, cast: Cast, okta: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "RECORDED", replace(refusals.RECORDED, most=3))

    references = [record_refusal(NoOrganization(), email="bob@acme.example", now=timezone.now()) for _ in range(5)]

    assert len(set(references)) == 5
    assert AuditEvent.objects.filter(code="sign_in.refused").count() == 3


@pytest.mark.parametrize("name", ["Curly {Braces}", "{reference:20000000}", "{0}", "{provider.__class__}"])
def test_a_name_with_braces_is_only_a_name(name: str, browser_of: Browser, cast: Cast, okta: IdentityProvider) -> None:
    Organization.objects.filter(id=cast.acme.id).update(name=name)
    Membership.objects.for_org(cast.acme).filter(user=cast.bob).update(state="held", held_at=timezone.now())

    landed = sign_in_with_sso(bob := browser_of(), okta, "bob@acme.example")

    page = bob.get(landed["Location"])
    assert page.status_code == 403
    assert f"Your membership of {name} is on hold." in text_of(page)


def test_one_customers_ipv6_addresses_are_one_network(
    cast: Cast, okta: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "RECORDED", replace(refusals.RECORDED, most=3))

    for number in range(6):
        answer_with(
            Client(REMOTE_ADDR=f"2001:db8::{number:x}"), okta, "bob@acme.example", status=("Responder", "AuthnFailed")
        )

    assert AuditEvent.objects.filter(code="sign_in.refused").count() == 3


def test_somebody_of_a_used_up_network_still_reads_why_no_organization_opens(
    browser_of: Browser, cast: Cast, okta: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "RECORDED", replace(refusals.RECORDED, most=0))

    landed = sign_in_with_sso(browser := browser_of(), okta, "new@acme.example")

    page = browser.get(landed["Location"])
    assert page.status_code == 403
    assert f"Reference {the_refusal().reference}" in text_of(page)


def test_a_sign_in_that_is_over_is_written_down_once_however_often_it_is_opened(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    leaving = leave_for_sso(mine := browser_of(), "bob@acme.example")
    path = f"/login/go/{leaving.relay_state}/"

    elsewhere = [text_of(Client().get(path)) for _ in range(3)]
    SignInAttempt.unscoped.update(expires_at=timezone.now())
    over = [text_of(browser.get(path)) for browser in (mine, mine, Client())]

    written = AuditEvent.objects.filter(code="sign_in.refused").order_by("id")
    assert [event.details["code"] for event in written] == ["attempt_of_other_browser", "attempt_over"]
    for pages, event in zip((elsewhere, over), written, strict=True):
        assert all(f"Reference {event.reference}" in page for page in pages)


def test_an_old_mail_is_written_down_once_however_often_its_code_is_typed(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    page, _, _ = ask_for_mail(browser := browser_of(), "bob@acme.example")
    EmailedSignIn.objects.update(expires_at=timezone.now())

    pages = [text_of(browser.post(page, {"code": "123456"})) for _ in range(3)]

    assert all(f"Reference {the_refusal().reference}" in each for each in pages)


def test_a_connection_that_is_not_live_is_written_down_once_an_hour_for_each_network(
    cast: Cast, okta: IdentityProvider
) -> None:
    ConnectionRevision.unscoped.filter(connection=okta.connection).update(state=RevisionState.PREVIOUS)
    path = f"/sso/saml/{okta.connection.id.hex}/login/"

    for ip in ("192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2"):
        assert Client(REMOTE_ADDR=ip).get(path).status_code == 404

    assert AuditEvent.objects.filter(code="sign_in.refused").count() == 2


@pytest.mark.parametrize("typed", ["", "carol@globex.example"])
def test_r38_who_is_signed_in_here_from_another_company_is_not_written_for_the_connections_managers(
    typed: str, browser_of: Browser, cast: Cast
) -> None:
    """Any link on the web leads through a tenant's identity provider, which may answer with what nothing serves."""
    claim = verified_domain(cast.globex_group, "globex.example", added_by=cast.charlie)
    theirs = live_connection(cast.globex_group, created_by=cast.charlie, claims=(claim,))
    alice = browser_of(cast.alice)
    if typed:
        alice.get("/login/?again=true")
        leaving = leave_for_sso(alice, typed)
    else:
        leaving = leave_from(alice, f"/sso/saml/{theirs.connection.id.hex}/login/")

    page = bring_answer(
        alice, theirs, theirs.answer(request_id=leaving.request_id, email="x@unserved.example"), leaving.relay_state
    )

    event = the_refusal()
    assert page.status_code == 403
    assert event.details["code"] == ("wrong_account" if typed else "domain_not_verified")
    assert "alice" not in str(event.details)
    charlie = browser_of(cast.charlie, way=Way.SSO, connection=theirs.connection)
    assert "alice" not in charlie.get(f"/orgs/globex/settings/identity/sign-ins/{event.reference}/").content.decode()


def test_r38_what_a_shared_names_provider_says_depends_on_no_organization_elsewhere(
    browser_of: Browser, cast: Cast
) -> None:
    """Bob is a member of Acme; Globex, which shares the name, is told the same of him as of somebody unknown."""
    ShareableName.objects.create(name="acme.example", marked_by=cast.sam, marked_at=timezone.now(), reason="merger")
    claim = verified_domain(cast.globex_group, "acme.example", added_by=cast.charlie, is_shared=True)
    theirs = live_connection(cast.globex_group, created_by=cast.charlie, claims=(claim,))

    for email in ("bob@acme.example", "nobody@acme.example"):
        landed = sign_in_with_sso(browser_of(), theirs, email)
        assert landed["Location"].startswith("/login/error/")

    told = [event.details["code"] for event in AuditEvent.objects.filter(code="sign_in.refused")]
    assert told == ["no_organization", "no_organization"]
    bob = browser_of(cast.bob)  # by their own proof
    assert sign_in_with_sso(bob, theirs, "bob@acme.example")["Location"] == "/"
