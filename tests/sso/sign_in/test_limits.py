"""How often mails and passwords may be tried (spec 6.6), and that nobody can lock the owner of an address out."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import EmailedSignIn, Proof, Session, Way
from audit.models import OutboxMessage
from audit.tasks import deliver_outbox
from domains.models import ShareableName
from identity_platform import limits as counting
from identity_platform import refusals
from identity_platform.errors import TooManyTries
from orgs.models import Enforcement, Product
from sso.models import SignInAttempt
from sso.sign_in.limits import network_of
from tests.cast import Cast, open_browser, verified_domain
from tests.factories.sso import IdentityProvider, live_connection
from tests.sso.sign_in.test_email import ask_for_mail
from tests.sso.sign_in.test_sso import who

Browser = Callable[..., Client]

ALICE = "alice@acme.example"


@pytest.fixture
def limited(settings: Any) -> Callable[..., None]:
    """Other numbers than those of spec 6.6, where counting to them would take long."""

    def change(**numbers: int) -> None:
        settings.SIGN_IN_LIMITS = {**settings.SIGN_IN_LIMITS, **numbers}

    return change


@pytest.fixture(autouse=True)
def _own_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What this process counts without the cache, fresh for each test."""
    monkeypatch.setattr(counting, "_own_memory", counting._OwnMemory())
    counting._own_memory.counters.clear()
    yield
    counting._own_memory.counters.clear()


def stranger() -> Client:
    browser = open_browser(None)
    browser.get("/login/")
    return browser


def ask(email: str = ALICE, *, by: Client | None = None, at: str = "192.0.2.1", **fields: str) -> HttpResponse:
    """Ask for a sign-in mail from a network; by a stranger's fresh browser unless said otherwise."""
    return (by or stranger()).post("/login/", {"email": email, "way": "email", **fields}, REMOTE_ADDR=at)


def try_password(password: str, *, by: Client | None = None, at: str = "192.0.2.1", email: str = ALICE) -> HttpResponse:
    return (by or stranger()).post("/login/password/", {"email": email, "password": password}, REMOTE_ADDR=at)


def known_browser(user: Any) -> Client:
    """A browser that was this person before and is signed in no more."""
    browser = open_browser(user)
    browser.post("/logout/")
    browser.get("/login/")
    return browser


def test_the_sixth_mail_to_an_address_from_a_network_is_refused(cast: Cast) -> None:
    assert [ask().status_code for _ in range(5)] == [302] * 5

    refused = ask()

    assert refused.status_code == 429
    assert 14 * 60 - 1 <= int(refused["Retry-After"]) <= 15 * 60
    assert b"Too many sign-in mails were asked for" in refused.content
    assert re.search(rb"It works again at <time[^>]*>[^<]+ UTC</time>", refused.content)
    assert EmailedSignIn.objects.count() == OutboxMessage.objects.count() == 5


def test_the_page_of_a_limit_leads_back_to_where_the_address_was_typed(cast: Cast) -> None:
    for _ in range(5):
        ask()
    browser = stranger()

    page = browser.post(
        "/login/?product=assistant&next=/somewhere/",
        {"email": ALICE, "way": "email"},
        REMOTE_ADDR="192.0.2.1",
        HTTP_REFERER="http://testserver/login/?product=assistant&next=/somewhere/",
    )

    assert page.status_code == 429
    assert b'href="/login/?product=assistant&amp;next=/somewhere/"' in page.content


def test_other_addresses_and_other_networks_have_their_own_five(cast: Cast) -> None:
    for _ in range(6):
        ask()

    assert ask("bob@acme.example").status_code == 302
    assert ask(at="192.0.2.2").status_code == 302
    assert ask(at="2001:db8::1").status_code == 302


