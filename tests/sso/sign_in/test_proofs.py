"""What a session's proofs open and show, and what they don't, at the pages themselves."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from accounts.actions.sessions import add_proof
from accounts.models import EmailedSignIn, Session, User, Way
from domains.models import ShareableName
from orgs.models import Membership, Organization, Product
from provisioning.models import Mode, ProvisioningSettings
from sso.models import Connection
from tests.cast import Cast, open_browser, verified_domain
from tests.factories.sso import (
    IdentityProvider,
    bring_answer,
    leave_for_sso,
    leave_from,
    live_connection,
    post_answer,
    read_go_page,
    sign_in_with_sso,
)
from tests.sso.sign_in.test_email import ask_for_mail
from tests.sso.sign_in.test_sso import who

IDENTITY = "/orgs/acme/settings/identity/"


def share(name: str, cast: Cast) -> None:
    ShareableName.objects.create(name=name, marked_by=cast.sam, marked_at=timezone.now(), reason="merger")


def test_r33_an_idle_session_stays_idle_when_the_page_is_loaded_twice(cast: Cast) -> None:
    alice = open_browser(cast.alice, proved_at=timezone.now() - timedelta(days=9))
    Session.objects.update(last_seen_at=timezone.now() - timedelta(days=8))

    assert alice.get(IDENTITY).status_code == 302
    assert alice.get(IDENTITY).status_code == 302

    add_proof(Session.objects.get(), way=Way.EMAIL, proved_at=timezone.now())
    assert alice.get(IDENTITY).status_code == 200


@pytest.mark.parametrize("fresh", ["another parent's connection", "staff", "a retired connection"])
def test_a_recent_sign_in_is_one_that_counts_here(cast: Cast, fresh: str) -> None:
    """Judged per parent (spec 6.5): a fresh proof that opens nothing of Acme doesn't make an old one recent."""
    draft = live_connection(cast.acme_group, created_by=cast.alice, name="Draft", state="tested")
    alice = open_browser(cast.alice, proved_at=timezone.now() - timedelta(hours=5))
    session = Session.objects.get(user=cast.alice)
    if fresh == "staff":
        add_proof(session, way=Way.STAFF, proved_at=timezone.now())
    else:
        parent = cast.globex_group if fresh == "another parent's connection" else cast.acme_group
        idp = live_connection(parent, created_by=cast.charlie)
        if fresh == "a retired connection":
            Connection.unscoped.filter(id=idp.connection.id).update(retired_at=timezone.now())
        add_proof(session, way=Way.SSO, connection_id=idp.connection.id, proved_at=timezone.now())

    answer = alice.get(f"{IDENTITY}sso/{draft.connection.id.hex}/live/")

    assert answer["Location"].startswith("/login/?again=true")


def test_r33_the_word_of_another_parent_on_a_shared_name_shows_nothing_of_acme(cast: Cast) -> None:
    share("acme.example", cast)
    verified_domain(cast.acme_group, "acme.example", added_by=cast.alice, is_shared=True)
    claim = verified_domain(cast.globex_group, "acme.example", added_by=cast.charlie, is_shared=True)
    theirs = live_connection(cast.globex_group, created_by=cast.charlie, claims=(claim,))
    browser = open_browser(None)

    sign_in_with_sso(browser, theirs, "alice@acme.example")

    assert who(browser) == "alice@acme.example"
    assert browser.get(IDENTITY).status_code == 302
    for path in ("/", "/settings/identity/"):
        assert "Acme Console" not in browser.get(path).content.decode()


def test_what_is_asked_for_can_be_given(cast: Cast) -> None:
    """SSO is optional and the proof too old: email helps as well as SSO, so both are offered."""
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))
    alice = open_browser(cast.alice, proved_at=timezone.now() - timedelta(days=31))

    page = alice.get(alice.get(IDENTITY)["Location"]).content.decode()

    assert "Continue with Okta" in page
    assert "Continue with email" in page


def test_a_shared_names_sso_is_not_the_only_way_on_where_it_does_not_count(cast: Cast) -> None:
    share("solo.example", cast)
    claim = verified_domain(cast.globex_group, "solo.example", added_by=cast.charlie, is_shared=True)
    live_connection(cast.globex_group, created_by=cast.charlie, claims=(claim,))
    dora = open_browser(cast.dora, proved_at=timezone.now() - timedelta(days=31))

    page = dora.get(dora.get("/orgs/solo/settings/identity/")["Location"]).content.decode()

    assert "Continue with email" in page


def test_the_way_asked_for_leads_to_the_provider_and_back(cast: Cast, okta: IdentityProvider) -> None:
    """Pressing the link on our own page is meant: nobody is asked again afterwards."""
    for product in Product.objects.all():
        cast.acme_group.enforcements.create(product=product, enforced_at=timezone.now())
    browser = open_browser(None)
    browser.get("/login/")
    page = browser.post("/login/", {"email": "bob@acme.example", "way": "email"}).content.decode()
    path = page.split('href="/login/go/')[1].split('"')[0].replace("&amp;", "&")
    leaving = read_go_page(browser.get(f"/login/go/{path}"))

    bring_answer(
        browser, okta, okta.answer(request_id=leaving.request_id, email="bob@acme.example"), leaving.relay_state
    )

    assert who(browser) == "bob@acme.example"


