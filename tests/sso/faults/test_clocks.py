"""Clocks two minutes off, of an identity provider or of one web process: nothing ends by it, nobody is let in by it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Session, Way
from sso.models import Connection
from tests.cast import Cast, open_browser, verified_domain
from tests.factories.sso import (
    IdentityProvider,
    bring_answer,
    leave_for_sso,
    live_connection,
    post_answer,
    sign_in_with_sso,
)
from tests.sso.sign_in.test_email import ask_for_mail
from tests.sso.sign_in.test_sso import who

pytestmark = pytest.mark.django_db

IDENTITY = "/orgs/acme/settings/identity/"
TWO_MINUTES = timedelta(seconds=120)
ALICE = "alice@acme.example"
Browser = Callable[..., Client]


@pytest.fixture
def okta(cast: Cast) -> IdentityProvider:
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))


@contextmanager
def clock_off_by(span: timedelta) -> Iterator[None]:
    """What runs in here runs in a process whose clock is wrong."""
    right = timezone.now
    with patch("django.utils.timezone.now", side_effect=lambda: right() + span):
        yield


both_ways = pytest.mark.parametrize(
    "off", [TWO_MINUTES - timedelta(seconds=5), timedelta(seconds=5) - TWO_MINUTES], ids=["ahead", "behind"]
)


@both_ways
def test_an_identity_provider_with_another_clock_signs_its_people_in(
    cast: Cast, okta: IdentityProvider, off: timedelta
) -> None:
    browser = open_browser(None)

    sign_in_with_sso(browser, okta, ALICE, now=timezone.now() + off)

    assert who(browser) == ALICE
    assert browser.get(IDENTITY).status_code == 200


@pytest.mark.parametrize("off", [timedelta(minutes=3), timedelta(hours=-2)], ids=["ahead", "behind"])
def test_a_clock_that_is_off_by_more_lets_nobody_in(cast: Cast, okta: IdentityProvider, off: timedelta) -> None:
    browser = open_browser(None)
    leaving = leave_for_sso(browser, ALICE)
    answer = okta.answer(request_id=leaving.request_id, email=ALICE, now=timezone.now() + off)

    assert bring_answer(browser, okta, answer, leaving.relay_state).status_code == 403

    assert who(browser) is None


@both_ways
@pytest.mark.parametrize("wrong", ["begins", "takes the answer", "finishes", "serves afterwards"])
def test_sso_through_processes_of_which_one_has_another_clock(
    cast: Cast, okta: IdentityProvider, off: timedelta, wrong: str
) -> None:
    """Any process of several may serve any step."""
    browser, right = open_browser(None), timedelta(0)
    with clock_off_by(off if wrong == "begins" else right):
        leaving = leave_for_sso(browser, ALICE)
    answer = okta.answer(request_id=leaving.request_id, email=ALICE)
    with clock_off_by(off if wrong == "takes the answer" else right):
        finish = post_answer(okta, answer, leaving.relay_state)["Location"]
    with clock_off_by(off if wrong == "finishes" else right):
        browser.get(finish)
    with clock_off_by(off if wrong == "serves afterwards" else right):
        assert browser.get(IDENTITY).status_code == 200
        # Recent enough for a dangerous change, too.
        assert browser.get(f"/orgs/{cast.acme.slug}/settings/sessions/policy/").status_code == 200


@both_ways
@pytest.mark.parametrize("wrong", ["sends", "takes"])
def test_a_mailed_code_through_processes_of_which_one_has_another_clock(cast: Cast, off: timedelta, wrong: str) -> None:
    browser, right = open_browser(None), timedelta(0)
    with clock_off_by(off if wrong == "sends" else right):
        page, _, code = ask_for_mail(browser, ALICE)
    with clock_off_by(off if wrong == "takes" else right):
        browser.post(page, {"code": code})

    assert who(browser) == ALICE
    assert browser.get(IDENTITY).status_code == 200


@both_ways
def test_a_code_that_is_over_stays_over(cast: Cast, off: timedelta) -> None:
    browser = open_browser(None)
    page, _, code = ask_for_mail(browser, ALICE)

    with clock_off_by(timedelta(minutes=20) + off):
        browser.post(page, {"code": code})

    assert who(browser) is None


@both_ways
def test_a_session_neither_ends_nor_lives_on_by_a_wrong_clock(cast: Cast, off: timedelta) -> None:
    """Of two organizations' worth of time only what the policy says: a month, and a week without a request."""
    fresh = open_browser(cast.alice)
    old = open_browser(cast.bob, proved_at=timezone.now() - timedelta(days=31))

    with clock_off_by(off):
        assert fresh.get(IDENTITY).status_code == 200
        assert old.get(IDENTITY).status_code == 302
    assert fresh.get(IDENTITY).status_code == 200
    assert old.get(IDENTITY).status_code == 302


@both_ways
def test_an_ended_proof_stays_ended_at_a_process_with_another_clock(
    cast: Cast, okta: IdentityProvider, off: timedelta
) -> None:
    alice = open_browser(cast.alice, way=Way.SSO, connection=okta.connection)
    assert alice.get(IDENTITY).status_code == 200
    now = timezone.now()
    Connection.unscoped.filter(id=okta.connection.id).update(retired_at=now, proofs_valid_from=now)

    with clock_off_by(off):
        assert alice.get(IDENTITY).status_code == 302


def test_a_process_ahead_does_not_make_a_pause_of_it(cast: Cast) -> None:
    """`last_seen_at` may lie ahead of the next process's clock; that is no pause, and writes no negative one."""
    alice = open_browser(cast.alice)
    with clock_off_by(timedelta(minutes=7)):
        alice.get(IDENTITY)

    assert alice.get(IDENTITY).status_code == 200
    assert all(proof.longest_gap >= timedelta(0) for proof in Session.objects.get().proofs.all())
