"""Emailed sign-in: link and code, one use, for the browser that asked."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import EmailedSignIn, Session, User
from accounts.tasks import forget_old_sign_ins
from audit.models import AuditEvent, OutboxMessage
from audit.tasks import deliver_outbox
from orgs.models import Enforcement, Product
from tests.cast import Cast
from tests.factories.sso import IdentityProvider
from tests.sso.sign_in.test_sso import who

Browser = Callable[..., Client]


def ask_for_mail(browser: Client, email: str, **fields: str) -> tuple[str, str, str]:
    """Ask for a sign-in mail; returns (path of the code page, path of the emailed link, code)."""
    browser.get("/login/")
    response = browser.post("/login/", {"email": email, "way": "email", **fields})
    assert response.status_code == 302, response.content
    deliver_outbox()
    body = mail.outbox[-1].body
    link, code = re.search(r"/login/link/[\w-]+/", body), re.search(r"\b\d{6}\b", body)
    assert link
    assert code
    return response["Location"], link.group(), code.group()


def test_the_link_signs_in_with_the_press_of_its_button(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    _, link, _ = ask_for_mail(browser, "alice@acme.example")

    opened = browser.get(link)
    assert opened.status_code == 200
    assert who(browser) is None  # a mail scanner that opens the link signs nobody in

    browser.post(link)
    assert who(browser) == "alice@acme.example"


def test_the_code_signs_in_where_it_was_asked_for(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    page, _, code = ask_for_mail(browser, "alice@acme.example")

    browser.post(page, {"code": f" {code[:3]} {code[3:]} "})

    assert who(browser) == "alice@acme.example"


def test_link_and_code_are_worth_nothing_in_another_browser(browser_of: Browser, cast: Cast) -> None:
    browser, other = browser_of(), browser_of()
    page, link, code = ask_for_mail(browser, "alice@acme.example")

    by_link, by_code = other.post(link), other.post(page, {"code": code})

    assert by_link.status_code == by_code.status_code == 400
    assert who(other) is None


def test_a_link_works_once(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    _, link, _ = ask_for_mail(browser, "alice@acme.example")
    browser.post(link)
    browser.cookies.pop(settings.SESSION_COOKIE_NAME)

    again = browser.post(link)

    assert b"used already" in again.content
    # Its own address would only refuse again.
    assert b'href="/login/?email=alice%40acme.example">Try again' in again.content
    assert who(browser) is None


def test_using_the_code_uses_the_link_up_too(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    page, link, code = ask_for_mail(browser, "alice@acme.example")
    browser.post(page, {"code": code})

    browser.cookies.pop(settings.SESSION_COOKIE_NAME)

    assert b"used already" in browser.get(link).content


def test_a_link_expires_after_fifteen_minutes(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    _, link, _ = ask_for_mail(browser, "alice@acme.example")
    EmailedSignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    refused = browser.post(link)

    assert b"has expired" in refused.content
    assert who(browser) is None
    event = AuditEvent.objects.latest("id")
    assert (event.code, event.details["email"]) == ("sign_in.refused", "alice@acme.example")
    assert event.reference.encode() in refused.content


def test_the_code_dies_after_five_wrong_tries_and_the_link_lives_on(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    page, link, code = ask_for_mail(browser, "alice@acme.example")
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        assert b"the code we sent" in browser.post(page, {"code": wrong}).content

    assert b"tried too often" in browser.post(page, {"code": code}).content
    assert who(browser) is None

    browser.post(link)
    assert who(browser) == "alice@acme.example"


def test_mail_scanners_use_nothing_up(browser_of: Browser, cast: Cast) -> None:
    """They open links from elsewhere, several times, with GET and HEAD, and some follow what they find."""
    browser, scanner = browser_of(), browser_of()
    _, link, _ = ask_for_mail(browser, "alice@acme.example")

    for _ in range(3):
        for client in (scanner, browser, Client()):
            client.get(link)
            client.head(link)
        scanner.post(link)
    assert who(browser) is None
    assert who(scanner) is None

    browser.post(link)
    assert who(browser) == "alice@acme.example"


def test_a_refused_post_from_another_browser_shows_no_address(browser_of: Browser, cast: Cast) -> None:
    browser, other = browser_of(), browser_of()
    _, link, _ = ask_for_mail(browser, "alice@acme.example", next="/orgs/acme/settings/members/")

    refused = other.post(link)

    assert b"another browser" in refused.content
    assert b"alice" not in refused.content
    assert b"/orgs/acme" not in refused.content


def test_the_back_button_after_signing_in_leads_on_and_is_served_anew(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    page, link, code = ask_for_mail(browser, "alice@acme.example", next="/orgs/acme/settings/members/")
    assert "no-store" in browser.get(page)["Cache-Control"]
    browser.post(page, {"code": code})

    assert browser.get(page)["Location"] == "/orgs/acme/settings/members/"
    assert browser.post(page, {"code": code})["Location"] == "/orgs/acme/settings/members/"
    assert browser.post(link)["Location"] == "/orgs/acme/settings/members/"
    assert Session.objects.count() == 1
    assert who(browser) == "alice@acme.example"


def test_two_tabs_with_two_mails_do_not_disturb_each_other(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    first_page, first_link, first_code = ask_for_mail(browser, "alice@acme.example", next="/first/")
    second_page, _, second_code = ask_for_mail(browser, "alice@acme.example", next="/second/")

    if first_code != second_code:
        assert b"the code we sent" in browser.post(second_page, {"code": first_code}).content
    assert browser.post(second_page, {"code": second_code})["Location"] == "/second/"
    assert browser.post(first_link)["Location"] == "/first/"
    assert browser.get(first_page)["Location"] == "/first/"


def test_another_mail_is_sent_from_the_page_of_the_code_after_half_a_minute(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    page, first_link, _ = ask_for_mail(
        browser, "alice@acme.example", product="assistant", next="/orgs/acme/settings/members/"
    )
    again = re.search(r'action="(/login/code/[0-9a-f]+/again/)"', browser.get(page).content.decode())
    assert again

    too_soon = browser.post(again.group(1))
    assert too_soon.status_code == 429
    assert 1 <= int(too_soon["Retry-After"]) <= 30
    assert b"sent a moment ago" in too_soon.content
    assert b"Six-digit code" in too_soon.content  # whoever has the code by now can type it

    EmailedSignIn.objects.update(created_at=timezone.now() - timedelta(seconds=30))
    sent = browser.post(again.group(1))
    assert sent.status_code == 302
    assert sent["Location"] != page
    newest = EmailedSignIn.objects.latest("created_at")
    assert (newest.product_slug, newest.next_path) == ("assistant", "/orgs/acme/settings/members/")

    # The older one may arrive first, or be the one that is opened.
    assert browser.post(first_link)["Location"] == "/orgs/acme/settings/members/"


def test_another_mail_is_for_the_browser_that_asked_for_the_first(browser_of: Browser, cast: Cast) -> None:
    browser, other = browser_of(), browser_of()
    page, _, _ = ask_for_mail(browser, "alice@acme.example")
    EmailedSignIn.objects.update(created_at=timezone.now() - timedelta(minutes=1))

    assert other.post(f"{page}again/").status_code == 400
    assert EmailedSignIn.objects.count() == 1


def test_another_mail_is_not_sent_once_sso_is_required(browser_of: Browser, cast: Cast, okta: IdentityProvider) -> None:
    browser = browser_of()
    page, _, _ = ask_for_mail(browser, "alice@acme.example")
    EmailedSignIn.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    for product in Product.objects.all():
        Enforcement.unscoped.create(parent=cast.acme_group, product=product, enforced_at=timezone.now())

    refused = browser.post(f"{page}again/")

    assert refused.status_code == 403
    assert EmailedSignIn.objects.count() == 1


def type_wrong_codes(browser: Client, page: str, code: str, *, times: int) -> None:
    for number in range(times):
        browser.post(page, {"code": f"{(int(code) + 1 + number) % 1_000_000:06d}"})


def test_after_ten_wrong_codes_the_mails_of_an_address_carry_the_link_alone(browser_of: Browser, cast: Cast) -> None:
    """Over all its mails and browsers; the owner signs in by the link, a day later by code again (spec 6.6)."""
    owner = browser_of()
    owners_page, _, owners_code = ask_for_mail(owner, "alice@acme.example")
    for _ in range(2):
        guesser = browser_of()
        page, _, code = ask_for_mail(guesser, "alice@acme.example")
        type_wrong_codes(guesser, page, code, times=5)

    # Codes sent before stop too: a guesser with many mails open would have as many more tries.
    paused = owner.post(owners_page, {"code": owners_code})
    assert b"Codes are paused for this address" in paused.content
    assert who(owner) is None

    owner.post("/login/", {"email": "alice@acme.example", "way": "email"})
    deliver_outbox()
    link = re.search(r"/login/link/[\w-]+/", mail.outbox[-1].body)
    assert link
    for part in (mail.outbox[-1].body, str(mail.outbox[-1].alternatives[0][0])):
        assert not re.search(r"(?<![\w-])\d{6}(?![\w-])", part.replace(link.group(), ""))
        assert "no code to type" in part
    newest = EmailedSignIn.objects.latest("created_at")
    shown = owner.get(f"/login/code/{newest.id.hex}/").content
    assert b"Six-digit code" not in shown
    assert b"Open it in this browser" in shown
    owner.post(link.group())
    assert who(owner) == "alice@acme.example"

    later = timezone.now() - timedelta(hours=24)
    EmailedSignIn.objects.update(last_wrong_code_at=later)
    other = browser_of()
    page, _, code = ask_for_mail(other, "alice@acme.example")
    other.post(page, {"code": code})
    assert who(other) == "alice@acme.example"


def test_the_tenth_code_may_still_be_the_right_one(browser_of: Browser, cast: Cast) -> None:
    for times in (5, 4):
        browser = browser_of()
        page, _, code = ask_for_mail(browser, "alice@acme.example")
        type_wrong_codes(browser, page, code, times=times)

    browser.post(page, {"code": code})

    assert who(browser) == "alice@acme.example"


def test_wrong_codes_for_one_address_leave_others_alone(browser_of: Browser, cast: Cast) -> None:
    for _ in range(2):
        guesser = browser_of()
        page, _, code = ask_for_mail(guesser, "alice@acme.example")
        type_wrong_codes(guesser, page, code, times=5)

    browser = browser_of()
    page, _, code = ask_for_mail(browser, "bob@acme.example")
    browser.post(page, {"code": code})

    assert who(browser) == "bob@acme.example"


def test_right_codes_are_not_counted_as_wrong_ones(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    page, _, code = ask_for_mail(browser, "alice@acme.example")
    type_wrong_codes(browser, page, code, times=2)
    browser.post(page, {"code": code})

    assert who(browser) == "alice@acme.example"
    assert EmailedSignIn.objects.get().wrong_codes == 2


def test_a_mail_without_a_code_is_opened_by_no_code(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    page, _, code = ask_for_mail(browser, "alice@acme.example")
    EmailedSignIn.objects.update(has_code=False)

    refused = browser.post(page, {"code": code})

    assert refused.status_code == 422
    assert who(browser) is None


def test_mails_are_remembered_as_long_as_their_wrong_codes_matter(browser_of: Browser, cast: Cast) -> None:
    browser, now = browser_of(), timezone.now()
    ask_for_mail(browser, "alice@acme.example")
    for age, kept in ((timedelta(hours=47), 1), (timedelta(hours=49), 0)):
        EmailedSignIn.objects.update(expires_at=now - age)
        forget_old_sign_ins()
        assert EmailedSignIn.objects.count() == kept


def test_known_and_unknown_addresses_are_answered_alike(
    browser_of: Browser, cast: Cast, django_assert_num_queries: Callable[..., object]
) -> None:
    known, unknown = browser_of(), browser_of()
    pages = []
    for browser, email in ((known, "alice@acme.example"), (unknown, "nobody@acme.example")):
        browser.get("/login/")
        response = browser.post("/login/", {"email": email, "way": "email"})
        pages.append((response.status_code, browser.get(response["Location"]).content.decode()))

    def shape(page: tuple[int, str]) -> tuple[int, str]:
        return page[0], re.sub(r'value="[\w]+"|[0-9a-f]{32}|(alice|nobody)(@|%40)acme', "…", page[1])

    assert shape(pages[0]) == shape(pages[1])
    assert OutboxMessage.objects.filter(topic="mail").count() == 2


def test_a_proven_address_without_an_account_gets_one_and_a_page_that_says_what_next(
    browser_of: Browser, cast: Cast
) -> None:
    browser = browser_of()
    _, link, _ = ask_for_mail(browser, "newcomer@nowhere.example")

    landed = browser.post(link, follow=True)

    assert User.objects.filter(email="newcomer@nowhere.example").exists()
    assert b"belong to an organization yet" in landed.content


def test_link_and_code_lie_nowhere_readable(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    _, link, code = ask_for_mail(browser, "alice@acme.example")
    token = link.split("/")[3]

    stored = "".join(
        str(row) for model in (EmailedSignIn, OutboxMessage, AuditEvent, Session) for row in model.objects.values()
    )

    assert token not in stored
    assert f"'{code}'" not in stored


@pytest.mark.parametrize("typed", ["", "no address", "two@addresses@acme.example", "a@b", "ali ce@acme.example"])
def test_what_is_not_an_address_is_named_at_its_field(browser_of: Browser, cast: Cast, typed: str) -> None:
    browser = browser_of()
    browser.get("/login/")

    page = browser.post("/login/", {"email": typed, "way": "email"})

    assert page.status_code == 422
    assert b'aria-invalid="true"' in page.content
    assert not OutboxMessage.objects.exists()


def test_where_sso_is_enforced_email_leads_to_sso_and_sends_nothing(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    for product in Product.objects.all():
        Enforcement.unscoped.create(parent=cast.acme_group, product=product, enforced_at=timezone.now())
    browser = browser_of()
    browser.get("/login/")

    page = browser.post("/login/", {"email": "alice@acme.example", "way": "email"}, follow=True)

    assert b"Continue with Okta" in page.content
    assert not OutboxMessage.objects.exists()


def test_a_mail_asked_for_before_enforcement_signs_nobody_in_after_it(
    browser_of: Browser, cast: Cast, okta: IdentityProvider
) -> None:
    browser = browser_of()
    _, link, _ = ask_for_mail(browser, "alice@acme.example")
    for product in Product.objects.all():
        Enforcement.unscoped.create(parent=cast.acme_group, product=product, enforced_at=timezone.now())

    page = browser.post(link)

    assert page.status_code == 403
    assert who(browser) is None
    assert AuditEvent.objects.latest("id").details["code"] == "sso_required"


def test_sso_for_a_domain_without_a_connection_says_so_at_the_field(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    browser.get("/login/")

    page = browser.post("/login/", {"email": "dora@solo.example", "way": "sso"})

    assert page.status_code == 422
    assert b"isn&#x27;t set up for addresses at solo.example" in page.content


def test_signing_out_takes_a_press_and_ends_the_session(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of(cast.alice)
    key = browser.cookies[settings.SESSION_COOKIE_NAME].value

    browser.get("/logout/")
    assert who(browser) == "alice@acme.example"

    browser.post("/logout/")
    browser.cookies[settings.SESSION_COOKIE_NAME] = key
    assert browser.get("/")["Location"].startswith("/login/")


def test_staff_sign_in_admits_staff_alone_and_only_to_the_staff_pages(browser_of: Browser, cast: Cast) -> None:
    staff, customer = browser_of(), browser_of()
    _, link, _ = ask_for_mail(staff, cast.sam.email, staff="true")
    assert staff.post(link)["Location"] == "/admin/"
    assert staff.get("/admin/").status_code == 200

    _, link, _ = ask_for_mail(customer, cast.alice.email, staff="true")
    assert customer.post(link).status_code == 403
    assert who(customer) is None


def test_an_ordinary_proof_of_a_staff_account_does_not_open_the_staff_pages(browser_of: Browser, cast: Cast) -> None:
    page = browser_of(cast.sam).get("/admin/", follow=True)

    assert page.redirect_chain[-1][0].startswith("/login/?staff=true")
    assert b"Staff sign-in" in page.content


def test_staff_who_open_a_staff_page_are_there_after_one_sign_in(browser_of: Browser, cast: Cast) -> None:
    browser = browser_of()
    asked = browser.get("/admin/audit/", follow=True).redirect_chain[-1][0]
    wanted = parse_qs(urlsplit(asked).query)
    assert wanted == {"staff": ["true"], "next": ["/admin/audit/"]}

    _, link, _ = ask_for_mail(browser, cast.sam.email, staff="true", next=wanted["next"][0])

    assert browser.post(link)["Location"] == "/admin/audit/"
    assert browser.get("/admin/audit/").status_code == 200
    assert browser.get("/admin/login/")["Location"] == "/admin/"
