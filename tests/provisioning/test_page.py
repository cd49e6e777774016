"""The page *Provisioning mode*: look, confirm, and what happens in between (spec 7.3, 7.4)."""

import re
from datetime import timedelta

import pytest
from django.core import mail as mailbox
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from audit.actors import Actor
from audit.models import AuditEvent, OutboxMessage
from audit.tasks import deliver_outbox
from domains.models import DomainClaim
from identity_platform.models import StoredPlan
from identity_platform.plans import PlanChanged, store_plan
from orgs.models import Block, Invitation, Membership
from provisioning.actions import switch_mode
from provisioning.models import Mode, ProvisioningSettings
from provisioning.queries import plan_mode_change, settings_of
from sso.models import ConnectionRevision
from tests.cast import person, role_of
from tests.provisioning.conftest import set_mode

pytestmark = pytest.mark.django_db

PAGE = "/orgs/acme/settings/identity/provisioning/"


@pytest.fixture
def alice(cast, browser_of):
    return browser_of(cast.alice)


def text_of(response):
    """What the page says, in one line."""
    without_tags = re.sub(r"<[^>]+>", " ", response.content.decode().split("<main", 1)[1])
    return re.sub(r"\s+", " ", without_tags.replace("&#x27;", "'"))


def confirmed(response):
    """The hidden fields of the confirmation, as a browser would post them."""
    fields = dict(re.findall(r'<input type="hidden" name="(mode|plan)" value="([^"]+)"', response.content.decode()))
    assert set(fields) == {"mode", "plan"}, "no confirmation on this page"
    return fields


def test_the_page_shows_three_modes_and_what_the_present_one_means(alice, okta):
    page = alice.get(PAGE)

    assert page.status_code == 200
    assert "Manual Current" in text_of(page)
    assert "Just in time" in text_of(page)
    assert 'value="manual" checked' in page.content.decode()
    assert "Manual: what it means" in text_of(page)
    assert "Switch to" not in text_of(page)


def test_scim_and_mappings_cannot_be_chosen_and_say_what_is_missing(alice, okta):
    page = alice.get(PAGE)

    assert re.search(r'value="scim" disabled', page.content.decode())
    assert "Needs a directory that has sent something" in text_of(page)
    assert "mappings can't be turned on yet" in text_of(page)

    preview = alice.get(PAGE, {"mode": "scim"})
    assert "Needs a directory" in text_of(preview)
    assert 'name="plan"' not in preview.content.decode()


def test_jit_without_a_live_connection_says_what_comes_first(alice, cast, okta):
    ConnectionRevision.objects.for_parent(cast.acme_group).update(state="draft")

    preview = alice.get(PAGE, {"mode": "jit"})

    assert "Needs a live connection" in text_of(preview)
    assert "Finish Set up SSO" in text_of(preview)
    assert 'name="plan"' not in preview.content.decode()


def test_the_preview_names_who_joins_who_stays_and_why(alice, cast, okta, now):
    person("erin@acme.example", name="Erin Young")
    blocked = person("mallory@acme.example")
    Block.unscoped.create(organization=cast.acme, user=blocked, reason="Left", created_at=now)

    says = text_of(alice.get(PAGE, {"mode": "jit"}))

    assert "Preview: from manual to just in time" in says
    assert "1 join at their next sign-in 0 lose access 0 change role 2 stay as they are" in says
    assert "Erin Young erin@acme.example User Joins at the next sign-in through your connection" in says
    assert "Bob bob@acme.example User Changed and removed by hand" in says
    assert "Alice alice@acme.example Primary owner Primary owner: changed only by hand" in says
    assert "mallory" not in says
    assert "isn't visible to us" in says
    assert "Whoever signs in with an address at acme.example becomes a member as User" in says


def test_looking_changes_nothing(alice, cast, okta):
    person("erin@acme.example")

    alice.get(PAGE, {"mode": "jit"})

    assert settings_of(cast.acme).mode == Mode.MANUAL
    assert Membership.objects.for_org(cast.acme).count() == 2


