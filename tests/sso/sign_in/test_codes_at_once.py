"""Many codes typed at once, on PostgreSQL: no more of them are compared than one after the other."""

from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.cast import Cast, open_browser
from tests.sso.sign_in.test_email import ask_for_mail
from tests.sso.sign_in.test_races import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_guessers_at_once_get_ten_tries_at_an_address_and_no_more(cast: Cast) -> None:
    answers: list[bytes] = []

    def typing(browser: Client, page: str, code: str) -> Callable[[], HttpResponse]:
        def type_it() -> HttpResponse:
            response = browser.post(page, {"code": code})
            answers.append(response.content)
            return response

        return type_it

    calls = []
    for _ in range(3):
        browser = open_browser(None)
        page, _, code = ask_for_mail(browser, "alice@acme.example")
        # A client is no two browsers: each thread has its own, with the same cookies.
        calls += [typing(copy_of(browser), page, f"{(int(code) + number) % 1_000_000:06d}") for number in range(1, 6)]
    at_once(*calls)

    compared = [answer for answer in answers if b"the code we sent" in answer]
    assert len(answers) == 15
    assert len(compared) <= 10


def copy_of(browser: Client) -> Client:
    copy = Client()
    copy.cookies = browser.cookies
    return copy
