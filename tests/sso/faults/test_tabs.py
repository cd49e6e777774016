"""What people do with browsers: two tabs, the back button, a double click, a page left open; and processes that die."""

from unittest.mock import patch

import pytest
from django.test import Client

from accounts.models import Proof, Session, Way
from audit.models import AuditEvent
from tests.cast import Cast, open_browser, verified_domain
from tests.factories.sso import (
    IdentityProvider,
    bring_answer,
    leave_for_sso,
    leave_from,
    live_connection,
    post_answer,
    sign_in_with_sso,
)
from tests.sso.sign_in.test_email import ask_for_mail
from tests.sso.sign_in.test_sso import who

pytestmark = pytest.mark.django_db

IDENTITY = "/orgs/acme/settings/identity/"
ALICE, BOB = "alice@acme.example", "bob@acme.example"


@pytest.fixture
def okta(cast: Cast) -> IdentityProvider:
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))


def test_two_tabs_as_two_people_end_as_the_one_who_was_confirmed(cast: Cast, okta: IdentityProvider) -> None:
    """Both set out before either came back; the second to come back is asked before the session changes hands."""
    browser = open_browser(None)
    under_way = {email: leave_for_sso(browser, email) for email in (ALICE, BOB)}
    landed = {}
    for email, leaving in under_way.items():
        answer = okta.answer(request_id=leaving.request_id, email=email)
        landed[email] = bring_answer(browser, okta, answer, leaving.relay_state)

    assert who(browser) == ALICE
    assert "/confirm/" in landed[BOB]["Location"]
    assert ALICE in browser.get(landed[BOB]["Location"]).content.decode()
    browser.post(landed[BOB]["Location"])
    assert who(browser) == BOB
    assert Session.objects.filter(ended_at=None).count() == 1


def test_two_tabs_as_the_same_person_share_one_session(cast: Cast, okta: IdentityProvider) -> None:
    browser = open_browser(None)
    for leaving in [leave_for_sso(browser, ALICE), leave_for_sso(browser, ALICE)]:
        answer = okta.answer(request_id=leaving.request_id, email=ALICE)
        bring_answer(browser, okta, answer, leaving.relay_state)

    assert who(browser) == ALICE
    assert Session.objects.count() == Proof.objects.count() == 1


def test_a_step_up_in_one_tab_serves_the_other(cast: Cast, okta: IdentityProvider) -> None:
    """A form that stands open in the other tab can be sent: it is the same session, with one more proof."""
    browser = open_browser(cast.alice)
    assert browser.get(IDENTITY).status_code == 200
    leaving = leave_from(browser, f"/sso/saml/{okta.connection.id.hex}/login/")

    bring_answer(browser, okta, okta.answer(request_id=leaving.request_id, email=ALICE), leaving.relay_state)

    assert browser.get(IDENTITY).status_code == 200
    assert sorted(Proof.objects.values_list("way", flat=True)) == [Way.EMAIL, Way.SSO]


def test_a_step_up_as_somebody_else_changes_nothing_until_it_is_confirmed(cast: Cast, okta: IdentityProvider) -> None:
    browser = open_browser(cast.alice)
    leaving = leave_from(browser, f"/sso/saml/{okta.connection.id.hex}/login/")

    bring_answer(browser, okta, okta.answer(request_id=leaving.request_id, email=BOB), leaving.relay_state)

    assert who(browser) == ALICE
    assert browser.get(IDENTITY).status_code == 200


def test_back_to_the_answer_after_signing_in_signs_nobody_in_again(cast: Cast, okta: IdentityProvider) -> None:
    """The back button asks for the page between once more, or posts the provider's form again."""
    browser = open_browser(None)
    leaving = leave_for_sso(browser, ALICE)
    answer = okta.answer(request_id=leaving.request_id, email=ALICE)
    finish = post_answer(okta, answer, leaving.relay_state)["Location"]
    browser.get(finish)

    again = browser.get(finish)
    posted_again = post_answer(okta, answer, leaving.relay_state)

    assert again.status_code < 500
    assert browser.get(posted_again["Location"]).status_code < 500
    assert who(browser) == ALICE
    assert Session.objects.count() == 1


def test_back_after_signing_out_shows_nothing_of_anybody(cast: Cast) -> None:
    browser = open_browser(cast.alice)
    assert "no-store" in browser.get(IDENTITY)["Cache-Control"]

    browser.post("/logout/")

    back = browser.get(IDENTITY)
    assert back.status_code == 302
    assert back["Location"].startswith("/login/")


