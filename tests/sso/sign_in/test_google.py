"""Continue with Google, from the button of the login page to the session, against a provider that answers by HTTP."""

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import LazySettings, settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import GoogleIdentity, Proof, Session, User, Way
from accounts.queries import find_session
from audit.models import AuditEvent
from identity_platform import guarded_client
from orgs.models import Enforcement
from sso.actions import google
from sso.models import GoogleSignIn
from sso.oidc.discovery import forget_providers
from sso.oidc.keys import forget_keys
from sso.oidc.tokens import VerifiedIdToken
from sso.rules.google import Reason, Tie, judge_address, judge_tie
from sso.tasks import forget_old_attempts
from tests.cast import Cast, person, verified_domain
from tests.factories.oidc import (
    CLIENT_ID,
    CLIENT_SECRET,
    OpenIdProvider,
    claims_of,
    json_answer,
    make_key,
    serve_provider,
    sign,
)
from tests.factories.sso import live_connection

Browser = Callable[..., Client]


@pytest.fixture
def at_google(settings: LazySettings, products: object) -> Iterator[OpenIdProvider]:
    """What stands in for Google; the platform is its client."""
    forget_providers()
    forget_keys()
    with serve_provider(lambda: datetime.now(UTC)) as provider:
        settings.GOOGLE_ISSUER = provider.issuer
        settings.GOOGLE_CLIENT_ID = CLIENT_ID
        settings.GOOGLE_CLIENT_SECRET = CLIENT_SECRET
        yield provider


def leave_for_google(browser: Client, **fields: str) -> str:
    """Press the button, and follow the page's link: the address at Google."""
    browser.get("/login/")
    response = browser.post("/login/google/", fields)
    assert response.status_code == 302, response.content
    assert response["Location"].startswith("/login/google/go/"), "a form may not be redirected off this site"
    page = browser.get(response["Location"])
    assert page.status_code == 200, page.content
    link = re.search(r'href="(http://127[^"]+)"', page.content.decode())
    assert link
    return link.group(1).replace("&amp;", "&")


def come_back(browser: Client, answer: dict[str, str]) -> HttpResponse:
    return browser.get(f"/login/google/callback/?{urlencode(answer)}")


def continue_with_google(browser: Client, provider: OpenIdProvider, **fields: str) -> HttpResponse:
    return come_back(browser, provider.authorize(leave_for_google(browser, **fields)))


def who(browser: Client) -> str:
    """The address this browser is signed in as; '' for nobody."""
    key = browser.cookies.get(settings.SESSION_COOKIE_NAME)
    found = find_session(key.value, now=timezone.now()) if key else None
    return found.user.email if found else ""


def refusal_of(page: HttpResponse) -> str:
    """The page is a refusal; returns the newest cause in the audit log."""
    assert page.status_code in {400, 403, 409}, (page.status_code, page.content)
    event = AuditEvent.objects.filter(code="sign_in.refused").order_by("-id").first()
    return event.details["code"] if event else ""


# -- the rule: when Google's word counts (spec 6.6) --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "verified", "hosted", "reason"),
    [
        ("rosa@gmail.com", True, None, Reason.GMAIL),
        ("rosa@googlemail.com", True, None, Reason.GMAIL),
        ("rosa@gmail.com", False, None, Reason.NOT_VERIFIED),
        ("rosa@gmail.com", None, None, Reason.NOT_VERIFIED),
        ("rosa@gmail.com", "true", None, Reason.NOT_VERIFIED),
        ("rosa@gmail.com", 1, None, Reason.NOT_VERIFIED),
        ("mei@harbor.example", True, "harbor.example", Reason.MANAGED),
        ("mei@second.example", True, "harbor.example", Reason.MANAGED),
        ("mei@harbor.example", False, "harbor.example", Reason.NOT_VERIFIED),
        ("mei@harbor.example", True, None, Reason.NOT_AUTHORITATIVE),
        ("mei@harbor.example", True, "", Reason.NOT_AUTHORITATIVE),
        ("mei@harbor.example", True, True, Reason.NOT_AUTHORITATIVE),
        ("mei@harbor.example", True, ["harbor.example"], Reason.NOT_AUTHORITATIVE),
        ("mei@mail.gmail.com", True, None, Reason.NOT_AUTHORITATIVE),
        ("gmail.com@evil.example", True, None, Reason.NOT_AUTHORITATIVE),
    ],
)
def test_google_vouches_for_gmail_and_for_accounts_that_a_company_manages(
    email: str, verified: object, hosted: object, reason: Reason
) -> None:
    verdict = judge_address(email, email_verified=verified, hosted_domain=hosted)

    assert verdict.reason == reason
    assert verdict.accepted == (reason in {Reason.GMAIL, Reason.MANAGED})


