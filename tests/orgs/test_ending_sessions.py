"""Ending sessions as a manager: those of members, and all of a parent's at once (spec 6.5, R46)."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.core import mail as mailbox
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Proof, Session, User, Way
from audit.actors import SYSTEM
from audit.models import AuditEvent
from audit.tasks import deliver_outbox
from identity_platform import credentials
from orgs.actions.memberships import add_membership
from orgs.models import Membership, ParentOrganization
from sso.queries import sign_in
from tests.cast import person, role_of, verified_domain
from tests.factories.sso import live_connection, sign_in_with_sso
from tests.orgs.session_pages import END, END_ALL, SESSIONS, hidden, lets_in, words

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def alice(cast, browser_of):
    return browser_of(cast.alice)


def confirm_end_all(browser, *, typed="Acme"):
    return browser.post(END_ALL, hidden(browser.get(END_ALL)) | {"typed": typed})


def membership_of(user, organization) -> str:
    return Membership.objects.for_org(organization).get(user=user).id.hex


def join(cast, user, organization=None):
    organization = organization or cast.acme
    return add_membership(
        organization,
        user=user,
        role=role_of(organization, "user"),
        source="manual",
        actor=SYSTEM,
        now=timezone.now(),
    )


def many_sessions(cast, *, number: int, named: str = "person") -> list[str]:
    """As many new members of Acme, each signed in by email in one browser; the keys of their cookies."""
    now = timezone.now()
    people = User.objects.bulk_create(
        User(email=f"{named}{index}@acme.example", created_at=now) for index in range(number)
    )
    role = role_of(cast.acme, "user")
    Membership.unscoped.bulk_create(  # each row names its organization
        Membership(organization=cast.acme, user=user, role=role, source="manual", created_at=now) for user in people
    )
    keys = [credentials.make_token() for _ in people]
    sessions = Session.objects.bulk_create(
        Session(
            user=user,
            key_hash=credentials.hash_token(key),
            created_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(days=1),
        )
        for user, key in zip(people, keys, strict=True)
    )
    Proof.objects.bulk_create(Proof(session=session, way=Way.EMAIL, proved_at=now) for session in sessions)
    return keys


def browser_with(key: str) -> Client:
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = key
    return browser


# The table


def test_the_table_shows_who_is_signed_in_here_and_how(alice, cast, browser_of):
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    idp = live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))
    sign_in_with_sso(browser_of(), idp, "bob@acme.example")
    browser_of(cast.bob)

    says = words(alice.get(SESSIONS))

    assert "Bob bob@acme.example Email, Okta · 2 sessions" in says
    assert "Alice (you) alice@acme.example Email" in says
    assert "1–2 of 2." in says


def test_the_table_leaves_out_whose_sign_in_counts_for_nothing_here(alice, cast, browser_of, now):
    shown = {"bob": cast.bob}
    browser_of(cast.bob, proved_at=now - timedelta(days=31))
    browser_of(cast.charlie)
    browser_of(cast.stella)
    staff = person("sue@acme.example")
    join(cast, staff)
    browser_of(staff, way=Way.STAFF)

    says = words(alice.get(SESSIONS))

    assert not any(f"{name}@acme" in says for name in shown)
    assert "charlie" not in says
    assert "stella" not in says
    assert "sue@" not in says


def test_the_table_names_no_connection_of_another_parent(alice, cast, browser_of):
    """Globex holds Erin's domain alone, so its word counts at Acme; how it names its connection is its own affair."""
    erin = person("erin@globex.example")
    join(cast, erin)
    claim = verified_domain(cast.globex_group, "globex.example", added_by=cast.charlie)
    theirs = live_connection(cast.globex_group, created_by=cast.charlie, claims=(claim,), name="Globex Keycloak")
    browser_of(erin, way=Way.SSO, connection=theirs.connection)

    says = words(alice.get(SESSIONS))

    assert "erin@globex.example Single sign-on" in says
    assert "Keycloak" not in says


