"""Nobody loses what they typed because a sign-in was asked for; and nobody else ever gets it."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.actions.parked_forms import read_form
from accounts.models import ParkedForm, Session, User
from accounts.tasks import forget_parked_forms
from audit.tasks import deliver_outbox
from domains.models import DomainClaim
from tests.cast import Cast, open_browser

Browser = Callable[..., Client]
LONG_AGO = timedelta(hours=2)


def add_domain_page(cast: Cast) -> str:
    return f"/orgs/{cast.acme.slug}/settings/identity/domains/new/"


def end_session_of(user: User) -> None:
    """As from another browser, or by itself: the cookie stays where it is."""
    Session.objects.filter(user=user).update(ended_at=timezone.now())


def waiting_at(response: HttpResponse) -> str:
    """Where a sign-in asked for by this answer leads to."""
    [path] = parse_qs(urlsplit(response["Location"]).query)["next"]
    return path


def sign_in_by_email(browser: Client, asked: HttpResponse, email: str) -> HttpResponse:
    """From the sign-in page that was asked for, by the mailed link, to where it leads."""
    browser.get(asked["Location"])
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked["Location"]).query).items()}
    browser.post("/login/", {"email": email, "way": "email", **query})
    deliver_outbox()
    link = re.search(r"/login/link/[\w-]+/", mail.outbox[-1].body)
    assert link
    return browser.post(link.group())


def press_send(browser: Client, path: str) -> HttpResponse:
    """Press the button of the page that waits: post its hidden fields as a browser does, following the 307."""
    page = browser.get(path).content.decode()
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page):
        fields.setdefault(unescape(name), []).append(unescape(value))
    return browser.post(path, fields, follow=True)


def test_a_domain_typed_after_the_session_had_ended_is_added_after_the_sign_in(cast: Cast, browser_of: Browser) -> None:
    browser, page = browser_of(cast.alice), add_domain_page(cast)
    end_session_of(cast.alice)

    asked = browser.post(page, {"domain": "typed.example"}, headers={"Referer": f"http://testserver{page}"})
    assert urlsplit(asked["Location"]).path == "/login/"
    landed = sign_in_by_email(browser, asked, cast.alice.email)
    assert landed["Location"] == waiting_at(asked)
    waiting = browser.get(landed["Location"]).content.decode()
    assert page in waiting
    assert "typed.example" in waiting
    assert f'href="{page}"' in waiting  # the way back without saving

    press_send(browser, landed["Location"])

    assert DomainClaim.unscoped.get().name == "typed.example"
    assert not ParkedForm.objects.exists()


@pytest.mark.parametrize("gone_by", ["sign-out in another tab", "lifetime of the cookie"])
def test_the_form_is_kept_where_the_cookie_is_gone_too(gone_by: str, cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(cast.alice)
    if gone_by == "lifetime of the cookie":
        del browser.cookies[settings.SESSION_COOKIE_NAME]
    else:
        browser.post("/logout/")

    asked = browser.post(add_domain_page(cast), {"domain": "typed.example"})

    assert press_send(browser, sign_in_by_email(browser, asked, cast.alice.email)["Location"]).status_code == 200
    assert DomainClaim.unscoped.get().name == "typed.example"


def test_what_needs_a_newer_sign_in_waits_in_the_running_session(
    cast: Cast, browser_of: Browser, now: datetime
) -> None:
    browser = browser_of(cast.stella, proved_at=now - LONG_AGO)

    asked = browser.post("/account/address/", {"email": "stella@new.example"})
    assert asked["Location"].startswith("/login/?again=true&next=%2Fcontinue%2F")
    landed = sign_in_by_email(browser, asked, cast.stella.email)
    page = press_send(browser, landed["Location"])

    assert b"We sent a link to stella@new.example" in page.content


def test_neither_passwords_nor_secrets_nor_tokens_nor_files_are_kept(
    cast: Cast, browser_of: Browser, now: datetime
) -> None:
    browser = browser_of(cast.bob, proved_at=now - LONG_AGO)
    posted = {
        "new_password": "one-1",
        "Current-Password": "two-2",
        "client_secret": "three-3",
        "private_key": "four-4",
        "code": "five-5",
        "csrfmiddlewaretoken": "six-6",
        "metadata": SimpleUploadedFile("seven-7.xml", b"eight-8"),
        "note": "kept",
    }

    asked = browser.post("/account/password/", posted)
    page = sign_in_by_email(browser, asked, cast.bob.email)

    token = waiting_at(asked).split("/")[2]
    parked = ParkedForm.objects.get()
    typed = read_form(token, user=cast.bob, browser_hash=parked.browser_hash, now=now)
    assert typed.fields == (("note", "kept"),)
    stored = str(ParkedForm.objects.values().get())
    assert not [value for value in ("kept", "one-1", "two-2", "/account/password/", token) if value in stored]
    assert b"Passwords, secrets and files aren" in browser.get(page["Location"]).content


def test_the_secret_in_an_address_is_not_kept(cast: Cast, browser_of: Browser) -> None:
    browser, path = browser_of(cast.stella), f"/account/address/confirm/{'T' * 43}/"
    end_session_of(cast.stella)

    assert waiting_at(browser.post(path)) == path
    assert not ParkedForm.objects.exists()


def test_somebody_elses_browser_gets_nothing(cast: Cast, browser_of: Browser) -> None:
    browser, page = browser_of(cast.alice), add_domain_page(cast)
    end_session_of(cast.alice)
    path = waiting_at(browser.post(page, {"domain": "typed.example"}))
    colleague, her_phone = browser_of(cast.bob), browser_of(cast.alice)
    same_browser_as_bob = browser_of(cast.bob)
    same_browser_as_bob.cookies[settings.BROWSER_COOKIE_NAME] = browser.cookies[settings.BROWSER_COOKIE_NAME].value

    for other in (colleague, her_phone, same_browser_as_bob):
        for answer in (other.get(path), other.post(path)):
            assert answer.status_code == 404
            assert b"nothing left to send" in answer.content
            assert b"typed.example" not in answer.content
    assert browser_of().get(path)["Location"].startswith("/login/?next=")
    assert ParkedForm.objects.count() == 1


def test_it_is_sent_once_and_is_over_after_an_hour(cast: Cast, browser_of: Browser, now: datetime) -> None:
    browser, page = browser_of(cast.alice, proved_at=now), add_domain_page(cast)
    end_session_of(cast.alice)
    asked = browser.post(page, {"domain": "typed.example"})
    path = sign_in_by_email(browser, asked, cast.alice.email)["Location"]

    press_send(browser, path)
    assert browser.post(path).status_code == 404

    end_session_of(cast.alice)
    asked = browser.post(page, {"domain": "later.example"})
    path = sign_in_by_email(browser, asked, cast.alice.email)["Location"]
    ParkedForm.objects.update(expires_at=timezone.now())
    assert browser.get(path).status_code == 404
    forget_parked_forms()
    assert not ParkedForm.objects.exists()


def test_too_much_for_us_to_keep_leads_back_to_the_page(cast: Cast, browser_of: Browser) -> None:
    browser, page = browser_of(cast.alice), add_domain_page(cast)
    end_session_of(cast.alice)

    asked = browser.post(page, {"domain": "x" * 70_000}, headers={"Referer": f"http://testserver{page}?from=overview"})

    assert waiting_at(asked) == f"{page}?from=overview"
    assert not ParkedForm.objects.exists()


def test_whoever_never_was_signed_in_here_has_nothing_kept(cast: Cast, browser_of: Browser) -> None:
    for _ in range(3):
        asked = browser_of().post(add_domain_page(cast), {"domain": "flood.example"})
        assert waiting_at(asked) == add_domain_page(cast)

    assert not ParkedForm.objects.exists()


def test_only_the_newest_forms_of_a_person_are_kept(cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(cast.alice)
    end_session_of(cast.alice)
    for number in range(12):
        browser.post(add_domain_page(cast), {"domain": f"typed{number}.example"})

    assert ParkedForm.objects.count() == 10


def test_machines_and_signing_out_are_left_alone(cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(cast.alice)
    end_session_of(cast.alice)

    assert browser.post("/api/v1/organizations/", {"a": "b"}).status_code == 401
    assert browser.post("/scim/v2/anything/Users", {"a": "b"}).status_code == 401
    assert browser.post("/logout/")["Location"].startswith("/login/")
    assert not ParkedForm.objects.exists()


def test_a_post_without_a_csrf_token_is_refused_and_not_kept(cast: Cast) -> None:
    plain = open_browser(cast.alice)
    browser = Client(enforce_csrf_checks=True)
    for name in (settings.SESSION_COOKIE_NAME, settings.BROWSER_COOKIE_NAME):
        browser.cookies[name] = plain.cookies[name].value
    end_session_of(cast.alice)

    assert browser.post(add_domain_page(cast), {"domain": "forged.example"}).status_code == 403
    assert not ParkedForm.objects.exists()