@pytest.mark.parametrize(
    ("tied_is_erased", "subject_of_address", "answer"),
    [
        (None, None, Tie.TIE_NOW),
        (None, "other", Tie.OTHER_SUBJECT),
        (None, "mine", Tie.TIE_NOW),
        (False, None, Tie.TIED),
        (False, "other", Tie.TIED),
        (True, None, Tie.CLOSED),
        (True, "other", Tie.CLOSED),
    ],
)
def test_a_subject_goes_by_its_tie_and_never_takes_a_tied_person_over(
    tied_is_erased: bool | None, subject_of_address: str | None, answer: Tie
) -> None:
    judged = judge_tie(subject="mine", tied_user_is_erased=tied_is_erased, subject_of_address=subject_of_address)

    assert judged == answer


# -- the way in --------------------------------------------------------------------------------------------------------


def test_somebody_new_gets_an_account_and_is_signed_in(at_google: OpenIdProvider, browser_of: Browser) -> None:
    browser = browser_of()
    done = continue_with_google(browser, at_google)

    assert (done.status_code, done["Location"]) == (302, "/")
    assert who(browser) == "rosa@gmail.com"
    user = User.objects.get(email="rosa@gmail.com")
    assert (user.name, user.google_identity.subject) == ("Rosa Keller", "subject-1")
    assert Proof.objects.get(session__user=user).way == Way.GOOGLE
    tied = AuditEvent.objects.get(code="user.google_tied")
    assert tied.after == {"subject": "subject-1"}


def test_somebody_known_by_address_is_tied_and_keeps_their_account(
    at_google: OpenIdProvider, cast: Cast, browser_of: Browser
) -> None:
    at_google.claims = {"email": "Stella@Nowhere.Example", "hd": "nowhere.example"}
    browser = browser_of()
    continue_with_google(browser, at_google)

    assert who(browser) == "stella@nowhere.example"
    assert cast.stella.google_identity.subject == "subject-1"
    assert User.objects.get(id=cast.stella.id).name == "Stella"


def test_later_the_subject_counts_whatever_the_address_says(at_google: OpenIdProvider, browser_of: Browser) -> None:
    continue_with_google(browser_of(), at_google)
    at_google.claims = {"email": "rosa.new@gmail.com"}
    browser = browser_of()
    continue_with_google(browser, at_google)

    assert who(browser) == "rosa@gmail.com"
    assert not User.objects.filter(email="rosa.new@gmail.com").exists(), "the address is neither moved nor made"


def test_another_account_at_google_with_the_same_address_is_refused(
    at_google: OpenIdProvider, browser_of: Browser
) -> None:
    continue_with_google(browser_of(), at_google)
    at_google.claims = {"sub": "subject-2"}
    browser = browser_of()

    assert refusal_of(continue_with_google(browser, at_google)) == "google_account_differs"
    assert who(browser) == ""
    assert GoogleIdentity.objects.get().subject == "subject-1"


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "luis@pereira-design.example"},
        {"email_verified": False},
        {"email_verified": None},
        {"email": None},
        {"email": "two@gmail.com, other@gmail.com"},
        {"email": ["rosa@gmail.com"]},
        {"email": "rosa@gmail.com\n"},
        {"email": "Rosa <rosa@gmail.com>"},
    ],
)
def test_an_address_that_google_does_not_vouch_for_signs_nobody_in(
    claims: dict[str, Any], at_google: OpenIdProvider, browser_of: Browser
) -> None:
    """A line break at the end is white space, which every reader of addresses takes away."""
    at_google.claims = claims
    browser = browser_of()
    page = continue_with_google(browser, at_google)

    if claims.get("email") == "rosa@gmail.com\n":
        assert who(browser) == "rosa@gmail.com"
        return
    assert refusal_of(page) in {"google_address_not_trusted", ""}
    assert who(browser) == ""
    assert not User.objects.exists()


