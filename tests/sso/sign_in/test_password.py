"""Signing in by password: one answer for whoever isn't let in, and the same work for it."""

import re
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.hashers import ScryptPasswordHasher, make_password
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.actions.addresses import change_address
from accounts.models import AddressChange, Proof, User
from audit.actors import SYSTEM
from audit.models import AuditEvent
from identity_platform.settings import base
from orgs.models import Enforcement, Product
from sso.models import SignInAttempt
from tests.cast import Cast
from tests.factories.sso import IdentityProvider
from tests.sso.sign_in.test_sso import who

Browser = Callable[..., Client]
PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _hashing_as_in_production(settings: Any) -> None:
    settings.PASSWORD_HASHERS = base.PASSWORD_HASHERS


@pytest.fixture
def alice(cast: Cast) -> User:
    """Alice, with a password."""
    User.objects.filter(id=cast.alice.id).update(password=make_password(PASSWORD))
    return cast.alice


def try_password(browser: Client, email: str, password: str = PASSWORD, **fields: str) -> HttpResponse:
    browser.get("/login/password/")
    return browser.post("/login/password/", {"email": email, "password": password, **fields})


def enforce_everywhere(cast: Cast) -> None:
    for product in Product.objects.all():
        Enforcement.unscoped.create(parent=cast.acme_group, product=product, enforced_at=timezone.now())


def test_the_right_password_signs_in_and_leads_where_the_person_wanted(browser_of: Browser, alice: User) -> None:
    browser = browser_of()

    landed = try_password(browser, " ALICE@acme.example ", next="/account/")

    assert landed["Location"] == "/account/"
    assert who(browser) == alice.email
    assert Proof.objects.get().way == "password"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("alice@acme.example", PASSWORD + "r"),
        ("bob@acme.example", PASSWORD),  # has an account and no password
        ("nobody@acme.example", PASSWORD),
    ],
    ids=["wrong password", "no password", "no account"],
)
def test_whoever_isnt_let_in_gets_the_same_answer(
    email: str, password: str, browser_of: Browser, alice: User, django_assert_num_queries: Callable[..., object]
) -> None:
    browser = browser_of()
    browser.get("/login/password/")
    # Who tries from which browser, claims, products, account; whose the domain is, and the event.
    with (
        mock.patch.object(
            ScryptPasswordHasher, "encode", autospec=True, side_effect=ScryptPasswordHasher.encode
        ) as hashed,
        django_assert_num_queries(6),
    ):
        page = browser.post("/login/password/", {"email": email, "password": password})

    assert page.status_code == 422
    assert b"This email or password isn&#x27;t right." in page.content
    assert password not in page.content.decode()
    assert AuditEvent.objects.get(code="sign_in.refused").reference in page.content.decode()
    assert hashed.call_count == 1
    assert who(browser) is None


@pytest.mark.parametrize("email", ["alice@acme.example", "nobody@acme.example"])
def test_r34_where_sso_is_required_a_password_leads_there_known_or_not_right_or_not(
    email: str, browser_of: Browser, cast: Cast, alice: User, okta: IdentityProvider
) -> None:
    enforce_everywhere(cast)
    browser = browser_of()

    with mock.patch("sso.actions.passwords.find_by_password") as compared:
        sent = try_password(browser, email, next="/account/")

    assert sent.status_code == 403
    assert b"Continue with Okta" in sent.content
    assert not compared.called
    assert who(browser) is None
    assert SignInAttempt.unscoped.get().next_path == "/account/"


def test_people_outside_the_domain_keep_their_password_where_sso_is_required(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    enforce_everywhere(cast)
    User.objects.filter(id=cast.stella.id).update(password=make_password(PASSWORD))
    browser = browser_of()

    try_password(browser, cast.stella.email)

    assert who(browser) == cast.stella.email


def test_the_former_address_no_longer_opens_the_account(browser_of: Browser, alice: User) -> None:
    now = timezone.now()
    change = AddressChange.objects.create(
        user=alice, email="alice@new.example", token_hash="x", created_at=now, expires_at=now.replace(year=now.year + 1)
    )
    change_address(change, actor=SYSTEM, now=now)
    browser = browser_of()

    assert try_password(browser, "alice@acme.example").status_code == 422
    assert who(browser) is None
    try_password(browser, "alice@new.example")
    assert who(browser) == "alice@new.example"


def test_an_erased_account_has_no_way_in(browser_of: Browser, alice: User) -> None:
    User.objects.filter(id=alice.id).update(erased_at=timezone.now())

    assert try_password(browser_of(), alice.email).status_code == 422


def test_a_hash_of_older_strength_is_made_anew_when_its_password_is_used(browser_of: Browser, alice: User) -> None:
    class Weaker(ScryptPasswordHasher):
        work_factor = 2**12

    User.objects.filter(id=alice.id).update(password=Weaker().encode(PASSWORD, "salt-of-the-test-0123"))

    try_password(browser_of(), alice.email)

    stored = User.objects.get(id=alice.id).password
    assert stored.startswith("scrypt$16384$")
    assert try_password(browser_of(), alice.email).status_code == 302


def test_a_password_proves_again_in_the_running_session(browser_of: Browser, alice: User) -> None:
    browser = browser_of(alice)

    page = browser.get("/login/password/?again=true&next=/account/")
    assert b'value="alice@acme.example"' in page.content
    try_password(browser, alice.email, again="true", next="/account/")

    assert sorted(Proof.objects.values_list("way", flat=True)) == ["email", "password"]


def test_a_browser_that_keeps_no_cookie_is_told_so(alice: User) -> None:
    page = Client().post("/login/password/", {"email": alice.email, "password": PASSWORD})

    assert page.status_code == 400
    assert b"cookie" in page.content


def test_tries_are_limited_with_a_word_on_when_it_works_again(browser_of: Browser, alice: User, settings: Any) -> None:
    settings.SIGN_IN_LIMITS = {**settings.SIGN_IN_LIMITS, "passwords_per_address_and_network": 2}
    for _ in range(2):
        try_password(browser_of(), alice.email, "wrong")

    page = try_password(browser_of(), alice.email)

    assert page.status_code == 429
    assert int(page["Retry-After"]) > 0


@pytest.mark.parametrize("field", ["email", "password"])
def test_an_empty_field_is_named_and_the_password_is_never_sent_back(
    field: str, browser_of: Browser, alice: User
) -> None:
    fields = {"email": alice.email, "password": PASSWORD} | {field: ""}

    page = try_password(browser_of(), **fields).content.decode()

    assert re.search(rf'<input[^>]*name="{field}"[^>]*aria-invalid="true"', page)
    assert PASSWORD not in page
