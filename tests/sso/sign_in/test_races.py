"""Two at once, on PostgreSQL: one wins, the other is told, and nothing fails."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client

from accounts.models import EmailedSignIn, User
from orgs.models import Organization
from sso.models import ExternalIdentity
from tests.cast import Cast, open_browser
from tests.factories.sso import IdentityProvider, leave_for_sso, leave_from, post_answer, sign_in_with_sso

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

Call = Callable[[], HttpResponse]


def at_once(*calls: Call) -> list[int]:
    """The sorted statuses of calls that begin together, each in a thread with a connection of its own."""
    barrier, statuses = threading.Barrier(len(calls)), []

    def run(call: Call) -> None:
        try:
            barrier.wait()
            statuses.append(call().status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


def parked(idp: IdentityProvider, email: str, *, subject: str) -> Call:
    """A sign-in in a browser of its own, up to its last request."""
    browser = open_browser(None)
    browser.raise_request_exception = False
    leaving = leave_for_sso(browser, email)
    answer = idp.answer(request_id=leaving.request_id, email=email, subject=subject)
    location = post_answer(idp, answer, leaving.relay_state)["Location"]
    return lambda: browser.get(location)


@pytest.mark.parametrize("attempt", range(3))
def test_first_sign_ins_of_one_person_tie_one_subject(
    okta: IdentityProvider, acme_lets_people_join: Organization, attempt: int
) -> None:
    same = at_once(*(parked(okta, "erin@acme.example", subject="erin") for _ in range(2)))
    different = at_once(*(parked(okta, "frank@acme.example", subject=f"frank-{n}") for n in range(2)))

    assert same == [302, 302]
    assert different == [302, 403]
    assert ExternalIdentity.unscoped.filter(user__email="frank@acme.example").count() == 1


@pytest.mark.parametrize("attempt", range(3))
def test_two_people_who_move_to_one_address(okta: IdentityProvider, attempt: int) -> None:
    for name in ("erin", "frank"):
        sign_in_with_sso(open_browser(None), okta, f"{name}@acme.example", subject=name)

    statuses = at_once(*(parked(okta, "both@acme.example", subject=name) for name in ("erin", "frank")))

    assert statuses == [302, 403]
    assert User.objects.filter(email="both@acme.example").count() == 1


@pytest.mark.parametrize("attempt", range(3))
def test_two_tabs_that_prove_the_same_person(okta: IdentityProvider, cast: Cast, attempt: int) -> None:
    alice = open_browser(cast.alice)
    calls = []
    for _ in range(2):
        leaving = leave_from(alice, f"/sso/saml/{okta.connection.id.hex}/login/")
        answer = okta.answer(request_id=leaving.request_id, email="alice@acme.example", subject="alice")
        tab = Client(raise_request_exception=False)
        tab.cookies = alice.cookies
        location = post_answer(okta, answer, leaving.relay_state)["Location"]
        calls.append(lambda tab=tab, location=location: tab.get(location))

    assert at_once(*calls) == [302, 302]


def test_twelve_codes_tried_at_once_are_five_tries(cast: Cast) -> None:
    browser = open_browser(None)
    browser.get("/login/")
    page = browser.post("/login/", {"email": "alice@acme.example", "way": "email"})["Location"]

    def guess(code: str) -> Call:
        tab = Client()
        tab.cookies = browser.cookies
        return lambda: tab.post(page, {"code": code})

    at_once(*(guess(f"{number:06}") for number in range(12)))

    assert EmailedSignIn.objects.get().wrong_codes <= 5