def test_an_erased_person_is_refused_and_made_no_second_account(at_google: OpenIdProvider, browser_of: Browser) -> None:
    continue_with_google(browser_of(), at_google)
    User.objects.update(email="erased-1@erased.invalid", erased_at=timezone.now())
    browser = browser_of()

    assert refusal_of(continue_with_google(browser, at_google)) == "account_closed"
    assert who(browser) == ""
    assert User.objects.count() == 1


def test_it_is_never_the_proof_of_staff(at_google: OpenIdProvider, cast: Cast, browser_of: Browser) -> None:
    at_google.claims = {"email": cast.sam.email, "hd": "acme-identity.example"}
    browser = browser_of()
    continue_with_google(browser, at_google, staff="true")

    assert who(browser) == cast.sam.email
    assert Proof.objects.get(session__user=cast.sam).way == Way.GOOGLE
    assert browser.get("/admin/").status_code == 302


def test_names_from_google_are_cleaned(at_google: OpenIdProvider, browser_of: Browser) -> None:
    at_google.claims = {"name": "Ro\x00sa\n" + "x" * 1000}
    continue_with_google(browser_of(), at_google)

    user = User.objects.get()
    assert user.name.startswith("Ro sa x")
    assert len(user.name) <= 200


# -- where SSO is required (R34) ---------------------------------------------------------------------------------------


@pytest.fixture
def acme_requires_sso(cast: Cast) -> None:
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))
    for product in {cast.acme.product, cast.acme_console.product}:
        Enforcement.unscoped.create(parent=cast.acme_group, product=product, enforced_at=timezone.now())


@pytest.mark.parametrize("email", ["bob@acme.example", "nobody-yet@acme.example"])
def test_where_sso_is_required_google_is_refused_alike_for_known_and_unknown(
    email: str, acme_requires_sso: None, at_google: OpenIdProvider, browser_of: Browser
) -> None:
    at_google.claims = {"email": email, "hd": "acme.example"}
    people, browser = User.objects.count(), browser_of()

    assert refusal_of(continue_with_google(browser, at_google)) == "sso_required"
    assert who(browser) == ""
    assert User.objects.count() == people, "no account is left behind"
    assert not GoogleIdentity.objects.exists()


def test_a_subject_tied_before_is_refused_too_by_the_address_of_its_person(
    cast: Cast, at_google: OpenIdProvider, browser_of: Browser, request: pytest.FixtureRequest
) -> None:
    at_google.claims = {"email": cast.bob.email, "hd": "acme.example"}
    continue_with_google(browser_of(), at_google)
    request.getfixturevalue("acme_requires_sso")
    at_google.claims = {"email": "bob.private@gmail.com"}
    browser = browser_of()

    assert refusal_of(continue_with_google(browser, at_google)) == "sso_required"
    assert who(browser) == ""


# -- the session at hand (spec 5.7) ------------------------------------------------------------------------------------


def test_the_same_person_gets_another_proof_and_keeps_their_session(
    at_google: OpenIdProvider, cast: Cast, browser_of: Browser
) -> None:
    at_google.claims = {"email": cast.stella.email, "hd": "nowhere.example"}
    browser = browser_of(cast.stella, proved_at=timezone.now() - timedelta(days=1))
    done = continue_with_google(browser, at_google, again="true", next="/account/")

    assert done["Location"] == "/account/"
    session = Session.objects.get(user=cast.stella)
    assert {proof.way for proof in session.proofs.all()} == {Way.EMAIL, Way.GOOGLE}


def test_somebody_else_than_the_sessions_person_is_asked_about_first(
    at_google: OpenIdProvider, cast: Cast, browser_of: Browser
) -> None:
    browser = browser_of(cast.bob)
    done = continue_with_google(browser, at_google)
    page = browser.get(done["Location"])

    assert "rosa@gmail.com" in page.content.decode()
    assert cast.bob.email in page.content.decode()
    assert who(browser) == cast.bob.email, "nothing is swapped silently"
    assert browser_of().get(done["Location"]).status_code == 403, "another browser learns nothing"
    assert browser.post(done["Location"])["Location"] == "/"
    assert who(browser) == "rosa@gmail.com"
    assert Session.objects.get(user=cast.bob).ended_at is not None
    assert browser.post(done["Location"]).status_code == 400, "once"


def test_what_was_asked_is_judged_again_when_it_is_answered(
    at_google: OpenIdProvider, cast: Cast, browser_of: Browser, request: pytest.FixtureRequest
) -> None:
    at_google.claims = {"email": cast.bob.email, "hd": "acme.example"}
    browser = browser_of(cast.stella)
    done = continue_with_google(browser, at_google)
    request.getfixturevalue("acme_requires_sso")

    assert refusal_of(browser.post(done["Location"])) == "sso_required"
    assert who(browser) == cast.stella.email