def test_people_are_found_by_part_of_name_or_address(alice, cast, browser_of):
    browser_of(cast.bob)

    assert "bob@acme.example" in words(alice.get(SESSIONS, {"q": "BO"}))
    assert "alice@" not in words(alice.get(SESSIONS, {"q": "bo"})).split("People signed in")[1]
    assert "Nobody who is signed in here has “zoe”" in words(alice.get(SESSIONS, {"q": "zoe"}))


def test_a_page_costs_the_same_for_few_and_for_many_people(alice, cast):
    many_sessions(cast, number=3)
    alice.get(SESSIONS)  # what the door remembers of the policies is asked for once
    with CaptureQueriesContext(database) as few:
        alice.get(SESSIONS, {"rows": "100"})
    many_sessions(cast, number=90, named="more")
    with CaptureQueriesContext(database) as many:
        page = alice.get(SESSIONS, {"rows": "100"})

    assert "of 94." in words(page)
    assert len(many) == len(few)


# Ending those of members


def test_chosen_people_are_shown_before_anything_ends(alice, cast, browser_of):
    bob = browser_of(cast.bob)

    page = alice.post(END, {"people": [membership_of(cast.bob, cast.acme)]})

    assert "Bob bob@acme.example User" in words(page)
    assert "End the sessions of 1 person" in words(page)
    assert "You are signed out here too" not in words(page)
    assert lets_in(bob)


def test_ended_sessions_open_nothing_here_any_more_and_everything_elsewhere(alice, cast, browser_of):
    join(cast, cast.bob, cast.acme_console)
    bob, other_device = browser_of(cast.bob), browser_of(cast.bob)

    answer = alice.post(END, {"people": [membership_of(cast.bob, cast.acme)], "confirm": "true"})

    assert answer["Location"] == SESSIONS
    assert "The sessions of 1 person at Acme were ended." in words(alice.get(SESSIONS))
    assert not lets_in(bob)
    assert not lets_in(other_device)
    assert lets_in(bob, "acme-console")
    assert lets_in(browser_of(cast.bob)), "a new sign-in opens it again"


def test_ending_them_is_written_down_for_each_and_told(alice, cast):
    ids = [membership_of(user, cast.acme) for user in (cast.alice, cast.bob)]

    preview = alice.post(END, {"people": ids})
    assert "You are signed out here too" in words(preview)
    alice.post(END, {"people": ids, "confirm": "true"})

    events = AuditEvent.objects.filter(code="session_policy.member_ended").order_by("target_label")
    assert [event.target_label for event in events] == ["alice@acme.example", "bob@acme.example"]
    assert {event.organization_id for event in events} == {cast.acme.id}
    deliver_outbox()
    [sent] = mailbox.outbox
    assert sent.to == ["alice@acme.example"]
    assert "- bob@acme.example" in sent.body
    assert "/orgs/acme/settings/sessions/" in sent.body
    assert not lets_in(alice)


def test_people_of_another_organization_cannot_be_chosen(alice, cast, browser_of):
    charlie = browser_of(cast.charlie)

    answer = alice.post(END, {"people": [membership_of(cast.charlie, cast.globex)], "confirm": "true"})

    assert answer["Location"] == SESSIONS
    assert "Nobody was chosen" in words(alice.get(SESSIONS))
    assert lets_in(charlie, "globex")
    assert not AuditEvent.objects.filter(code="session_policy.member_ended").exists()


@pytest.mark.parametrize("people", [[], ["no id"], ["0" * 32]])
def test_without_a_choice_nothing_happens(alice, people):
    assert alice.post(END, {"people": people, "confirm": "true"})["Location"] == SESSIONS
    assert "Nobody was chosen" in words(alice.get(SESSIONS))


def test_ending_needs_a_recent_sign_in(cast, browser_of, now):
    old = browser_of(cast.alice, proved_at=now - 2 * HOUR)

    answer = old.post(END, {"people": [membership_of(cast.bob, cast.acme)], "confirm": "true"})

    assert answer["Location"].startswith("/login/")
    assert Membership.objects.for_org(cast.acme).get(user=cast.bob).proofs_valid_from is None


def test_an_organization_without_a_parent_can_end_its_members_sessions(cast, browser_of):
    dora = browser_of(cast.dora)
    stella = browser_of(cast.stella)
    join(cast, cast.stella, cast.solo)
    assert lets_in(stella, "solo")

    dora.post(
        "/orgs/solo/settings/sessions/end/",
        {"people": [membership_of(cast.stella, cast.solo)], "confirm": "true"},
    )

    assert not lets_in(stella, "solo")


