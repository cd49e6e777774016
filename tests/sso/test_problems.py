"""*Sign-in problems*: what managers see of refused sign-ins, and what others must not (spec 6.7)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audit.models import AuditEvent
from domains.models import ShareableName
from sso.actions.refusals import record_refusal, shape_of
from sso.errors import AddressNotServed, SsoRequired, SubjectChanged
from sso.saml.errors import WrongAudience
from tests.cast import Cast, verified_domain
from tests.domains.test_pages import text_of
from tests.factories.sso import IdentityProvider, live_connection, sign_in_with_sso

Browser = Callable[..., Client]

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]

PROBLEMS = "/orgs/acme/settings/identity/sign-ins/"


@pytest.fixture
def okta(cast: Cast) -> IdentityProvider:
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))


@pytest.fixture
def alice(cast: Cast, browser_of: Browser) -> Client:
    return browser_of(cast.alice)


def refuse(idp: IdentityProvider, email: str, *, at: datetime, **received: str) -> str:
    """The reference of a sign-in refused because the identity provider sent an address of another domain."""
    error = AddressNotServed(**({"received": email} | received))
    revision = idp.connection.revisions.get()
    return record_refusal(error, way="sso", email=email, connection=idp.connection, revision=revision, now=at)


def test_like_failures_of_several_people_are_one_line(okta: IdentityProvider, alice: Client, now: datetime) -> None:
    for day in range(1, 15):
        refuse(okta, f"person{day}@elsewhere.example", at=now - timedelta(days=day))
    refuse(okta, "person1@elsewhere.example", at=now)

    page = text_of(alice.get(PROBLEMS))

    assert page.count("sent an address that isn't covered") == 1
    assert "14 people 15 tries" in page
    assert "Verify person1@elsewhere.example and assign it to this connection" in page


def test_another_cause_is_another_line_and_the_newest_stands_first(
    okta: IdentityProvider, alice: Client, now: datetime
) -> None:
    refuse(okta, "bob@elsewhere.example", at=now - timedelta(hours=2))
    audience = WrongAudience(expected="https://us.example/metadata", received="https://us.example/metadta")
    record_refusal(audience, way="sso", email="", connection=okta.connection, now=now)

    page = text_of(alice.get(PROBLEMS))

    assert page.index("addressed this sign-in to a different service") < page.index("isn't covered by this sign-in")


def test_the_same_cause_with_something_else_received_is_another_line(
    okta: IdentityProvider, alice: Client, now: datetime
) -> None:
    refuse(okta, "bob@elsewhere.example", at=now)
    refuse(okta, "bob@third.example", at=now)

    assert text_of(alice.get(PROBLEMS)).count("1 person") == 2


def test_old_refusals_leave_the_list_and_are_still_found_by_reference(
    okta: IdentityProvider, alice: Client, now: datetime
) -> None:
    reference = refuse(okta, "bob@elsewhere.example", at=now - timedelta(days=31))

    assert "No sign-in was refused in the last 30 days." in text_of(alice.get(PROBLEMS))
    assert alice.get(PROBLEMS, {"q": reference.lower()})["Location"] == f"{PROBLEMS}{reference}/"


def test_a_reference_shows_cause_difference_remedy_person_and_time(
    okta: IdentityProvider, alice: Client, browser_of: Browser
) -> None:
    """The way a person's words become a mended setting: they read out the reference, the manager opens it."""
    refused = sign_in_with_sso(browser_of(), okta, "bob@acme.example", audience="https://wrong.example/metadata/")
    reference = AuditEvent.objects.get(code="sign_in.refused").reference
    assert reference in refused.content.decode()
    assert "wrong.example" not in refused.content.decode()  # spec 6.7: the person isn't shown the difference

    page = text_of(alice.get(f"{PROBLEMS}{reference}/"))

    for words in (
        "addressed this sign-in to a different service",
        "In your identity provider, set Audience",
        "Received https://wrong.example/metadata/",
        "Provider Okta, revision 1",
        "Way single sign-on",
        "Stopped at audience",
        "Code saml_wrong_audience",
        "UTC",
        f"Request {refused['X-Request-ID']}",
    ):
        assert words in page, words


def test_an_address_finds_its_own_refusals_however_it_is_typed(
    okta: IdentityProvider, alice: Client, now: datetime
) -> None:
    reference = refuse(okta, "bob@elsewhere.example", at=now)
    other = refuse(okta, "carol@elsewhere.example", at=now)

    page = text_of(alice.get(PROBLEMS, {"q": " BOB@Elsewhere.Example "}))

    assert reference in page
    assert other not in page


