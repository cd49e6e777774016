"""The session policy of a parent: looked at, confirmed, and judged from the next request on (spec 6.5, 7.4)."""

from datetime import timedelta

import pytest
from django.core import mail as mailbox
from django.utils import timezone

from audit.models import AuditEvent
from audit.tasks import deliver_outbox
from identity_platform.models import StoredPlan
from orgs.models import Organization, ParentOrganization, Plan
from orgs.sessions.policy import SessionPolicy, describe_span, judge_policy, split_span
from tests.orgs.session_pages import POLICY, SESSIONS, hidden, lets_in, words

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def alice(cast, browser_of):
    return browser_of(cast.alice)


def choice(lifetime=(30, "days"), idle=(7, "days"), recent_sign_in=(1, "hours")):
    """The fields of the form, as a browser sends them."""
    spans = {"lifetime": lifetime, "idle": idle, "recent_sign_in": recent_sign_in}
    numbers = {name: number for name, (number, _) in spans.items()}
    return numbers | {f"{name}_unit": unit for name, (_, unit) in spans.items()}


def change_policy(browser, **spans):
    return browser.post(POLICY, hidden(browser.get(POLICY, choice(**spans))))


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (30 * DAY, "30 days"),
        (DAY, "24 hours"),
        (36 * HOUR, "36 hours"),
        (HOUR, "1 hour"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(minutes=1), "1 minute"),
    ],
)
def test_a_span_is_written_as_a_person_would(span, words):
    assert describe_span(span) == words


@pytest.mark.parametrize("span", [30 * DAY, DAY, 36 * HOUR, HOUR, timedelta(minutes=90)])
def test_what_the_form_shows_is_what_it_sends_back(span):
    number, unit = split_span(span)

    assert number * timedelta(**{unit: 1}) == span


@pytest.mark.parametrize(
    ("lifetime", "idle", "recent", "field"),
    [
        (HOUR, HOUR, HOUR, ""),
        (90 * DAY, 90 * DAY, DAY, ""),
        (HOUR - timedelta(minutes=1), HOUR, HOUR, "lifetime"),
        (90 * DAY + HOUR, DAY, HOUR, "lifetime"),
        (DAY, timedelta(minutes=14), HOUR, "idle"),
        (DAY, 2 * DAY, HOUR, "idle"),
        (DAY, DAY, timedelta(minutes=4), "recent_sign_in"),
        (90 * DAY, DAY, 25 * HOUR, "recent_sign_in"),
        (2 * HOUR, HOUR, 3 * HOUR, "recent_sign_in"),
    ],
)
def test_a_policy_keeps_to_its_bounds(lifetime, idle, recent, field):
    refused = dict(judge_policy(SessionPolicy(lifetime=lifetime, idle=idle, recent_sign_in=recent)))

    assert list(refused) == ([field] if field else [])


def test_the_page_shows_the_policy_in_words_with_the_end_of_every_session(alice):
    says = words(alice.get(SESSIONS))

    assert "Counts in every organization of Acme." in says
    assert "Sign in again after 30 days Sign in again without activity for 7 days" in says
    assert "Identity settings need a sign-in from the last 1 hour" in says
    assert "This platform ends every session 90 days after it began." in says


def test_the_preview_names_who_signs_in_again_and_changes_nothing(alice, cast, browser_of, now):
    browser_of(cast.bob, proved_at=now - 3 * HOUR)

    says = words(alice.get(POLICY, choice(lifetime=(2, "hours"), idle=(1, "hours"))))

    assert "1 signs in again at the next page 1 stays signed in for now" in says
    assert "Bob bob@acme.example" in says
    assert "A sign-in counts for 2 hours, 1 hour without activity Before: 30 days, 7 days without activity." in says
    assert "You are asked to sign in again too" not in says
    assert ParentOrganization.objects.get(id=cast.acme_group.id).session_lifetime == 30 * DAY


def test_a_confirmed_policy_counts_at_the_next_request(alice, cast, browser_of, now):
    bob = browser_of(cast.bob, proved_at=now - 3 * HOUR)
    charlie = browser_of(cast.charlie, proved_at=now - 3 * HOUR)
    assert lets_in(bob)

    answer = change_policy(alice, lifetime=(2, "hours"), idle=(1, "hours"))

    assert (answer.status_code, answer["Location"]) == (302, SESSIONS)
    assert not lets_in(bob)
    assert lets_in(alice)
    assert lets_in(charlie, "globex")


def test_the_change_is_written_down_with_both_policies_and_told(alice, cast):
    change_policy(alice, lifetime=(12, "hours"), idle=(1, "hours"), recent_sign_in=(15, "minutes"))

    event = AuditEvent.objects.get(code="session_policy.changed")
    assert (event.parent_id, event.actor_user_id) == (cast.acme_group.id, cast.alice.id)
    assert event.before == {"lifetime": "30 days", "idle": "7 days", "recent_sign_in": "1 hour"}
    assert event.after == {"lifetime": "12 hours", "idle": "1 hour", "recent_sign_in": "15 minutes"}
    deliver_outbox()
    [sent] = mailbox.outbox
    assert sent.to == ["alice@acme.example"]
    assert "Alice" in sent.body
    assert "Sign in again after: 30 days, now 12 hours" in sent.body
    assert "/settings/identity/" in sent.body