def test_whoever_waits_as_long_as_told_gets_a_mail_however_often_they_tried_on(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [ask() for _ in range(25)]
    later = timezone.now() + timedelta(seconds=int(answers[-1]["Retry-After"]))
    monkeypatch.setattr("sso.sign_in.limits.timezone.now", lambda: later)

    assert ask().status_code == 302


def test_twenty_mails_to_an_address_from_everywhere_are_the_most(cast: Cast) -> None:
    sent = [ask(at=f"192.0.2.{number // 5}").status_code for number in range(20)]
    assert sent == [302] * 20

    assert ask(at="198.51.100.1").status_code == 429


def test_nobody_can_use_up_what_the_owners_browser_has(cast: Cast) -> None:
    """A browser that was this person before is stopped neither by the network's five nor by the twenty."""
    owner = known_browser(cast.alice)
    for number in range(25):
        ask(at=f"192.0.2.{number // 5}")
    assert ask(at="192.0.2.1").status_code == 429

    assert [ask(by=owner, at="192.0.2.1").status_code for _ in range(6)] == [302] * 5 + [429]

    deliver_outbox()
    link = re.search(r"/login/link/[\w-]+/", mail.outbox[-1].body)
    assert link
    owner.post(link.group())
    assert who(owner) == ALICE


def test_a_browser_that_was_somebody_else_is_a_stranger(cast: Cast) -> None:
    bobs = known_browser(cast.bob)
    for _ in range(5):
        ask()

    assert ask(by=bobs).status_code == 429


def test_what_the_owners_browser_asks_for_uses_up_nobodys_count(cast: Cast) -> None:
    owner = known_browser(cast.alice)
    for _ in range(5):
        ask(by=owner)

    assert ask().status_code == 302


def test_each_browser_of_the_owner_has_its_own_five(cast: Cast) -> None:
    """Even one that a thief holds uses up nothing of the others."""
    stolen, owners = known_browser(cast.alice), known_browser(cast.alice)
    assert [ask(by=stolen).status_code for _ in range(6)] == [302] * 5 + [429]

    assert ask(by=owners).status_code == 302


def test_known_and_unknown_addresses_are_limited_alike(cast: Cast) -> None:
    answers, queries = set(), []
    for email in (ALICE, "nobody@acme.example"):
        for _ in range(5):
            ask(email)
        browser = stranger()
        with CaptureQueriesContext(connection) as asked:
            refused = ask(email, by=browser)
        answers.add(re.sub(rb"<time.*?</time>|Or wait [^<]*", b"", refused.content))
        queries.append(len(asked))

    assert len(answers) == 1
    assert queries[0] == queries[1]


def test_a_network_has_fifty_mails_to_addresses_that_nobody_verified(cast: Cast, limited: Callable[..., None]) -> None:
    limited(mails_per_network_elsewhere=3)
    verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    elsewhere = [ask(f"somebody-{number}@elsewhere.example").status_code for number in range(4)]

    assert elsewhere == [302, 302, 302, 429]
    assert ask("somebody@elsewhere.example", at="192.0.2.2").status_code == 302
    assert ask(ALICE).status_code == 302  # a company's people share a network


def test_a_network_has_two_thousand_mails_to_addresses_in_verified_domains(
    cast: Cast, limited: Callable[..., None]
) -> None:
    limited(mails_per_network=3)
    verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)

    people = [ask(f"somebody-{number}@acme.example").status_code for number in range(4)]

    assert people == [302, 302, 302, 429]


def test_the_numbers_are_those_of_the_spec(settings: Any) -> None:
    assert settings.SIGN_IN_LIMIT_SPAN.total_seconds() == 15 * 60
    assert settings.SIGN_IN_LIMITS == {
        "mails_per_address_and_network": 5,
        "mails_per_address": 20,
        "mails_per_known_browser": 5,
        "mails_per_network": 2000,
        "mails_per_network_elsewhere": 50,
        "attempts_per_network": 2000,
        "passwords_per_address_and_network": 20,
    }


def test_where_no_mail_is_sent_none_is_counted(cast: Cast, okta: IdentityProvider) -> None:
    for product in Product.objects.all():
        Enforcement.unscoped.create(parent=cast.acme_group, product=product, enforced_at=timezone.now())

    answers = {ask().status_code for _ in range(10)}

    assert answers == {403}
    assert not [key for key in cache._cache if "limit:mails" in key]  # type: ignore[attr-defined]


def test_staff_mails_are_limited_too(cast: Cast) -> None:
    assert [ask(cast.sam.email, staff="true").status_code for _ in range(6)] == [302] * 5 + [429]


NETWORKS = [
    ("192.0.2.1", "192.0.2.1"),
    ("::ffff:192.0.2.1", "192.0.2.1"),
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
    ("2001:db8:1:3::", "2001:db8:1:3::/64"),
    ("", "unknown"),
]


@pytest.mark.parametrize(("ip", "network"), NETWORKS)
def test_a_network_is_an_ipv4_address_or_the_64_of_an_ipv6_address(ip: str, network: str) -> None:
    assert network_of(RequestFactory().get("/", REMOTE_ADDR=ip)) == network


def test_behind_a_proxy_the_network_is_the_one_that_the_proxy_names(settings: Any) -> None:
    """What a client writes into the header itself gives it no fresh count."""
    settings.TRUSTED_PROXY_COUNT = 1
    forged = RequestFactory().get("/", HTTP_X_FORWARDED_FOR="203.0.113.9, 192.0.2.1", REMOTE_ADDR="10.0.0.1")

    assert network_of(forged) == "192.0.2.1"


def test_twenty_passwords_are_tried_and_then_not_even_the_right_one(cast: Cast) -> None:
    cast.alice.set_password("correct horse battery staple")
    cast.alice.save()
    assert {try_password(f"wrong {number}").status_code for number in range(20)} == {422}
    browser = stranger()

    refused = try_password("correct horse battery staple", by=browser)

    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert who(browser) is None