def test_what_is_searched_in_vain_says_so(okta: IdentityProvider, alice: Client) -> None:
    for search in ("SGN-AAAA-AAAA", "nobody@elsewhere.example", "%' OR 1=1", "x\x00"):
        assert "No refused sign-in here" in text_of(alice.get(PROBLEMS, {"q": search}))


def test_r38_another_parents_reference_is_not_there(
    okta: IdentityProvider, cast: Cast, browser_of: Browser, now: datetime
) -> None:
    reference = refuse(okta, "bob@elsewhere.example", at=now)
    charlie = browser_of(cast.charlie)
    theirs = PROBLEMS.replace("acme", "globex")

    assert charlie.get(f"{theirs}{reference}/").status_code == 404
    assert "No refused sign-in here" in text_of(charlie.get(theirs, {"q": reference}))
    assert "No refused sign-in here" in text_of(charlie.get(theirs, {"q": "bob@elsewhere.example"}))
    assert "No sign-in was refused" in text_of(charlie.get(theirs))


def test_a_refusal_without_a_connection_belongs_to_who_holds_the_domain(
    okta: IdentityProvider, alice: Client, now: datetime
) -> None:
    reference = record_refusal(SsoRequired(), way="email", email="bob@acme.example", now=now)

    assert alice.get(f"{PROBLEMS}{reference}/").status_code == 200


def test_a_refusal_at_a_shared_or_unassigned_name_is_shown_to_no_manager(
    cast: Cast, alice: Client, now: datetime
) -> None:
    ShareableName.objects.create(name="shared.example", reason="a university", marked_by=cast.sam, marked_at=now)
    shared = verified_domain(cast.acme_group, "shared.example", added_by=cast.alice, is_shared=True)
    live_connection(cast.acme_group, created_by=cast.alice, claims=(shared,), name="Entra")
    verified_domain(cast.acme_group, "unassigned.example", added_by=cast.alice)

    for email in ("x@shared.example", "x@unassigned.example", "x@gmail.com"):
        reference = record_refusal(SsoRequired(), way="email", email=email, now=now)
        assert AuditEvent.objects.get(reference=reference).parent_id is None
        assert alice.get(f"{PROBLEMS}{reference}/").status_code == 404


def test_what_is_about_nobody_leaves_no_row(cast: Cast, browser_of: Browser) -> None:
    """Anybody could fill the log with it; the page has a reference all the same, and a line of the log has it too."""
    before = AuditEvent.objects.count()
    page = browser_of().get(f"/login/link/{'x' * 43}/")

    assert b"SGN-" in page.content
    assert AuditEvent.objects.count() == before


def test_the_overview_counts_todays_refusals(okta: IdentityProvider, alice: Client, cast: Cast) -> None:
    now = timezone.now()
    refuse(okta, "bob@elsewhere.example", at=now)
    refuse(okta, "carol@elsewhere.example", at=now - timedelta(days=1))

    assert "1 refused sign-in today" in text_of(alice.get("/orgs/acme/settings/identity/"))


def test_the_list_asks_a_fixed_number_of_questions(
    okta: IdentityProvider, alice: Client, now: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        refuse(okta, f"bob@elsewhere-{'x' * number}.example", at=now)

    with django_assert_max_num_queries(12):
        page = alice.get(PROBLEMS)

    assert "1–25 of 60." in text_of(page)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("bob@acme.example", "carol@acme.example", True),
        ("bob@acme.example", "bob@globex.example", False),
        ("https://us.example/0f1e2d3c4b5a/acs", "https://us.example/a1b2c3d4e5f6/acs", True),
        ("12 groups", "150 groups", True),
        ("persistent", "transient", False),
        ("2026-11-22T03:30:00Z", "2026-11-23T04:31:07Z", True),
    ],
)
def test_what_differs_from_person_to_person_does_not_part_failures(one: str, other: str, alike: bool) -> None:
    assert (shape_of(one) == shape_of(other)) is alike


def test_the_remedy_of_a_subject_change_names_what_was_received(
    okta: IdentityProvider, alice: Client, now: datetime
) -> None:
    reference = record_refusal(SubjectChanged(received="00u9"), way="sso", connection=okta.connection, now=now)

    assert "A manager has to approve that 00u9" in text_of(alice.get(f"{PROBLEMS}{reference}/"))