def test_a_manager_whose_sign_in_is_less_recent_than_the_new_policy_asks_is_asked_for_another(cast, browser_of, now):
    browser = browser_of(cast.alice, proved_at=now - timedelta(minutes=50))

    assert change_policy(browser, recent_sign_in=(5, "minutes")).status_code == 302

    assert browser.get(SESSIONS).status_code == 200
    assert browser.get(POLICY)["Location"].startswith("/login/?again=true")


def test_a_manager_whose_own_sign_in_becomes_too_old_is_told_before(cast, browser_of, now):
    ParentOrganization.objects.filter(id=cast.acme_group.id).update(recent_sign_in=DAY)
    browser = browser_of(cast.alice, proved_at=now - 2 * HOUR)
    preview = browser.get(POLICY, choice(lifetime=(1, "hours"), idle=(1, "hours")))

    assert "You are asked to sign in again too" in words(preview)
    assert "Alice (you)" in words(preview)

    browser.post(POLICY, hidden(preview))
    assert browser.get(SESSIONS)["Location"].startswith("/login/required/")


@pytest.mark.parametrize(
    ("spans", "says"),
    [
        ({"lifetime": (30, "minutes")}, "Choose between 1 hour and 90 days."),
        ({"lifetime": (91, "days")}, "Choose between 1 hour and 90 days."),
        ({"lifetime": (2, "hours"), "idle": (3, "hours")}, "Choose at most 2 hours"),
        ({"recent_sign_in": (2, "days")}, "Choose between 5 minutes and 24 hours."),
        ({"lifetime": ("", "hours")}, "This field is required."),
        ({"lifetime": ("lots", "hours")}, "Enter a whole number."),
        ({"lifetime": (10**30, "days")}, "less than or equal to"),
        ({"lifetime": (1, "years")}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_set_is_said_at_its_field_and_nothing_is_lost(alice, spans, says):
    page = alice.get(POLICY, choice(**spans))

    assert page.status_code == 422
    assert says in words(page)
    assert "<title>Error:" in page.content.decode()
    number, _ = {"lifetime": (30, "days"), **spans}["lifetime"]
    assert f'name="lifetime" value="{number}"' in page.content.decode() or not number


def test_the_same_policy_again_can_not_be_confirmed(alice):
    page = alice.get(POLICY, choice())

    assert "This is the session policy already." in words(page)
    assert 'name="plan"' not in page.content.decode()


def test_a_policy_that_somebody_changed_meanwhile_is_shown_anew(alice, cast, browser_of):
    shown = hidden(alice.get(POLICY, choice(lifetime=(20, "days"))))
    change_policy(browser_of(cast.alice), lifetime=(10, "days"))

    answer = alice.post(POLICY, shown)

    assert answer.status_code == 409
    assert "Something changed since this was shown" in words(answer)
    assert "Before: 10 days" in words(answer)
    assert alice.post(POLICY, hidden(answer)).status_code == 302


def test_a_plan_is_confirmed_once_and_by_who_was_shown_it(alice, cast, browser_of):
    shown = hidden(alice.get(POLICY, choice(lifetime=(20, "days"))))
    assert alice.post(POLICY, shown).status_code == 302
    assert alice.post(POLICY, shown).status_code == 409

    of_charlie = StoredPlan.unscoped.create(
        parent=cast.globex_group,
        kind="sessions.policy",
        fingerprint="f",
        created_by=cast.charlie,
        created_at=timezone.now(),
        expires_at=timezone.now() + DAY,
    )
    assert alice.post(POLICY, shown | {"plan": of_charlie.id.hex}).status_code == 409


def test_what_is_confirmed_must_be_what_was_shown(alice, cast):
    shown = hidden(alice.get(POLICY, choice(lifetime=(20, "days"))))

    answer = alice.post(POLICY, shown | {"lifetime": "1", "lifetime_unit": "hours", "idle": "1", "idle_unit": "hours"})

    assert answer.status_code == 409
    assert ParentOrganization.objects.get(id=cast.acme_group.id).session_lifetime == 30 * DAY


def test_the_policy_needs_a_recent_sign_in(cast, browser_of, now):
    old = browser_of(cast.alice, proved_at=now - 2 * HOUR)

    assert old.get(SESSIONS).status_code == 200
    for answer in (old.get(POLICY), old.post(POLICY, {})):
        assert answer["Location"].startswith("/login/?again=true")


def test_without_a_parent_the_page_says_what_applies(cast, browser_of):
    dora = browser_of(cast.dora)

    page = dora.get("/orgs/solo/settings/sessions/")

    assert page.status_code == 200
    assert "What counts for every organization without a parent organization." in words(page)
    assert "doesn't belong to a parent organization yet" in words(page)
    assert "End all sessions" not in words(page)
    assert dora.get("/orgs/solo/settings/sessions/policy/").status_code == 403


def test_a_plan_that_lost_sso_keeps_the_policy_and_shows_it(alice, cast):
    Organization.objects.filter(id=cast.acme.id).update(plan=Plan.objects.get(product__slug="assistant", slug="free"))

    page = alice.get(SESSIONS)

    assert "Sign in again after 30 days" in words(page)
    assert "doesn't include single sign-on" in words(page)
    assert alice.get(POLICY).status_code == 403