def test_the_preview_names_organizations_that_the_same_people_enter(alice, cast, okta):
    set_mode(cast.acme_console, Mode.JIT)
    set_mode(cast.globex, Mode.JIT)

    says = text_of(alice.get(PAGE, {"mode": "jit"}))

    assert "The same people also enter Acme Console (Console)" in says
    assert "recommend" in says
    assert "Globex" not in says


def test_the_preview_counts_open_invitations_into_the_domains(alice, cast, okta, now):
    for email in ("erin@acme.example", "luis@elsewhere.example"):
        Invitation.unscoped.create(
            organization=cast.acme,
            email=email,
            role=role_of(cast.acme, "user"),
            token_hash=email,
            created_at=now,
            expires_at=now + timedelta(days=7),
        )

    assert "1 open invitation to an address in your domains" in text_of(alice.get(PAGE, {"mode": "jit"}))


def test_the_preview_says_when_nobody_would_join(alice, cast, okta):
    DomainClaim.objects.for_parent(cast.acme_group).update(connection=None)

    assert "so nobody would join" in text_of(alice.get(PAGE, {"mode": "jit"}))


def test_confirming_switches_tells_and_is_written_down(alice, cast, okta):
    preview = alice.get(PAGE, {"mode": "jit"})

    answer = alice.post(f"{PAGE}?mode=jit", confirmed(preview))

    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert settings_of(cast.acme).mode == Mode.JIT
    assert "is now just in time" in text_of(alice.get(PAGE))
    event = AuditEvent.objects.get(code="provisioning.mode_changed")
    assert (event.organization_id, event.actor_user_id) == (cast.acme.id, cast.alice.id)
    assert (event.before["mode"], event.after["mode"]) == ("manual", "jit")
    deliver_outbox()
    [sent] = mailbox.outbox
    assert sent.to == [cast.alice.email]
    assert "from Manual to Just in time" in sent.body
    assert f"http://testserver{PAGE}" in sent.body


def test_and_back_to_manual_ends_no_membership(alice, cast, okta):
    set_mode(cast.acme, Mode.JIT)

    preview = alice.get(PAGE, {"mode": "manual"})
    alice.post(PAGE, confirmed(preview))

    assert settings_of(cast.acme).mode == Mode.MANUAL
    assert Membership.objects.for_org(cast.acme).count() == 2


def test_a_plan_is_applied_once(alice, cast, okta):
    fields = confirmed(alice.get(PAGE, {"mode": "jit"}))
    alice.post(PAGE, fields)
    set_mode(cast.acme, Mode.MANUAL)

    again = alice.post(PAGE, fields)

    assert again.status_code == 409
    assert "too old to be applied" in text_of(again)
    assert settings_of(cast.acme).mode == Mode.MANUAL


def test_what_changed_meanwhile_is_shown_instead_of_done(alice, cast, okta):
    fields = confirmed(alice.get(PAGE, {"mode": "jit"}))
    DomainClaim.objects.for_parent(cast.acme_group).update(connection=None)

    answer = alice.post(PAGE, fields)

    assert answer.status_code == 409
    assert "Something changed since this was shown" in text_of(answer)
    assert "so nobody would join" in text_of(answer)
    assert settings_of(cast.acme).mode == Mode.MANUAL

    alice.post(PAGE, confirmed(answer))
    assert settings_of(cast.acme).mode == Mode.JIT


def test_more_people_who_join_are_no_reason_to_ask_again(alice, cast, okta):
    fields = confirmed(alice.get(PAGE, {"mode": "jit"}))
    person("erin@acme.example")

    alice.post(PAGE, fields)

    assert settings_of(cast.acme).mode == Mode.JIT