def test_an_unsolicited_sign_in_lands_in_the_default_product(
    cast: Cast, okta: IdentityProvider, acme_lets_people_join: Organization
) -> None:
    ProvisioningSettings.unscoped.create(organization=cast.acme_console, mode=Mode.JIT, changed_at=timezone.now())
    Connection.unscoped.update(default_product=Product.objects.get(slug="assistant"))
    browser = open_browser(None)
    posted = post_answer(okta, okta.answer(request_id=None, email="erin@acme.example"), "")
    leaving = leave_from(browser, posted["Location"])

    bring_answer(
        browser, okta, okta.answer(request_id=leaving.request_id, email="erin@acme.example"), leaving.relay_state
    )

    joined = Membership.unscoped.filter(user__email="erin@acme.example")
    assert [membership.organization.name for membership in joined] == ["Acme"]


def test_r7_an_answer_to_a_replaced_revision_is_refused(cast: Cast, okta: IdentityProvider) -> None:
    """A certificate may have been taken out by going live: its responses count from then on no more."""
    browser = open_browser(None)
    leaving = leave_for_sso(browser, "erin@acme.example")
    okta.connection.revisions.update(state="previous")

    page = bring_answer(
        browser, okta, okta.answer(request_id=leaving.request_id, email="erin@acme.example"), leaving.relay_state
    )

    assert page.status_code == 409
    assert not Session.objects.exists()


def test_a_connection_retired_between_the_two_requests_signs_nobody_in(cast: Cast, okta: IdentityProvider) -> None:
    browser = open_browser(None)
    leaving = leave_for_sso(browser, "erin@acme.example")
    parked = post_answer(
        okta, okta.answer(request_id=leaving.request_id, email="erin@acme.example"), leaving.relay_state
    )
    Connection.unscoped.update(retired_at=timezone.now())

    browser.get(parked["Location"])

    assert not Session.objects.exists()
    assert not User.objects.filter(email="erin@acme.example").exists()


def test_a_moved_address_voids_what_is_under_way_to_the_former_one(cast: Cast, okta: IdentityProvider) -> None:
    sign_in_with_sso(open_browser(None), okta, "erin@acme.example", subject="erin")
    browser = open_browser(None)
    _, link, _ = ask_for_mail(browser, "erin@acme.example")

    sign_in_with_sso(open_browser(None), okta, "erin.new@acme.example", subject="erin")

    assert User.objects.filter(email="erin.new@acme.example").exists()
    assert not EmailedSignIn.objects.filter(email="erin@acme.example", used_at=None).exists()
    browser.post(link)
    assert who(browser) is None
    assert not User.objects.filter(email="erin@acme.example").exists()


def test_an_emailed_sign_in_as_somebody_else_says_whom_it_signs_out(cast: Cast) -> None:
    browser = open_browser(cast.alice)
    page, link, _ = ask_for_mail(browser, cast.bob.email, again="true")

    assert cast.alice.email in browser.get(link).content.decode()
    assert cast.alice.email in browser.get(page).content.decode()


def test_a_test_sign_in_does_not_tell_who_has_an_account_elsewhere(cast: Cast) -> None:
    verified_domain(cast.globex_group, "globex.example", added_by=cast.charlie)
    theirs = live_connection(cast.globex_group, created_by=cast.charlie)
    charlie = open_browser(cast.charlie)
    pages = []
    for email in ("alice@acme.example", "nobody-at-all@acme.example"):
        begun = charlie.post(f"/orgs/globex/settings/identity/sso/{theirs.connection.id.hex}/test-live/")
        leaving = read_go_page(charlie.get(begun["Location"]))
        answer = theirs.answer(request_id=leaving.request_id, email=email, subject="x")
        landed = bring_answer(charlie, theirs, answer, leaving.relay_state)
        pages.append(charlie.get(landed["Location"]).content.decode())

    assert ["There is one with this address" in page for page in pages] == [False, False]
    assert ["None yet" in page for page in pages] == [False, False]


@pytest.mark.parametrize(
    "path", ["/", IDENTITY, f"{IDENTITY}domains/new/", f"{IDENTITY}provisioning/", "/settings/identity/"]
)
def test_pages_of_somebody_are_kept_by_no_cache(cast: Cast, path: str) -> None:
    assert "no-store" in open_browser(cast.alice).get(path)["Cache-Control"]


def test_the_offer_page_names_our_own_address_whatever_the_host_header_says(
    cast: Cast, okta: IdentityProvider, settings: object
) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "internal"]  # type: ignore[attr-defined]

    page = open_browser(None).get(f"/sso/saml/{okta.connection.id.hex}/offer/", HTTP_HOST="internal").content.decode()

    assert "internal" not in page
    assert django_settings.PUBLIC_URL in page
