"""A pause that was too long stays one, whatever the session was given before it and however often a page is loaded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from accounts import queries
from accounts.actions.sessions import add_proof
from accounts.models import Proof, Session, Way
from accounts.queries import find_session
from orgs.models import ParentOrganization
from tests.cast import Cast
from tests.sso.sign_in.test_email import ask_for_mail

pytestmark = pytest.mark.django_db

IDENTITY = "/orgs/acme/settings/identity/"
Browser = Callable[..., Client]


@contextmanager
def later(span: timedelta) -> Iterator[None]:
    right = timezone.now
    with patch("django.utils.timezone.now", side_effect=lambda: right() + span):
        yield


def sign_in_again(browser: Client, cast: Cast) -> None:
    page, _, code = ask_for_mail(browser, cast.alice.email, again="true", next=IDENTITY)
    assert browser.post(page, {"code": code})["Location"] == IDENTITY


def answers(browser: Client) -> list[int]:
    """A page of Acme, loaded twice."""
    return [browser.get(IDENTITY).status_code for _ in range(2)]


@pytest.mark.parametrize("moment", [timedelta(minutes=2), timedelta(minutes=8)], ids=["not noted as seen", "noted"])
def test_r33_a_pause_after_a_newer_proof_cannot_be_reloaded_away(
    cast: Cast, browser_of: Browser, moment: timedelta
) -> None:
    """`last_seen_at` moves every five minutes at most, so a newer proof is often newer than it."""
    alice = browser_of(cast.alice)
    with later(timedelta(hours=3)):
        assert answers(alice) == [200, 200]
    with later(timedelta(hours=3) + moment):
        sign_in_again(alice, cast)

    with later(timedelta(days=10)):
        assert answers(alice) == [302, 302]
        sign_in_again(alice, cast)
        assert answers(alice) == [200, 200]


def test_every_proof_keeps_the_pause_that_it_lived_through(cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(cast.alice)
    session, now = Session.objects.get(), timezone.now()
    Session.objects.update(last_seen_at=now - timedelta(days=4))
    Proof.objects.update(proved_at=now - timedelta(days=6))
    add_proof(session, way=Way.PASSWORD, proved_at=now - timedelta(days=3))
    add_proof(session, way=Way.GOOGLE, proved_at=now - timedelta(days=5))
    Proof.objects.filter(way=Way.GOOGLE).update(longest_gap=timedelta(days=5))

    browser.get(IDENTITY)

    days = {proof.way: round(proof.longest_gap / timedelta(days=1), 2) for proof in Proof.objects.all()}
    assert days == {"email": 4, "password": 3, "google": 5}


def test_r33_a_request_beside_the_one_that_notes_a_pause_sees_it_too(cast: Cast, browser_of: Browser) -> None:
    """Between any two statements of the one, the other reads a session that is idle, or a proof that remembers it."""
    alice = browser_of(cast.alice)
    ParentOrganization.objects.update(session_idle=timedelta(days=1))
    key, now = alice.cookies["session"].value, timezone.now()
    Session.objects.update(last_seen_at=now - timedelta(days=2))
    Proof.objects.update(proved_at=now - timedelta(days=2))
    idle: list[bool] = []

    def read_beside(execute: Callable[..., object], sql: str, *rest: object) -> object:
        result = execute(sql, *rest)
        if sql.startswith("UPDATE"):
            with patch.object(queries, "_note_that_it_was_seen"):  # the one beside only reads
                beside = find_session(key, now=now)
            assert beside
            pause = now - max(beside.proofs[0].proved_at, beside.session.last_seen_at)
            idle.append(max(pause, beside.proofs[0].longest_gap) >= timedelta(days=2))
        return result

    with database.execute_wrapper(read_beside):
        find_session(key, now=now)

    assert idle == [True, True]