# -- state, browser, time (R23) ----------------------------------------------------------------------------------------


def test_r23_a_state_works_once(at_google: OpenIdProvider, browser_of: Browser) -> None:
    browser = browser_of()
    answer = at_google.authorize(leave_for_google(browser))
    come_back(browser, answer)
    Session.objects.update(ended_at=timezone.now())

    assert come_back(browser, answer).status_code == 400
    assert who(browser) == ""
    assert at_google.paths_asked().count("/token") == 1


def test_r23_a_failed_try_is_over_too(at_google: OpenIdProvider, browser_of: Browser) -> None:
    browser = browser_of()
    answer = at_google.authorize(leave_for_google(browser))

    assert come_back(browser, {**answer, "code": "made-up"}).status_code == 403
    assert come_back(browser, answer).status_code == 400
    assert who(browser) == ""


def test_r23_an_answer_in_another_browser_signs_nobody_in(at_google: OpenIdProvider, browser_of: Browser) -> None:
    """Login CSRF: an attacker sends the victim their own callback, to be signed in as them."""
    attacker, victim = browser_of(), browser_of()
    answer = at_google.authorize(leave_for_google(attacker))

    assert come_back(victim, answer).status_code == 403
    assert who(victim) == ""
    assert "/token" not in at_google.paths_asked()
    assert come_back(attacker, answer).status_code == 302, "a stranger can't use it up either"


def test_r23_after_ten_minutes_it_is_over(at_google: OpenIdProvider, browser_of: Browser) -> None:
    browser = browser_of()
    answer = at_google.authorize(leave_for_google(browser))
    GoogleSignIn.objects.update(expires_at=timezone.now())

    assert come_back(browser, answer).status_code == 400
    assert who(browser) == ""


@pytest.mark.parametrize("state", ["", "x", "x" * 43, "\x00", "x" * 5000, "ä"])
def test_r50_a_made_up_state_is_a_refusal_and_leaves_no_trace(
    state: str, at_google: OpenIdProvider, browser_of: Browser
) -> None:
    assert come_back(browser_of(), {"state": state, "code": "x"}).status_code == 400
    assert not AuditEvent.objects.filter(code="sign_in.refused").exists()


def test_r23_a_code_of_somebody_elses_sign_in_does_not_fit_the_browsers_own(
    at_google: OpenIdProvider, browser_of: Browser
) -> None:
    """Code injection: the attacker's code with the victim's state (PKCE, nonce)."""
    attacker, victim = browser_of(), browser_of()
    stolen = at_google.authorize(leave_for_google(attacker))
    own = at_google.authorize(leave_for_google(victim))

    assert come_back(victim, {**own, "code": stolen["code"]}).status_code == 403
    assert who(victim) == ""


def test_r23_what_is_kept_of_a_sign_in_is_hashed_or_sealed(at_google: OpenIdProvider, browser_of: Browser) -> None:
    url = leave_for_google(browser_of())
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    kept = " ".join(str(value) for value in GoogleSignIn.objects.values_list()[0])

    assert query["state"] not in kept
    assert query["nonce"] not in kept


def test_r27_an_answer_that_names_another_issuer_is_refused(at_google: OpenIdProvider, browser_of: Browser) -> None:
    browser = browser_of()
    answer = at_google.authorize(leave_for_google(browser))

    assert come_back(browser, {**answer, "iss": "https://other.example"}).status_code == 403
    assert who(browser) == ""
    assert "/token" not in at_google.paths_asked()


