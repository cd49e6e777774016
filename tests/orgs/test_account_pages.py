"""A person's own account: password, address, sessions, and who may open these pages at all."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as deployed
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import AddressChange, EmailedSignIn, Session, User, Way
from audit.models import AuditEvent, OutboxMessage
from audit.tasks import deliver_outbox
from domains.models import DomainClaim, ShareableName
from orgs.models import Enforcement, Invitation, Product
from tests.cast import Cast, role_of, verified_domain
from tests.factories.sso import IdentityProvider, live_connection, sign_in_with_sso
from tests.sso.sign_in.test_sso import who

Browser = Callable[..., Client]
PASSWORD = "correct horse battery staple"
OTHER = "another quite good passphrase"
LONG_AGO = timedelta(hours=2)


def text_of(page: HttpResponse) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).replace("&#x27;", "'").split())


def last_event() -> AuditEvent:
    return AuditEvent.objects.latest("id")


def set_password(browser: Client, password: str = PASSWORD, **fields: str) -> HttpResponse:
    return browser.post("/account/password/", {"new_password": password, **fields}, follow=True)


def mails_to(address: str) -> list[Any]:
    deliver_outbox()
    return [message for message in mail.outbox if message.to == [address]]


def mark_shareable(name: str, cast: Cast) -> None:
    ShareableName.objects.create(name=name, marked_by=cast.sam, marked_at=timezone.now(), reason="Two companies")


# Who may open them ----------------------------------------------------------------------------------------------------


@pytest.fixture
def shared_okta(cast: Cast) -> IdentityProvider:
    """Globex's live connection on a name that several parents share: its word is Globex's alone."""
    mark_shareable("nowhere.example", cast)
    claim = verified_domain(cast.globex_group, "nowhere.example", added_by=cast.charlie, is_shared=True)
    return live_connection(cast.globex_group, created_by=cast.charlie, claims=(claim,), name="Shared")


@pytest.mark.parametrize("page", ["/account/", "/account/password/", "/account/address/", "/account/sessions/"])
def test_another_parents_word_alone_opens_no_page_of_the_account_and_an_emailed_proof_does(
    page: str, cast: Cast, browser_of: Browser, shared_okta: IdentityProvider
) -> None:
    by_sso = browser_of(cast.stella, way=Way.SSO, connection=shared_okta.connection)

    asked = by_sso.get(page)

    assert asked["Location"] == f"/login/?again=true&next={page.replace('/', '%2F')}"
    assert browser_of(cast.stella).get(page).status_code in {200, 403}


def test_the_holders_sso_opens_the_account(cast: Cast, browser_of: Browser) -> None:
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    okta = live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))

    page = browser_of(cast.bob, way=Way.SSO, connection=okta.connection).get("/account/sessions/")

    assert page.status_code == 200
    assert "Okta" in text_of(page)


# Password -------------------------------------------------------------------------------------------------------------


def test_setting_a_password_is_told_written_down_and_ends_the_other_sessions(cast: Cast, browser_of: Browser) -> None:
    here, elsewhere = browser_of(cast.bob), browser_of(cast.bob)

    saved = set_password(here)

    assert "Your password is saved. Your other session was ended." in text_of(saved)
    assert (who(here), who(elsewhere)) == (cast.bob.email, None)
    assert User.objects.get(id=cast.bob.id).check_password(PASSWORD)
    assert [*AuditEvent.objects.values_list("code", flat=True)][-2:] == ["user.password_set", "session.all_ended"]
    [told] = mails_to(cast.bob.email)
    assert "was set for the first time" in told.body
    stored = str([*AuditEvent.objects.values(), *OutboxMessage.objects.values()])
    assert PASSWORD not in stored


def test_a_first_password_takes_a_recent_sign_in(cast: Cast, browser_of: Browser, now: datetime) -> None:
    browser = browser_of(cast.bob, proved_at=now - LONG_AGO)

    assert browser.get("/account/password/")["Location"].startswith("/login/?again=true")
    assert browser.post("/account/password/", {"new_password": PASSWORD})["Location"].startswith("/login/?again=true")
    assert not User.objects.get(id=cast.bob.id).has_usable_password()


def test_a_change_takes_the_present_password_or_a_recent_sign_in(
    cast: Cast, browser_of: Browser, now: datetime
) -> None:
    set_password(browser_of(cast.bob))
    browser = browser_of(cast.bob, proved_at=now - LONG_AGO)
    assert b'autocomplete="current-password"' in browser.get("/account/password/").content

    refused = set_password(browser, OTHER, current_password="not it")
    assert refused.status_code == 422
    assert "This isn't your present password." in text_of(refused)

    assert "Your password is saved" in text_of(set_password(browser, OTHER, current_password=PASSWORD))
    assert b'autocomplete="current-password"' not in browser_of(cast.bob).get("/account/password/").content


def test_a_fresh_word_of_another_parent_doesnt_make_an_old_proof_recent(
    cast: Cast, browser_of: Browser, shared_okta: IdentityProvider, now: datetime
) -> None:
    browser = browser_of(cast.stella, proved_at=now - LONG_AGO)
    Session.objects.get().proofs.create(way=Way.SSO, connection=shared_okta.connection, proved_at=now)

    assert browser.get("/account/password/")["Location"].startswith("/login/?again=true")


def test_the_present_password_cant_be_found_out_by_trying(cast: Cast, browser_of: Browser, now: datetime) -> None:
    set_password(browser_of(cast.bob))
    browser = browser_of(cast.bob, proved_at=now - LONG_AGO)
    for _ in range(20):
        set_password(browser, OTHER, current_password="not it")

    page = set_password(browser, OTHER, current_password=PASSWORD)

    assert page.status_code == 429
    assert User.objects.get(id=cast.bob.id).check_password(PASSWORD)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("elevenchars", "too short"),
        ("password123456", "too common"),
        ("bob@acme.example", "too similar to the email"),
        ("", "Type a new password"),
    ],
)
def test_a_weak_password_is_refused_at_its_field(password: str, why: str, cast: Cast, browser_of: Browser) -> None:
    page = set_password(browser_of(cast.bob), password)

    assert page.status_code == 422
    assert why in text_of(page)
    assert b'aria-invalid="true"' in page.content
    assert not User.objects.get(id=cast.bob.id).has_usable_password()


def test_removing_a_password_leaves_the_other_ways(cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(cast.bob)
    set_password(browser)
    elsewhere = browser_of(cast.bob)

    assert browser.get("/account/password/remove/").status_code == 200
    removed = browser.post("/account/password/remove/", follow=True)

    assert "Your password is removed. Your other session was ended." in text_of(removed)
    assert not User.objects.get(id=cast.bob.id).has_usable_password()
    assert who(elsewhere) is None
    assert "user.password_removed" in AuditEvent.objects.values_list("code", flat=True)


# Address --------------------------------------------------------------------------------------------------------------


def ask_for(browser: Client, email: str) -> HttpResponse:
    return browser.post("/account/address/", {"email": email}, follow=True)


def link_to(address: str) -> str:
    [*_, message] = mails_to(address)
    found = re.search(r"/account/address/confirm/[\w-]+/", message.body)
    assert found
    return found.group()


def test_r32_an_address_changes_with_the_press_on_the_mailed_link_and_not_before(
    cast: Cast, browser_of: Browser
) -> None:
    browser = browser_of(cast.stella)
    assert "We sent a link to stella@new.example" in text_of(ask_for(browser, " Stella@NEW.example "))
    link = link_to("stella@new.example")

    assert browser.get(link).status_code == 200  # a scanner that opens it changes nothing
    assert User.objects.get(id=cast.stella.id).email == "stella@nowhere.example"

    changed = browser.post(link, follow=True)
    assert "Your address is stella@new.example now" in text_of(changed)
    assert who(browser) == "stella@new.example"
    [told] = [message for message in mails_to("stella@nowhere.example") if "changed from" in message.body]
    assert "stella@new.example" in told.body
    event = last_event()
    assert (event.code, event.before, event.after) == (
        "user.address_changed",
        {"email": "stella@nowhere.example"},
        {"email": "stella@new.example"},
    )
    assert browser.post(link).status_code == 400  # one use


def test_r32_the_link_works_for_the_user_who_asked_alone(cast: Cast, browser_of: Browser) -> None:
    ask_for(browser_of(cast.stella), "stella@new.example")
    link = link_to("stella@new.example")

    assert browser_of().get(link)["Location"].startswith("/login/?next=")
    assert browser_of(cast.dora).post(link).status_code == 404
    assert set(User.objects.values_list("email", flat=True)) & {"stella@new.example"} == set()


def test_a_link_expires_and_a_newer_one_ends_it(cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(cast.stella)
    ask_for(browser, "stella@new.example")
    older = link_to("stella@new.example")
    ask_for(browser, "stella@newer.example")
    newer = link_to("stella@newer.example")

    assert browser.post(older).status_code == 400
    AddressChange.objects.update(expires_at=timezone.now())
    assert browser.post(newer).status_code == 400
    assert User.objects.get(id=cast.stella.id).email == "stella@nowhere.example"


def test_a_taken_address_gets_the_same_answer_and_its_owner_a_mail(cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(cast.stella)
    free = text_of(ask_for(browser, "x@solo.example"))
    taken = text_of(ask_for(browser, "dora@solo.example"))

    assert taken.replace("dora@solo.example", "x@solo.example") == free
    [told] = mails_to("dora@solo.example")
    assert "Your account has this address" in told.body
    assert "/account/address/confirm/" not in told.body
    assert "stella" not in told.body


def test_an_address_taken_while_the_mail_was_under_way_stays_its_owners(cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(cast.stella)
    ask_for(browser, "late@new.example")
    link = link_to("late@new.example")
    User.objects.create(email="late@new.example", password="!", created_at=timezone.now())

    page = browser.post(link)

    assert page.status_code == 409
    assert User.objects.get(id=cast.stella.id).email == "stella@nowhere.example"


@pytest.mark.parametrize("is_shared", [False, True])
def test_nobody_in_a_verified_domain_changes_the_address_here(is_shared: bool, cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(cast.bob)
    ask_for(browser, "bob@elsewhere.example")
    link = link_to("bob@elsewhere.example")
    if is_shared:
        mark_shareable("acme.example", cast)
    verified_domain(cast.acme_group, "acme.example", added_by=cast.alice, is_shared=is_shared)

    assert "Change address" not in text_of(browser.get("/account/"))
    for answer in (browser.get("/account/address/"), ask_for(browser, "bob@other.example"), browser.post(link)):
        assert answer.status_code == 403
        assert "acme.example" in text_of(answer)
    assert User.objects.get(id=cast.bob.id).email == "bob@acme.example"


@pytest.mark.parametrize("when", ["asking", "confirming"])
def test_r34_a_mail_doesnt_prove_an_address_where_sso_is_enforced(when: str, cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(cast.stella)
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))
    link = ""
    if when == "confirming":
        ask_for(browser, "stella@acme.example")
        link = link_to("stella@acme.example")
    product = Product.objects.get(slug="assistant")
    Enforcement.unscoped.create(parent=cast.acme_group, product=product, enforced_at=timezone.now())
    cast.acme_group.__class__.objects.filter(id=cast.acme_group.id).update(access_version=99)

    answer = browser.post(link) if link else ask_for(browser, "stella@acme.example")

    assert answer.status_code in {403, 422}
    assert "single sign-on" in text_of(answer)
    assert User.objects.get(id=cast.stella.id).email == "stella@nowhere.example"


def test_an_address_in_somebodys_domain_makes_nobody_a_member_there(
    cast: Cast, browser_of: Browser, acme_claim: DomainClaim
) -> None:
    browser = browser_of(cast.stella)
    ask_for(browser, "stella@acme.example")

    browser.post(link_to("stella@acme.example"))

    assert User.objects.get(id=cast.stella.id).email == "stella@acme.example"
    assert "belong to an organization yet" in text_of(browser.get("/"))


@pytest.fixture
def acme_claim(cast: Cast) -> DomainClaim:
    return verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)


def test_what_is_under_way_to_the_former_address_is_void(cast: Cast, browser_of: Browser) -> None:
    browser, stranger = browser_of(cast.stella), browser_of()
    stranger.get("/login/")
    stranger.post("/login/", {"email": cast.stella.email, "way": "email"})
    invitation = invite(cast, cast.stella.email)
    ask_for(browser, "stella@new.example")

    browser.post(link_to("stella@new.example"))

    assert EmailedSignIn.objects.get().used_at is not None
    invitation.refresh_from_db()
    assert invitation.withdrawn_at is not None


def test_a_link_asked_for_before_the_identity_provider_moved_the_address_is_void(
    cast: Cast, browser_of: Browser, acme_claim: DomainClaim, now: datetime
) -> None:
    okta = live_connection(cast.acme_group, created_by=cast.alice, claims=(acme_claim,))
    sign_in_with_sso(browser_of(), okta, "erin@acme.example", subject="erin")
    change = AddressChange.objects.create(
        user=User.objects.get(email="erin@acme.example"),
        email="erin@elsewhere.example",
        token_hash="asked before the domain was verified",
        created_at=now,
        expires_at=now + timedelta(hours=2),
    )

    sign_in_with_sso(browser_of(), okta, "erin.new@acme.example", subject="erin")

    change.refresh_from_db()
    assert change.user.email == "erin.new@acme.example"
    assert change.used_at is not None


def test_nobody_is_flooded_with_our_mails(cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(cast.stella)
    for number in range(5):
        ask_for(browser, f"stella{number}@new.example")

    page = ask_for(browser, "stella6@new.example")

    assert "several times within a day" in text_of(page)
    assert not mails_to("stella6@new.example")


# Sessions -------------------------------------------------------------------------------------------------------------


def test_own_sessions_are_listed_with_browser_place_and_way(cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(cast.bob)
    browser_of(cast.bob, way=Way.PASSWORD)
    browser_of(cast.alice)
    Session.objects.filter(user=cast.bob).update(ip="192.0.2.7", user_agent="Mozilla/5.0 (X11; Linux) Firefox/128.0")

    page = text_of(browser.get("/account/sessions/"))

    assert page.count("Firefox on Linux") == 4  # each with its button
    assert page.count("This browser") == 1
    assert "192.0.2.7" in page
    assert "a password," in page


def test_one_of_them_can_be_ended_and_nobody_elses(cast: Cast, browser_of: Browser) -> None:
    here, elsewhere, alices = browser_of(cast.bob), browser_of(cast.bob), browser_of(cast.alice)
    theirs = Session.objects.get(user=cast.alice)
    other = Session.objects.filter(user=cast.bob).latest("created_at")

    here.post(f"/account/sessions/end/{theirs.id.hex}/")
    assert who(alices) == cast.alice.email

    here.post(f"/account/sessions/end/{other.id.hex}/")
    assert (who(here), who(elsewhere)) == (cast.bob.email, None)
    assert (last_event().code, last_event().target_label) == ("session.ended", cast.bob.email)


def test_ending_the_present_one_signs_out(cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(cast.bob)

    answer = browser.post(f"/account/sessions/end/{Session.objects.get().id.hex}/")

    assert answer["Location"] == "/login/"
    assert browser.cookies[deployed.SESSION_COOKIE_NAME].value == ""
    assert last_event().code == "sign_in.signed_out"


def test_all_others_end_with_one_press_and_one_write(
    cast: Cast, browser_of: Browser, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    here, others = browser_of(cast.bob), [browser_of(cast.bob) for _ in range(12)]

    with django_assert_max_num_queries(8):
        here.post("/account/sessions/end-others/")

    assert {who(browser) for browser in others} == {None}
    assert who(here) == cast.bob.email
    assert last_event().details == {"count": 12}


def test_the_list_costs_the_same_however_long_it_is(
    cast: Cast, browser_of: Browser, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    browser = browser_of(cast.bob)
    for _ in range(30):
        browser_of(cast.bob)

    with django_assert_max_num_queries(6):
        browser.get("/account/sessions/")


def test_the_sidebar_leads_to_the_account(cast: Cast, browser_of: Browser) -> None:
    page = browser_of(cast.alice).get(f"/orgs/{cast.acme.slug}/settings/identity/")

    assert b'<a class="who" href="/account/">' in page.content


# Home and invitations -------------------------------------------------------------------------------------------------


def invite(cast: Cast, email: str, **fields: Any) -> Invitation:
    now = timezone.now()
    row = {
        "organization": cast.acme,
        "email": email,
        "role": role_of(cast.acme, "admin"),
        "token_hash": f"hash of {email}",
        "invited_by": cast.alice,
        "created_at": now,
        "expires_at": now + timedelta(days=7),
    }
    return Invitation.unscoped.create(**{**row, **fields})


def accept(browser: Client, invitation: Invitation) -> HttpResponse:
    return browser.post(f"/invitations/{invitation.id.hex}/accept/", follow=True)


def test_whoever_belongs_nowhere_sees_open_invitations_and_whom_to_ask(cast: Cast, browser_of: Browser) -> None:
    invite(cast, cast.stella.email)

    page = text_of(browser_of(cast.stella).get("/"))

    assert "Acme Assistant · Admin · invited by Alice" in page
    assert "Accept invitation to Acme" in page
    assert f"invite {cast.stella.email}" in page
    assert deployed.SUPPORT_ADDRESS in page


def test_where_new_organizations_are_disabled_the_page_says_whom_to_ask(
    cast: Cast, browser_of: Browser, acme_claim: DomainClaim
) -> None:
    cast.acme_group.__class__.objects.filter(id=cast.acme_group.id).update(new_organizations_disabled=True)
    newcomer = User.objects.create(email="new@acme.example", password="!", created_at=timezone.now())

    page = text_of(browser_of(newcomer).get("/"))

    assert "Ask Alice (alice@acme.example) to add you" in page


def test_accepting_makes_a_member_as_invited(cast: Cast, browser_of: Browser) -> None:
    browser, invitation = browser_of(cast.stella), invite(cast, cast.stella.email)

    page = accept(browser, invitation)

    assert "You are a member of Acme now." in text_of(page)
    membership = cast.acme.memberships.get(user=cast.stella)
    assert (membership.role.slug, membership.source) == ("admin", "invitation")
    codes = [*AuditEvent.objects.values_list("code", flat=True)][-2:]
    assert codes == ["membership.added", "invitation.accepted"]


def test_r48_an_invitation_is_accepted_once_by_its_address_while_it_is_open(cast: Cast, browser_of: Browser) -> None:
    now = timezone.now()
    accepted = invite(cast, cast.stella.email)
    accept(browser_of(cast.stella), accepted)
    cast.acme.memberships.get(user=cast.stella).delete()
    others = [
        accepted,
        invite(cast, cast.dora.email),
        invite(cast, cast.stella.email, token_hash="b", expires_at=now, withdrawn_at=now),
        invite(cast, cast.stella.email, token_hash="c", expires_at=now),
    ]

    for invitation in others:
        assert accept(browser_of(cast.stella), invitation).status_code == 404
    assert not cast.acme.memberships.filter(user=cast.stella).exists()


def test_somebody_blocked_isnt_let_in_by_an_invitation(cast: Cast, browser_of: Browser) -> None:
    cast.acme.blocks.create(user=cast.stella, reason="Left", created_at=timezone.now())

    assert accept(browser_of(cast.stella), invite(cast, cast.stella.email)).status_code == 403
    assert not cast.acme.memberships.filter(user=cast.stella).exists()


def test_r34_an_invitation_isnt_a_way_around_required_sso(
    cast: Cast, browser_of: Browser, acme_claim: DomainClaim
) -> None:
    live_connection(cast.acme_group, created_by=cast.alice, claims=(acme_claim,))
    newcomer = User.objects.create(email="new@acme.example", password="!", created_at=timezone.now())
    invitation = invite(cast, newcomer.email)
    product = Product.objects.get(slug="assistant")
    Enforcement.unscoped.create(parent=cast.acme_group, product=product, enforced_at=timezone.now())

    asked = browser_of(newcomer).post(f"/invitations/{invitation.id.hex}/accept/")

    assert asked["Location"].startswith("/login/required/?")
    assert "next=%2Fcontinue%2F" in asked["Location"]
    assert not cast.acme.memberships.filter(user=newcomer).exists()


def test_another_parents_word_shows_and_accepts_that_parents_invitations_alone(
    cast: Cast, browser_of: Browser, shared_okta: IdentityProvider
) -> None:
    by_acme = invite(cast, cast.stella.email)
    by_globex = invite(
        cast,
        cast.stella.email,
        organization=cast.globex,
        role=role_of(cast.globex, "user"),
        token_hash="g",
        invited_by=cast.charlie,
    )
    browser = browser_of(cast.stella, way=Way.SSO, connection=shared_okta.connection)

    page = text_of(browser.get("/"))
    assert "Accept invitation to Globex" in page
    assert "Acme Assistant" not in page
    assert accept(browser, by_acme).status_code == 404
    assert accept(browser, by_globex).status_code == 200
    assert cast.globex.memberships.filter(user=cast.stella).exists()