# Ending all


def test_the_preview_counts_everybody_and_ends_nothing(alice, cast, browser_of):
    bob = browser_of(cast.bob)
    browser_of(cast.charlie)

    says = words(alice.get(END_ALL))

    assert "2 sessions end 2 people sign in again 2 organizations" in says
    assert "Bob bob@acme.example" in says
    assert "charlie" not in says
    assert "You are signed out too" in says
    assert lets_in(bob)


def test_r46_ending_all_ends_everybodys_at_the_next_request_the_managers_too(alice, cast, browser_of):
    bob, charlie = browser_of(cast.bob), browser_of(cast.charlie)

    page = confirm_end_all(alice, typed=" ACME ")

    assert page.status_code == 200
    assert "You too" in words(page)
    assert f'href="/login/?again=true&amp;next={SESSIONS.replace("/", "%2F")}"' in page.content.decode()
    assert not lets_in(alice)
    assert not lets_in(alice, "acme-console")
    assert not lets_in(bob)
    assert lets_in(charlie, "globex")
    assert lets_in(browser_of(cast.bob))


def test_ending_all_is_written_down_and_told(alice, cast):
    confirm_end_all(alice)

    event = AuditEvent.objects.get(code="session_policy.all_ended")
    assert (event.parent_id, event.actor_user_id) == (cast.acme_group.id, cast.alice.id)
    assert event.before == {"proofs_valid_from": None}
    assert event.after["proofs_valid_from"]
    deliver_outbox()
    [sent] = mailbox.outbox
    assert (sent.to, "Alice" in sent.body) == (["alice@acme.example"], True)


@pytest.mark.parametrize(("typed", "says"), [("", "Type the name to confirm."), ("Globex", "This isn't Acme.")])
def test_another_name_ends_nothing_and_says_so_at_the_field(alice, typed, says):
    page = confirm_end_all(alice, typed=typed)

    assert page.status_code == 422
    assert says in words(page)
    assert lets_in(alice)


def test_one_plan_ends_them_once(alice, cast, browser_of):
    shown = hidden(alice.get(END_ALL)) | {"typed": "Acme"}
    other = browser_of(cast.alice)
    of_the_other = hidden(other.get(END_ALL)) | {"typed": "Acme"}
    assert alice.post(END_ALL, shown).status_code == 200

    again = browser_of(cast.alice)
    assert again.post(END_ALL, shown).status_code == 409
    assert again.post(END_ALL, of_the_other).status_code == 409
    assert lets_in(again)


def test_ending_all_takes_the_same_statements_for_any_number(alice, cast, browser_of):
    """Tried by hand with 100,000 sessions, too: the same twelve statements, in 0.2 seconds."""

    def statements() -> list[str]:
        browser = browser_of(cast.alice)
        shown = hidden(browser.get(END_ALL)) | {"typed": "Acme"}
        with CaptureQueriesContext(database) as queries:
            assert browser.post(END_ALL, shown).status_code == 200
        return [re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|'[^']*'|\d+", "?", query["sql"]) for query in queries]

    for_few = statements()
    keys = many_sessions(cast, number=5_000)
    assert lets_in(browser_with(keys[0]))
    for_many = statements()

    assert len(for_many) == len(for_few)
    assert sum(sql.startswith('UPDATE "accounts_') for sql in for_many) == 0
    for key in keys[:: len(keys) // 20]:
        assert not lets_in(browser_with(key))


def test_r46_what_was_ended_stays_ended_after_a_restart_and_without_a_cache(alice, cast, settings):
    """Nothing but the database knows of it: another process with empty memory and a dead cache refuses as well."""
    [key] = many_sessions(cast, number=1)
    assert lets_in(browser_with(key))
    confirm_end_all(alice)

    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
    }
    sign_in._policy_of.cache_clear()
    assert not lets_in(browser_with(key))
    assert ParentOrganization.objects.get(id=cast.acme_group.id).proofs_valid_from is not None