def test_a_connection_that_is_gone_meanwhile_blocks(alice, cast, okta, now):
    fields = confirmed(alice.get(PAGE, {"mode": "jit"}))
    okta.connection.retired_at = now
    okta.connection.save(update_fields=["retired_at"])

    answer = alice.post(PAGE, fields)

    assert answer.status_code == 409
    assert "Needs a live connection" in text_of(answer)
    assert settings_of(cast.acme).mode == Mode.MANUAL


def test_a_plan_of_somebody_else_or_of_another_organization_or_mode_is_not_taken(cast, okta, browser_of):
    alice = browser_of(cast.alice)
    fields = confirmed(alice.get(PAGE, {"mode": "jit"}))
    Membership.objects.for_org(cast.acme).filter(user=cast.bob).update(role=role_of(cast.acme, "owner"))

    assert browser_of(cast.bob).post(PAGE, fields).status_code == 409
    assert alice.post("/orgs/acme-console/settings/identity/provisioning/", fields).status_code == 409
    assert alice.post(PAGE, {**fields, "mode": "scim"}).status_code == 409
    assert alice.post(PAGE, {"mode": "jit"}).status_code == 409
    assert alice.post(PAGE, {"mode": "jit", "plan": "x"}).status_code == 409
    assert ProvisioningSettings.unscoped.exists() is False


def test_switching_needs_a_recent_sign_in(cast, okta, browser_of, now):
    stale = browser_of(cast.alice, proved_at=now - timedelta(hours=2))

    assert stale.get(PAGE).status_code == 200
    assert stale.get(PAGE, {"mode": "jit"}).status_code != 200
    plan = confirmed(browser_of(cast.alice).get(PAGE, {"mode": "jit"}))
    stale.post(PAGE, plan)

    assert settings_of(cast.acme).mode == Mode.MANUAL


@pytest.mark.parametrize(("who", "status"), [("bob", 403), ("charlie", 404), ("stella", 404), ("sam", 404)])
def test_r38_only_identity_managers_see_and_change_it(cast, okta, browser_of, who, status):
    fields = confirmed(browser_of(cast.alice).get(PAGE, {"mode": "jit"}))
    browser = browser_of(getattr(cast, who))

    assert browser.get(PAGE).status_code == status
    assert browser.post(PAGE, fields).status_code == status
    assert settings_of(cast.acme).mode == Mode.MANUAL


@pytest.mark.parametrize("query", ["mode=nonsense", "mode=", "mode=jit&page=99&rows=7", "page=x"])
def test_odd_queries_show_the_page(alice, okta, query):
    assert alice.get(f"{PAGE}?{query}").status_code == 200


def test_names_are_escaped(alice, cast, okta):
    person("erin@acme.example", name="<script>alert(1)</script>")

    assert b"<script>alert" not in alice.get(PAGE, {"mode": "jit"}).content


def test_a_plan_of_one_organization_cannot_be_applied_to_another(cast, okta, now):
    """The action itself holds this, whoever calls it."""
    actor = Actor.of(cast.alice)
    plan = plan_mode_change(cast.acme, to=Mode.JIT, actor=actor, now=now)
    stored = store_plan(
        plan, parent_id=cast.acme_group.id, organization_id=cast.acme.id, actor_id=cast.alice.id, now=now
    )

    with pytest.raises(PlanChanged):
        switch_mode(cast.acme_console, to=Mode.JIT, stored_plan=stored, actor=actor, now=now)
    assert StoredPlan.unscoped.get(id=stored.id).applied_at is None
    assert not OutboxMessage.objects.exists()


def test_the_page_asks_as_many_queries_for_many_people_as_for_few(alice, cast, okta):
    alice.get(PAGE)  # the door keeps the policies that the first request loads
    with CaptureQueriesContext(database) as few:
        alice.get(PAGE, {"mode": "jit"})
    for number in range(40):
        person(f"p{number}@acme.example")
    with CaptureQueriesContext(database) as many:
        page = alice.get(PAGE, {"mode": "jit"})

    assert "1–25 of 42." in text_of(page)
    assert len(many) == len(few)