# -- what Google answers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ["access_denied", "temporarily_unavailable", "interaction_required", "made_up"])
def test_a_no_from_google_is_explained(error: str, at_google: OpenIdProvider, browser_of: Browser) -> None:
    browser = browser_of()
    answer = at_google.authorize(leave_for_google(browser, next="/account/"))
    page = come_back(browser, {"state": answer["state"], "error": error, "error_description": "because-of-x"})

    assert page.status_code == 403
    assert "Google" in page.content.decode()
    assert "because-of-x" not in page.content.decode()
    assert "next=%2Faccount%2F" in page.content.decode(), "the way on keeps where the person wanted to go"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda provider: provider.claims.update(aud="another-client"),
        lambda provider: provider.claims.update(iss="https://other.example"),
        lambda provider: provider.claims.update(azp="another-client"),
        lambda provider: provider.claims.update(exp=1),
        lambda provider: provider.claims.update(nonce="another"),
        lambda provider: provider.claims.update(nonce=None),
        lambda provider: provider.claims.update(sub=None),
        lambda provider: setattr(provider, "make_token", lambda claims: sign(claims, key=make_key("unpublished"))),
        lambda provider: setattr(provider, "signing_key", make_key("es", "ES256")),
        lambda provider: provider.answers.update({"/token": lambda: json_answer({}, status=500)}),
        lambda provider: provider.answers.update({"/token": lambda: (302, {"location": "/x"}, b"")}),
        lambda provider: provider.answers.update({"/token": lambda: (200, {}, b"<html>")}),
        lambda provider: provider.answers.update({"/keys": lambda: (200, {}, b"<html>")}),
        lambda provider: provider.answers.update({"/keys": lambda: (302, {"location": "/x"}, b"")}),
    ],
)
def test_r21_no_bad_answer_signs_anybody_in_or_makes_an_account(
    spoil: Callable[[OpenIdProvider], None], at_google: OpenIdProvider, browser_of: Browser
) -> None:
    browser = browser_of()
    answer = at_google.authorize(leave_for_google(browser))
    spoil(at_google)

    assert come_back(browser, answer).status_code == 403
    assert who(browser) == ""
    assert not User.objects.exists()


