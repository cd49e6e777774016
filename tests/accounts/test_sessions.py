"""The end of a session is its end everywhere: nothing keeps it alive or brings it back."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.actions.sessions import end_session
from accounts.models import Session
from accounts.queries import find_session
from audit.actors import SYSTEM, Actor
from audit.models import AuditEvent
from tests.cast import Cast, open_browser


def key_of(browser: Client) -> str:
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


def is_signed_in(browser: Client) -> bool:
    return browser.get("/").status_code == 200


def copy_of(browser: Client) -> Client:
    """Another client that holds the same cookies: a thief, or a second tab."""
    copy = Client()
    for name in (settings.SESSION_COOKIE_NAME, settings.BROWSER_COOKIE_NAME):
        copy.cookies[name] = browser.cookies[name].value
    return copy


def test_r46_an_ended_session_is_over_for_everybody_who_holds_its_key(cast: Cast) -> None:
    browser = open_browser(cast.bob)
    copy = copy_of(browser)
    assert is_signed_in(copy)

    browser.post("/logout/")

    assert not is_signed_in(browser)
    assert not is_signed_in(copy)
    assert not is_signed_in(copy)  # trying doesn't revive it


def test_r46_no_cache_outlives_a_session(cast: Cast) -> None:
    """A session lives in the database alone, so an emptied cache neither ends nor revives one."""
    browser = open_browser(cast.bob)
    assert is_signed_in(browser)
    cache.clear()
    assert is_signed_in(browser)

    Session.objects.update(ended_at=timezone.now())

    assert not is_signed_in(browser)


def test_r46_other_sessions_of_the_person_go_on(cast: Cast) -> None:
    here, elsewhere = open_browser(cast.bob), open_browser(cast.bob)

    here.post("/logout/")

    assert is_signed_in(elsewhere)


@pytest.mark.parametrize(("who", "code"), [("bob", "sign_in.signed_out"), ("somebody else", "session.ended")])
def test_the_end_is_written_down_once_with_who_ended_it(who: str, code: str, cast: Cast) -> None:
    session = find_session(key_of(open_browser(cast.bob)), now=timezone.now())
    assert session is not None
    actor = Actor.of(cast.bob) if who == "bob" else SYSTEM

    for _ in range(2):
        end_session(session.session, actor=actor, now=timezone.now())

    [event] = AuditEvent.objects.filter(code__in=["sign_in.signed_out", "session.ended"])
    assert (event.code, event.target_label) == (code, cast.bob.email)


def test_a_session_ends_by_itself_whatever_was_done_in_it(cast: Cast) -> None:
    key, now = key_of(open_browser(cast.bob)), timezone.now()

    almost = now + settings.SESSION_ABSOLUTE_LIFETIME - timedelta(minutes=1)
    assert find_session(key, now=almost) is not None
    assert find_session(key, now=almost + timedelta(minutes=2)) is None


def test_an_erased_account_has_no_session(cast: Cast) -> None:
    browser = open_browser(cast.bob)
    cast.bob.erased_at = timezone.now()
    cast.bob.save(update_fields=["erased_at"])

    assert not is_signed_in(browser)


def test_the_database_holds_no_key_that_opens_a_session(cast: Cast) -> None:
    key = key_of(open_browser(cast.bob))

    assert key not in str(list(Session.objects.values()))
    assert find_session(Session.objects.get(user=cast.bob).key_hash, now=timezone.now()) is None


@pytest.mark.parametrize("key", ["", "x", "x" * 43, "é" * 43, "' OR 1=1 --"])
def test_a_key_that_nobody_was_given_is_a_strangers(key: str, cast: Cast) -> None:
    browser = open_browser(None)
    browser.cookies[settings.SESSION_COOKIE_NAME] = key

    assert not is_signed_in(browser)
