"""Continue with SSO, from the typed address to the session, and what must not get through."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.queries import find_session
from audit.models import AuditEvent
from demo.idp.signer import SigningKey
from orgs.models import Membership, Organization
from sso.models import ConsumedAssertion, ExternalIdentity, SignInAttempt
from tests.cast import Cast, verified_domain
from tests.factories.sso import (
    IdentityProvider,
    bring_answer,
    leave_for_sso,
    leave_from,
    live_connection,
    post_answer,
    sign_in_with_sso,
    signing_key,
)

Browser = Callable[..., Client]


def who(browser: Client) -> str | None:
    """The address that this browser is signed in as."""
    key = browser.cookies.get(settings.SESSION_COOKIE_NAME)
    found = find_session(key.value, now=timezone.now()) if key and key.value else None
    return found.user.email if found else None


def last_refusal() -> AuditEvent:
    return AuditEvent.objects.filter(code="sign_in.refused").latest("id")


@pytest.mark.sqlite
def test_a_person_without_an_account_signs_in_and_becomes_a_member_once(
    browser_of: Browser, okta: IdentityProvider, acme_lets_people_join: Organization
) -> None:
    browser = browser_of()

    landed = sign_in_with_sso(browser, okta, "erin@acme.example")

    assert landed.status_code == 302
    assert landed["Location"] == "/"
    assert who(browser) == "erin@acme.example"
    membership = Membership.objects.for_org(acme_lets_people_join).get(user__email="erin@acme.example")
    assert (membership.role.slug, membership.source, membership.state) == ("user", "jit", "active")

    sign_in_with_sso(browser_of(), okta, "erin@acme.example")

    assert User.objects.filter(email="erin@acme.example").count() == 1
    assert Membership.unscoped.filter(user__email="erin@acme.example").count() == 1
    assert ExternalIdentity.unscoped.count() == 1


def test_in_manual_mode_a_sign_in_makes_an_account_and_no_membership(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    browser = browser_of()

    sign_in_with_sso(browser, okta, "erin@acme.example")

    assert who(browser) == "erin@acme.example"
    assert not Membership.unscoped.filter(user__email="erin@acme.example").exists()


def test_signing_in_gives_a_session_of_its_own(browser_of: Browser, okta: IdentityProvider, cast: Cast) -> None:
    """Session fixation: a key planted before the sign-in is worth nothing after it."""
    browser = browser_of()
    browser.cookies[settings.SESSION_COOKIE_NAME] = "p" * 43

    sign_in_with_sso(browser, okta, "bob@acme.example")

    assert browser.cookies[settings.SESSION_COOKIE_NAME].value != "p" * 43
    assert who(browser) == "bob@acme.example"


def test_the_upper_case_address_is_the_same_person(browser_of: Browser, okta: IdentityProvider, cast: Cast) -> None:
    browser = browser_of()

    sign_in_with_sso(browser, okta, "Bob@ACME.example", subject="bob-at-okta")

    assert who(browser) == cast.bob.email


def test_r13_the_answer_works_only_in_the_browser_that_began(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    attacker, victim = browser_of(), browser_of()
    leaving = leave_for_sso(attacker, "mallory@acme.example")
    answer = okta.answer(request_id=leaving.request_id, email="mallory@acme.example")

    landed = bring_answer(victim, okta, answer, leaving.relay_state)

    assert landed.status_code == 403
    assert b"begun in another browser" in landed.content
    assert who(victim) is None


def test_r14_an_answer_is_consumed_once(browser_of: Browser, okta: IdentityProvider, cast: Cast) -> None:
    browser = browser_of()
    leaving = leave_for_sso(browser, "bob@acme.example")
    answer = okta.answer(request_id=leaving.request_id, email="bob@acme.example")
    bring_answer(browser, okta, answer, leaving.relay_state)
    browser.cookies.pop(settings.SESSION_COOKIE_NAME)

    again = bring_answer(browser, okta, answer, leaving.relay_state)

    assert again.status_code == 400
    assert b"This sign-in is over" in again.content
    assert who(browser) is None


def test_r14_an_assertion_id_is_used_once_whatever_request_it_answers(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    first, second = browser_of(), browser_of()
    sign_in_with_sso(first, okta, "bob@acme.example", assertion_id="_the_same_id_0123456789")

    landed = sign_in_with_sso(second, okta, "bob@acme.example", assertion_id="_the_same_id_0123456789")

    assert landed.status_code == 403
    assert last_refusal().details["code"] == "assertion_replayed"
    assert who(second) is None
    kept = ConsumedAssertion.unscoped.get()
    assert kept.keep_until >= timezone.now() + timedelta(minutes=6)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_r14_the_same_answer_in_parallel_signs_in_once(browser_of: Browser, okta: IdentityProvider, cast: Cast) -> None:
    browser = browser_of()
    leaving = leave_for_sso(browser, "bob@acme.example")
    answer = okta.answer(request_id=leaving.request_id, email="bob@acme.example")
    location = post_answer(okta, answer, leaving.relay_state)["Location"]
    statuses: list[int] = []
    barrier = threading.Barrier(4)

    def finish() -> None:
        copy = Client()
        copy.cookies = browser.cookies.copy()
        barrier.wait()
        statuses.append(copy.get(location).status_code)
        database.close()

    threads = [threading.Thread(target=finish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [302, 400, 400, 400]


def test_a_failed_answer_uses_the_attempt_up(browser_of: Browser, okta: IdentityProvider, cast: Cast) -> None:
    browser = browser_of()
    leaving = leave_for_sso(browser, "bob@acme.example")
    forged = okta.answer(
        request_id=leaving.request_id, email="bob@acme.example", key=SigningKey.create("stranger", now=timezone.now())
    )
    refused = bring_answer(browser, okta, forged, leaving.relay_state)
    good = okta.answer(request_id=leaving.request_id, email="bob@acme.example")

    second_try = bring_answer(browser, okta, good, leaving.relay_state)

    assert refused.status_code == 403
    assert second_try.status_code == 400
    assert who(browser) is None


def test_an_attempt_lasts_ten_minutes(browser_of: Browser, okta: IdentityProvider, cast: Cast) -> None:
    browser = browser_of()
    leaving = leave_for_sso(browser, "bob@acme.example")
    answer = okta.answer(request_id=leaving.request_id, email="bob@acme.example")
    SignInAttempt.unscoped.update(expires_at=timezone.now())

    landed = bring_answer(browser, okta, answer, leaving.relay_state)

    assert landed.status_code == 400
    assert who(browser) is None


def test_r18_another_parents_connection_proves_nothing_here(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    """Globex's own identity provider signs for an address of Acme, at Globex's own connection."""
    globex_idp = live_connection(
        cast.globex_group,
        created_by=cast.charlie,
        claims=(verified_domain(cast.globex_group, "globex.example", added_by=cast.charlie),),
        name="Globex IdP",
    )
    browser = browser_of()
    leaving = leave_for_sso(browser, "charlie@globex.example")

    landed = bring_answer(
        browser,
        globex_idp,
        globex_idp.answer(request_id=leaving.request_id, email="bob@acme.example"),
        leaving.relay_state,
    )

    assert landed.status_code == 403
    assert last_refusal().details["code"] == "wrong_account"
    assert last_refusal().parent_id == cast.globex_group.id
    assert who(browser) is None


def test_r18_an_attempt_belongs_to_its_connection(browser_of: Browser, okta: IdentityProvider, cast: Cast) -> None:
    """The answer to Acme's attempt, posted to Globex's address: it isn't parked there, and signs nobody in."""
    globex_idp = live_connection(cast.globex_group, created_by=cast.charlie, name="Globex IdP")
    browser = browser_of()
    leaving = leave_for_sso(browser, "bob@acme.example")

    posted = post_answer(
        globex_idp, okta.answer(request_id=leaving.request_id, email="bob@acme.example"), leaving.relay_state
    )

    assert posted["Location"] == f"/sso/saml/{globex_idp.connection.id.hex}/login/"
    assert not SignInAttempt.unscoped.exclude(parked_response="").exists()