def test_back_to_the_answer_after_signing_out_does_not_sign_in_again(cast: Cast, okta: IdentityProvider) -> None:
    browser = open_browser(None)
    leaving = leave_for_sso(browser, ALICE)
    answer = okta.answer(request_id=leaving.request_id, email=ALICE)
    finish = post_answer(okta, answer, leaving.relay_state)["Location"]
    browser.get(finish)
    browser.post("/logout/")

    browser.get(finish)
    browser.get(post_answer(okta, answer, leaving.relay_state)["Location"])

    assert who(browser) is None


@pytest.mark.parametrize("by", ["link", "code"])
def test_a_double_click_leads_on(cast: Cast, by: str) -> None:
    """The browser shows the second answer. Whoever the first one signed in isn't told that the link was used."""
    browser = open_browser(None)
    page, link, code = ask_for_mail(browser, ALICE)

    def press() -> object:
        return browser.post(link) if by == "link" else browser.post(page, {"code": code})

    press()
    second = press()

    assert who(browser) == ALICE
    assert second.status_code == 302  # type: ignore[attr-defined]
    assert Session.objects.count() == 1


def test_a_double_click_on_continue_sets_out_twice_and_either_works(cast: Cast, okta: IdentityProvider) -> None:
    browser = open_browser(None)
    first, second = leave_for_sso(browser, ALICE), leave_for_sso(browser, ALICE)

    bring_answer(browser, okta, okta.answer(request_id=second.request_id, email=ALICE), second.relay_state)

    assert who(browser) == ALICE
    assert first.relay_state != second.relay_state


def test_a_page_left_open_asks_for_a_sign_in_and_does_nothing(cast: Cast) -> None:
    """The session ended elsewhere; the form on the open page is sent."""
    browser, elsewhere = open_browser(cast.alice), open_browser(cast.alice)
    elsewhere.post("/account/sessions/end-others/")
    events = AuditEvent.objects.count()

    answer = browser.post(f"{IDENTITY}domains/new/", {"name": "acme-labs.example"})

    assert answer.status_code in {302, 303}
    assert answer["Location"].startswith("/login/")
    assert AuditEvent.objects.count() == events


def test_a_process_that_dies_between_park_and_finish_takes_nothing_along(cast: Cast, okta: IdentityProvider) -> None:
    """The answer is parked in the database; any other process finishes."""
    browser = open_browser(None)
    leaving = leave_for_sso(browser, ALICE)
    finish = post_answer(okta, okta.answer(request_id=leaving.request_id, email=ALICE), leaving.relay_state)["Location"]
    with (
        patch("sso.actions.attempts.use_up", side_effect=SystemExit("killed")),
        pytest.raises(SystemExit),
    ):
        browser.get(finish)

    browser.get(finish)

    assert who(browser) == ALICE


def test_a_process_that_dies_while_it_finishes_leaves_a_sign_in_that_is_over(
    cast: Cast, okta: IdentityProvider
) -> None:
    """Used up first, committed on its own (R14): the same answer isn't tried twice, and the person can start again."""
    browser = open_browser(None)
    leaving = leave_for_sso(browser, ALICE)
    finish = post_answer(okta, okta.answer(request_id=leaving.request_id, email=ALICE), leaving.relay_state)["Location"]
    with patch("sso.saml.reading.read", side_effect=SystemExit("killed")), pytest.raises(SystemExit):
        browser.get(finish)

    over = browser.get(finish)

    assert over.status_code == 400
    assert b"/login/" in over.content
    assert who(browser) is None
    sign_in_with_sso(browser, okta, ALICE)
    assert who(browser) == ALICE


def test_without_redis_the_whole_way_by_sso_works(cast: Cast, okta: IdentityProvider, settings: object) -> None:
    """A cache at a port where nothing listens: sign in, work, step up, sign out."""
    settings.CACHES = {  # type: ignore[attr-defined]
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": settings.REDIS_CACHE_OPTIONS,  # type: ignore[attr-defined]
        }
    }
    browser, stranger = open_browser(None), Client()

    sign_in_with_sso(browser, okta, ALICE)

    assert browser.get(IDENTITY).status_code == 200
    assert browser.get("/account/sessions/").status_code == 200
    assert stranger.get(IDENTITY).status_code == 302
    browser.post("/logout/")
    assert browser.get(IDENTITY).status_code == 302