def test_r52_a_provider_that_never_answers_is_not_waited_for(
    at_google: OpenIdProvider, browser_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, never = browser_of(), threading.Event()
    answer = at_google.authorize(leave_for_google(browser))
    monkeypatch.setattr(guarded_client, "TOTAL_SECONDS", 0.2)
    at_google.answers["/token"] = lambda: json_answer({"late": never.wait(30)})
    try:
        page = come_back(browser, answer)
    finally:
        never.set()

    assert page.status_code == 403
    assert who(browser) == ""


def test_google_that_is_down_is_said_before_anybody_leaves(at_google: OpenIdProvider, browser_of: Browser) -> None:
    at_google.answers["/.well-known/openid-configuration"] = lambda: json_answer({}, status=500)
    browser = browser_of()
    browser.get("/login/")
    page = browser.get(browser.post("/login/google/")["Location"])

    assert page.status_code == 403
    assert "Google can&#x27;t answer right now" in page.content.decode()


# -- pages and housekeeping --------------------------------------------------------------------------------------------


def test_without_a_client_there_is_no_button_and_no_page(settings: LazySettings, browser_of: Browser, db: None) -> None:
    settings.GOOGLE_CLIENT_ID = ""
    browser = browser_of()

    assert "Google" not in browser.get("/login/").content.decode()
    for path in ("/login/google/", "/login/google/go/x/", "/login/google/callback/", "/login/google/confirm/x/"):
        assert browser.get(path).status_code == 404
    assert browser.post("/login/google/").status_code == 404


def test_the_button_works_and_the_typed_address_is_a_hint(at_google: OpenIdProvider, browser_of: Browser) -> None:
    browser = browser_of()
    assert 'formaction="/login/google/"' in browser.get("/login/").content.decode()

    query = parse_qs(urlsplit(leave_for_google(browser, email="Rosa@Gmail.com ")).query)
    assert query["login_hint"] == ["rosa@gmail.com"]
    assert query["prompt"] == ["select_account"]
    assert query["redirect_uri"] == ["http://testserver/login/google/callback/"]
    assert "login_hint" not in parse_qs(urlsplit(leave_for_google(browser, email="no address")).query)


def test_the_product_and_the_page_wanted_come_along(at_google: OpenIdProvider, browser_of: Browser) -> None:
    browser = browser_of()
    answer = at_google.authorize(leave_for_google(browser, product="console", next="/orgs/new/"))

    assert GoogleSignIn.objects.get().product.slug == "console"
    assert come_back(browser, answer)["Location"] == "/orgs/new/"


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example", "/\\evil.example", "/login/"])
def test_nobody_is_sent_off_this_site(path: str, at_google: OpenIdProvider, browser_of: Browser) -> None:
    assert continue_with_google(browser_of(), at_google, next=path)["Location"] == "/"


def test_a_browser_that_keeps_no_cookies_is_told_so(at_google: OpenIdProvider) -> None:
    page = Client().post("/login/google/")

    assert page.status_code == 400
    assert "cookie" in page.content.decode()
    assert not GoogleSignIn.objects.exists()


def test_a_forged_post_from_another_site_begins_nothing(at_google: OpenIdProvider) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.get("/login/")

    assert browser.post("/login/google/").status_code == 403
    assert not GoogleSignIn.objects.exists()


def test_old_sign_ins_are_forgotten(at_google: OpenIdProvider, browser_of: Browser) -> None:
    leave_for_google(browser_of())
    forget_old_attempts()
    assert GoogleSignIn.objects.count() == 1

    GoogleSignIn.objects.update(expires_at=timezone.now() - timedelta(days=2))
    forget_old_attempts()
    assert not GoogleSignIn.objects.exists()


# -- two at once -------------------------------------------------------------------------------------------------------


def account(*, subject: str, email: str = "rosa@gmail.com") -> google.GoogleAccount:
    claims = {"email": email, "email_verified": True}
    return google.read_account(VerifiedIdToken(issuer="https://op.example", subject=subject, claims=claims))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("subjects", [("one", "one"), ("one", "two")])
def test_first_sign_ins_at_once_make_one_person_with_one_subject(
    subjects: tuple[str, str], products: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have seen that nobody is tied before either of them ties."""
    now, results, both_have_read = timezone.now(), [], threading.Barrier(2)
    judge = google.ensure_admitted

    def judge_together(*args: Any, **kwargs: Any) -> Any:
        both_have_read.wait(10)
        return judge(*args, **kwargs)

    monkeypatch.setattr(google, "ensure_admitted", judge_together)

    def complete(subject: str) -> None:
        try:
            sign_in = GoogleSignIn(product=None, next_path="")
            results.append(google.complete_google(sign_in, account=account(subject=subject), now=now).user.email)
        except Exception as error:
            results.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=complete, args=(subject,)) for subject in subjects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    expected = ["rosa@gmail.com"] * 2 if subjects == ("one", "one") else ["GoogleAccountDiffers", "rosa@gmail.com"]
    assert sorted(results) == expected
    assert (User.objects.count(), GoogleIdentity.objects.count()) == (1, 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_r23_of_two_callbacks_at_once_one_goes_on(products: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have found the sign-in unused before either of them uses it."""
    now, results, both_have_read = timezone.now(), [], threading.Barrier(2)
    unseal = google.secrets_of

    def unseal_together(sign_in: GoogleSignIn) -> Any:
        both_have_read.wait(10)
        return unseal(sign_in)

    monkeypatch.setattr(google, "secrets_of", unseal_together)
    state = google.start_google_sign_in(browser_hash="b", product=None, next_path="", now=now)

    def use_up() -> None:
        try:
            google.use_up(state, browser_hash="b", now=now)
            results.append("used")
        except Exception as error:
            results.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=use_up) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["AttemptUnknown", "used"]


def test_sign_ins_of_somebody_tied_by_address_later_make_no_second_tie(
    at_google: OpenIdProvider, browser_of: Browser
) -> None:
    user = person("rosa@gmail.com")
    continue_with_google(browser_of(), at_google)
    continue_with_google(browser_of(), at_google)

    assert GoogleIdentity.objects.get().user == user
    assert AuditEvent.objects.filter(code="user.google_tied").count() == 1


@pytest.mark.parametrize("claim", ["nonce", "at_hash", "sub", "name"])
def test_r50_half_of_a_character_in_a_claim_is_a_refusal(
    claim: str, at_google: OpenIdProvider, browser_of: Browser
) -> None:
    at_google.claims |= {claim: "\ud800"}

    page = continue_with_google(browser := browser_of(), at_google)

    assert (page.status_code, who(browser)) == (403, "")


def test_r50_half_of_a_character_in_the_access_token_is_a_refusal(
    at_google: OpenIdProvider, browser_of: Browser
) -> None:
    answer = at_google.authorize(leave_for_google(browser := browser_of()))
    nonce = at_google.codes[answer["code"]]["nonce"]
    claims = claims_of(issuer=at_google.issuer, now=timezone.now(), nonce=nonce, at_hash="x")
    token = sign(claims, key=at_google.signing_key)
    at_google.answers["/token"] = lambda: json_answer(
        {"access_token": "\ud800", "token_type": "Bearer", "id_token": token}
    )

    assert come_back(browser, answer).status_code == 403