def test_nobody_can_use_up_the_passwords_of_the_owners_browser(cast: Cast) -> None:
    cast.alice.set_password("correct horse battery staple")
    cast.alice.save()
    owner = known_browser(cast.alice)
    for number in range(21):
        try_password(f"wrong {number}")

    try_password("correct horse battery staple", by=owner)

    assert who(owner) == ALICE


def test_a_right_password_gives_a_guesser_no_further_tries(cast: Cast, limited: Callable[..., None]) -> None:
    """Whoever has an account could else sign in now and then to go on guessing; here even for one address."""
    limited(passwords_per_address_and_network=3)
    cast.alice.set_password("correct horse battery staple")
    cast.alice.save()
    for password in ("wrong", "correct horse battery staple", "wrong again"):
        try_password(password)

    assert try_password("one more").status_code == 429


@pytest.mark.parametrize("path", ["/api/v1/anything/", "/scim/v2/anything/Users", "/orgs/acme/anything/"])
def test_programs_are_told_when_too(path: str, now: datetime) -> None:
    error = TooManyTries(again_at=now + timedelta(seconds=61), now=now)

    answer = refusals.render(RequestFactory().get(path), error)

    assert answer.status_code == 429
    assert answer["Retry-After"] == "61"
    assert b"2 minutes" in answer.content


@pytest.fixture
def no_redis(settings: Any) -> None:
    """A cache at a port where nothing listens."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": settings.REDIS_CACHE_OPTIONS,
        }
    }


@pytest.mark.usefixtures("no_redis")
def test_without_redis_people_sign_in_and_the_limits_hold(cast: Cast) -> None:
    browser = stranger()
    _, link, _ = ask_for_mail(browser, ALICE)
    browser.post(link)
    assert who(browser) == ALICE

    assert [ask("bob@acme.example").status_code for _ in range(6)] == [302] * 5 + [429]
    assert {try_password(f"wrong {number}").status_code for number in range(20)} == {422}
    assert try_password("wrong").status_code == 429


@pytest.mark.usefixtures("no_redis")
def test_without_redis_nothing_is_let_in_that_was_not_proven(cast: Cast) -> None:
    browser, other = stranger(), stranger()
    page, link, code = ask_for_mail(browser, ALICE)
    wrong = "000000" if code != "000000" else "111111"

    for _ in range(5):
        browser.post(page, {"code": wrong})
    browser.post(page, {"code": code})  # it died with the fifth wrong one
    other.post(link)

    assert who(browser) is None
    assert who(other) is None


def sign_out_of(browser: Client) -> Client:
    browser.post("/logout/")
    browser.get("/login/")
    return browser


@pytest.mark.parametrize("holder", ["the domain's own parent", "another parent, of a shared name"])
def test_r38_only_the_persons_own_proof_or_the_holders_word_makes_a_browser_known(holder: str, cast: Cast) -> None:
    """Or each browser that a shared name's other provider signs in as somebody would get limits of its own."""
    is_shared = holder != "the domain's own parent"
    if is_shared:
        ShareableName.objects.create(name="acme.example", marked_by=cast.sam, marked_at=timezone.now(), reason="merger")
    parent, manager = (cast.globex_group, cast.charlie) if is_shared else (cast.acme_group, cast.alice)
    claim = verified_domain(parent, "acme.example", added_by=manager, is_shared=is_shared)
    idp = live_connection(parent, created_by=manager, claims=(claim,))
    was_here = sign_out_of(open_browser(cast.alice, way=Way.SSO, connection=idp.connection))
    for _ in range(5):
        ask()

    assert ask(by=was_here).status_code == (429 if is_shared else 302)


def test_a_browser_with_sso_of_another_beside_the_persons_own_proof_is_known(cast: Cast) -> None:
    globex = live_connection(cast.globex_group, created_by=cast.charlie)
    browser = open_browser(cast.alice)
    Proof.objects.create(
        session=Session.objects.get(user=cast.alice),
        way=Way.SSO,
        connection=globex.connection,
        proved_at=timezone.now(),
    )
    for _ in range(5):
        ask()

    assert ask(by=sign_out_of(browser)).status_code == 302


def test_sign_ins_that_links_begin_are_bounded_per_network(
    cast: Cast, okta: IdentityProvider, limited: Callable[..., None]
) -> None:
    limited(attempts_per_network=3)
    tile, required = f"/sso/saml/{okta.connection.id.hex}/login/", "/login/required/?email=bob@acme.example"

    answers = [Client(REMOTE_ADDR="192.0.2.1").get(path) for path in (tile, required, tile, tile, required)]

    assert [answer.status_code for answer in answers] == [302, 200, 302, 429, 429]
    assert SignInAttempt.unscoped.count() == 3
    assert Client(REMOTE_ADDR="192.0.2.2").get(tile).status_code == 302