def test_r29_an_address_outside_the_assigned_domains_is_refused(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    browser = browser_of()
    leaving = leave_from(browser, f"/sso/saml/{okta.connection.id.hex}/login/")

    landed = bring_answer(
        browser, okta, okta.answer(request_id=leaving.request_id, email="eve@elsewhere.example"), leaving.relay_state
    )

    assert landed.status_code == 403
    assert last_refusal().details["received"] == "elsewhere.example"
    assert not User.objects.filter(email="eve@elsewhere.example").exists()


def test_a_verified_domain_that_is_not_assigned_admits_nobody(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    verified_domain(cast.acme_group, "acme-labs.example", added_by=cast.alice)
    browser = browser_of()
    leaving = leave_for_sso(browser, "bob@acme.example")

    landed = bring_answer(
        browser, okta, okta.answer(request_id=leaving.request_id, email="eve@acme-labs.example"), leaving.relay_state
    )

    assert landed.status_code == 403
    assert who(browser) is None


def test_r30_another_subject_with_the_same_address_is_not_tied(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    sign_in_with_sso(browser_of(), okta, "bob@acme.example", subject="bob-1")
    browser = browser_of()

    landed = sign_in_with_sso(browser, okta, "bob@acme.example", subject="bob-2")

    assert landed.status_code == 403
    assert last_refusal().details["code"] == "subject_changed"
    assert who(browser) is None


def test_a_changed_address_follows_the_subject_within_the_domains(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    sign_in_with_sso(browser_of(), okta, "bob@acme.example", subject="bob-1")

    sign_in_with_sso(browser_of(), okta, "robert@acme.example", subject="bob-1")

    cast.bob.refresh_from_db()
    assert cast.bob.email == "robert@acme.example"


def test_a_changed_address_that_is_taken_is_refused(browser_of: Browser, okta: IdentityProvider, cast: Cast) -> None:
    sign_in_with_sso(browser_of(), okta, "bob@acme.example", subject="bob-1")
    browser = browser_of()

    landed = sign_in_with_sso(browser, okta, "alice@acme.example", subject="bob-1")

    assert landed.status_code == 403
    assert last_refusal().details["code"] == "address_clash"
    assert who(browser) is None


def test_a_tied_person_whose_present_address_left_the_domains_is_refused(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    sign_in_with_sso(browser_of(), okta, "bob@acme.example", subject="bob-1")
    User.objects.filter(id=cast.bob.id).update(email="bob@private.example")
    browser = browser_of()

    landed = sign_in_with_sso(browser, okta, "bob@acme.example", subject="bob-1")

    assert landed.status_code == 403
    assert who(browser) is None


def test_staff_are_never_tied_by_a_customers_connection(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    User.objects.filter(id=cast.sam.id).update(email="sam@acme.example")
    browser = browser_of()

    landed = sign_in_with_sso(browser, okta, "sam@acme.example")

    assert landed.status_code == 403
    assert who(browser) is None
    assert not ExternalIdentity.unscoped.exists()


def test_r20_an_unsolicited_response_signs_nobody_in_and_is_not_stored(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    browser = browser_of()
    unasked = okta.answer(request_id=None, email="bob@acme.example")

    posted = post_answer(okta, unasked, "whatever the tile was set to")

    assert posted.status_code == 303
    assert posted["Location"] == f"/sso/saml/{okta.connection.id.hex}/login/"
    assert not SignInAttempt.unscoped.exists()
    assert who(browser) is None


def test_a_sign_in_begun_by_a_bare_address_asks_before_it_signs_in(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    browser = browser_of()
    leaving = leave_from(browser, f"/sso/saml/{okta.connection.id.hex}/login/")
    answer = okta.answer(request_id=leaving.request_id, email="bob@acme.example")

    asked = bring_answer(browser, okta, answer, leaving.relay_state)
    page = browser.get(asked["Location"])

    assert b"bob@acme.example" in page.content
    assert who(browser) is None

    browser.post(asked["Location"])

    assert who(browser) == "bob@acme.example"


def test_a_browser_that_was_this_person_before_is_not_asked_again(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    browser = browser_of()
    sign_in_with_sso(browser, okta, "bob@acme.example")
    browser.cookies.pop(settings.SESSION_COOKIE_NAME)
    leaving = leave_from(browser, f"/sso/saml/{okta.connection.id.hex}/login/")

    bring_answer(
        browser, okta, okta.answer(request_id=leaving.request_id, email="bob@acme.example"), leaving.relay_state
    )

    assert who(browser) == "bob@acme.example"


def test_a_sign_in_as_somebody_else_asks_before_it_swaps_the_person(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    browser = browser_of(cast.alice)
    leaving = leave_from(browser, f"/sso/saml/{okta.connection.id.hex}/login/")

    asked = bring_answer(
        browser, okta, okta.answer(request_id=leaving.request_id, email="bob@acme.example"), leaving.relay_state
    )

    assert who(browser) == "alice@acme.example"
    assert b"signed in as" in browser.get(asked["Location"]).content


def test_a_lapsed_domain_works_on_for_people_already_tied_and_takes_in_nobody_new(
    browser_of: Browser, okta: IdentityProvider, acme_lets_people_join: Organization, cast: Cast
) -> None:
    sign_in_with_sso(browser_of(), okta, "erin@acme.example")
    cast.acme_group.domain_claims.update(state="lapsed", lapsed_at=timezone.now())

    erin, frank, bob = browser_of(), browser_of(), browser_of()
    sign_in_with_sso(erin, okta, "erin@acme.example")
    refused = sign_in_with_sso(frank, okta, "frank@acme.example")
    sign_in_with_sso(bob, okta, "bob@acme.example")

    assert who(erin) == "erin@acme.example"
    assert refused.status_code == 403
    assert last_refusal().details["code"] == "domain_lapsed"
    assert who(frank) is None
    assert who(bob) == "bob@acme.example"  # an existing member there may be tied


def test_the_second_proof_of_the_same_person_joins_the_running_session(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    browser = browser_of(cast.bob)
    before = browser.cookies[settings.SESSION_COOKIE_NAME].value
    leaving = leave_from(browser, f"/sso/saml/{okta.connection.id.hex}/login/")

    bring_answer(
        browser, okta, okta.answer(request_id=leaving.request_id, email="bob@acme.example"), leaving.relay_state
    )

    assert browser.cookies[settings.SESSION_COOKIE_NAME].value == before
    found = find_session(before, now=timezone.now())
    assert found is not None
    assert {proof.way for proof in found.proofs} == {"email", "sso"}


def test_r12_a_body_of_five_megabytes_is_refused_unread(okta: IdentityProvider, cast: Cast) -> None:
    address = f"/sso/saml/{okta.connection.id.hex}/acs/"

    refused = Client().post(address, {"SAMLResponse": "A" * 5_000_000, "RelayState": "x"})

    assert refused.status_code == 413


def test_r19_relay_state_never_leads_anywhere(browser_of: Browser, okta: IdentityProvider, cast: Cast) -> None:
    posted = post_answer(okta, okta.answer(request_id=None, email="bob@acme.example"), "https://evil.example/")

    assert posted["Location"].startswith("/sso/saml/")


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_way_back_leads_to_this_site_only(
    browser_of: Browser, okta: IdentityProvider, cast: Cast, target: str
) -> None:
    browser = browser_of()
    leaving = leave_for_sso(browser, "bob@acme.example", next=target)

    landed = bring_answer(
        browser, okta, okta.answer(request_id=leaving.request_id, email="bob@acme.example"), leaving.relay_state
    )

    assert landed["Location"] == "/"


def test_the_person_is_told_a_reference_and_not_what_was_expected(
    browser_of: Browser, okta: IdentityProvider, cast: Cast
) -> None:
    browser = browser_of()
    page = sign_in_with_sso(browser, okta, "bob@acme.example", audience="https://other.example/sp").content.decode()

    event = last_refusal()
    assert event.reference in page
    assert "other.example" not in page
    assert event.details["received"] == "https://other.example/sp"
    assert event.details["expected"].endswith("/metadata/")


def test_a_retired_connection_signs_nobody_in(browser_of: Browser, okta: IdentityProvider, cast: Cast) -> None:
    browser = browser_of()
    leaving = leave_for_sso(browser, "bob@acme.example")
    answer = okta.answer(request_id=leaving.request_id, email="bob@acme.example")
    type(okta.connection).unscoped.filter(id=okta.connection.id).update(retired_at=timezone.now())

    landed = bring_answer(browser, okta, answer, leaving.relay_state)

    assert landed.status_code in {400, 404}
    assert who(browser) is None


def test_r7_the_key_comes_from_the_connection_alone(browser_of: Browser, okta: IdentityProvider, cast: Cast) -> None:
    """A stranger's key, with the stranger's certificate in the message."""
    browser = browser_of()
    page = sign_in_with_sso(browser, okta, "bob@acme.example", key=signing_key("stranger"))

    assert page.status_code == 403
    assert who(browser) is None
