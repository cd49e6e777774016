"""Resetting a connection: what the manager is shown, what ends and what stays, for whom (spec 5.6)."""

import re
from datetime import timedelta

import pytest
from django.core import mail as mailbox
from django.utils import timezone

from accounts.models import User, Way
from audit.actors import SYSTEM
from audit.models import AuditEvent, OutboxMessage
from audit.tasks import deliver_outbox
from domains.models import DomainClaim, ShareableName
from orgs.actions.memberships import add_membership
from orgs.models import Enforcement, Membership, Organization, ParentOrganization, Plan
from provisioning.models import Mode, ProvisioningSettings
from provisioning.queries import settings_of
from sso.actions.connections import edit_connection
from sso.actions.reset import deliver_words_of_reset
from sso.models import Connection, ConnectionRevision, ExternalIdentity, RevisionState
from tests.cast import person, role_of, verified_domain
from tests.factories.sso import bring_answer, leave_for_sso, live_connection, sign_in_with_sso
from tests.provisioning.conftest import set_mode
from tests.sso.setup.conftest import hidden, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def okta(cast, claim):
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))


@pytest.fixture
def other(cast):
    """Another connection of the same parent, for another domain."""
    claim = verified_domain(cast.acme_group, "acme-labs.example", added_by=cast.alice)
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,), name="Entra")


@pytest.fixture
def outside(cast, browser_of):
    """A manager of Acme whose address lies in no domain of it, signed in by email."""
    carol = person("carol@contractors.example")
    join(cast.acme, carol, role="owner")
    return browser_of(carol)


def join(organization, user, *, role="user"):
    return add_membership(
        organization, user=user, role=role_of(organization, role), source="manual", actor=SYSTEM, now=timezone.now()
    )


def page_of(idp, slug="acme"):
    return f"/orgs/{slug}/settings/identity/sso/{idp.connection.id.hex}/reset/"


def tell_people(browser, idp):
    """Press the button of the result page, at the address that its form names."""
    address = re.search(r'<form method="post" action="([^"]+/reset/tell/)"', browser.get(page_of(idp)).content.decode())
    assert address, "no offer to tell the people"
    return browser.post(address.group(1))


def reset(browser, idp, *, typed="Acme"):
    page = browser.get(page_of(idp))
    return browser.post(page_of(idp), {"plan": hidden(page, "plan"), "typed": typed})


def lets_in(browser, slug="acme"):
    answer = browser.get(f"/orgs/{slug}/settings/identity/")
    if answer.status_code == 302:
        assert answer["Location"].startswith("/login/"), answer["Location"]
        return False
    return answer.status_code in {200, 403}


def enforce(parent, product):
    Enforcement.unscoped.create(parent=parent, product=product, enforced_at=timezone.now())


def test_manage_sso_leads_to_it(alice, okta):
    page = alice.get(f"/orgs/acme/settings/identity/sso/{okta.connection.id.hex}/")

    assert page_of(okta) in page.content.decode()


def test_the_preview_counts_sessions_and_names_what_ends_and_what_stays(alice, okta, cast, browser_of, products):
    browser_of(cast.bob)
    browser_of(cast.charlie)
    set_mode(cast.acme, Mode.JIT)
    enforce(cast.acme_group, products["assistant"])
    alice = browser_of(cast.alice, way=Way.SSO, connection=okta.connection)

    says = words(alice.get(page_of(okta)))

    assert "people sign in again 1 domain without a connection" in says
    assert "Everybody with an address at acme.example signs in by an emailed link or code" in says
    assert "SSO is no longer enforced For Assistant: no connection remains." in says
    assert "Nobody joins just in time any more" in says
    assert "Acme (Assistant): provisioning becomes manual." in says
    assert "You are signed out too" in says
    assert "Memberships, roles, seats, resources and API keys don't change." in says
    assert Connection.objects.for_parent(cast.acme_group).get().retired_at is None


def test_the_count_is_of_those_who_are_signed_in_and_lose_it(outside, okta, cast, browser_of):
    browser_of(cast.bob)
    browser_of(cast.bob)
    browser_of(cast.charlie)

    assert "2 sessions end now 1 person signs in again" in words(outside.get(page_of(okta)))


def test_a_reset_signs_its_people_out_and_nobody_else(outside, okta, other, cast, browser_of):
    erin = person("erin@acme-labs.example")
    join(cast.acme, erin)
    by_email, by_sso = browser_of(cast.bob), browser_of(cast.bob, way=Way.SSO, connection=okta.connection)
    theirs = browser_of(erin, way=Way.SSO, connection=other.connection)
    charlie = browser_of(cast.charlie)
    assert all(lets_in(browser) for browser in (by_email, by_sso, theirs))

    assert reset(outside, okta)["Location"] == page_of(okta)

    assert not lets_in(by_email)
    assert not lets_in(by_sso)
    assert lets_in(theirs)
    assert lets_in(outside)
    assert lets_in(charlie, "globex")


def test_afterwards_its_people_sign_in_by_email(outside, okta, cast, browser_of, products):
    enforce(cast.acme_group, products["assistant"])
    before = browser_of()
    before.get("/login/")
    asked = before.post("/login/", {"email": "bob@acme.example", "product": "assistant"})
    assert not asked.get("Location", "").startswith("/login/code/")

    reset(outside, okta)

    browser = browser_of()
    browser.get("/login/")
    sent = browser.post("/login/", {"email": "bob@acme.example", "product": "assistant"})
    assert sent["Location"].startswith("/login/code/")
    assert lets_in(browser_of(cast.bob))


def test_a_proof_through_it_counts_nowhere_even_a_later_one(outside, okta, cast, browser_of, now):
    reset(outside, okta)

    late = browser_of(cast.bob, way=Way.SSO, connection=okta.connection, proved_at=now + timedelta(minutes=1))

    assert not lets_in(late)


def test_whoever_is_at_the_identity_provider_comes_back_to_a_sign_in_that_is_over(outside, okta, browser_of):
    browser = browser_of()
    leaving = leave_for_sso(browser, "bob@acme.example")
    answer = okta.answer(request_id=leaving.request_id, email="bob@acme.example")

    reset(outside, okta)

    page = bring_answer(browser, okta, answer, leaving.relay_state)
    assert page.status_code in {400, 403, 404}
    assert browser.get("/")["Location"].startswith("/login/")


def test_an_answer_that_was_parked_before_signs_nobody_in(outside, okta, browser_of):
    browser = browser_of()
    leaving = leave_for_sso(browser, "bob@acme.example")
    answer = okta.answer(request_id=leaving.request_id, email="bob@acme.example")
    parked = browser.post(
        f"/sso/saml/{okta.connection.id.hex}/acs/", {"SAMLResponse": answer, "RelayState": leaving.relay_state}
    )
    assert parked.status_code == 303

    reset(outside, okta)

    assert browser.get(parked["Location"]).status_code in {400, 403, 404}
    assert browser.get("/")["Location"].startswith("/login/")


def test_with_the_last_connection_enforcement_and_just_in_time_go(outside, okta, cast, products):
    set_mode(cast.acme, Mode.JIT)
    ProvisioningSettings.objects.for_org(cast.acme).update(uses_mappings=True)
    set_mode(cast.acme_console, Mode.SCIM)
    set_mode(cast.globex, Mode.JIT)
    for product in products.values():
        enforce(cast.acme_group, product)
    enforce(cast.globex_group, products["assistant"])
    ParentOrganization.objects.filter(id=cast.acme_group.id).update(requires_sso_for_every_member=False)

    reset(outside, okta)

    assert not Enforcement.objects.for_parent(cast.acme_group).exists()
    assert Enforcement.objects.for_parent(cast.globex_group).exists()
    modes = {one.slug: settings_of(one).mode for one in (cast.acme, cast.acme_console, cast.globex)}
    assert modes == {"acme": Mode.MANUAL, "acme-console": Mode.SCIM, "globex": Mode.JIT}
    assert settings_of(cast.acme).uses_mappings is False
    assert AuditEvent.objects.filter(code="enforcement.turned_off").count() == len(products)
    [switched] = AuditEvent.objects.filter(code="provisioning.mode_changed")
    assert (switched.organization_id, switched.before["mode"], switched.after["mode"]) == (
        cast.acme.id,
        "jit",
        "manual",
    )


def test_while_another_connection_is_live_enforcement_and_just_in_time_stay(outside, okta, other, cast, products):
    set_mode(cast.acme, Mode.JIT)
    enforce(cast.acme_group, products["assistant"])

    says = words(outside.get(page_of(okta)))
    assert "Your other connections go on Entra." in says.replace("Done: ", "")
    reset(outside, okta)

    assert Enforcement.objects.for_parent(cast.acme_group).exists()
    assert settings_of(cast.acme).mode == Mode.JIT
    assert Connection.objects.for_parent(cast.acme_group).get(id=other.connection.id).retired_at is None


def test_a_set_up_that_never_went_live_keeps_nothing_enforced(outside, okta, cast, products):
    """It serves nobody: going live with it later would lock people out without a plan of enforcing."""
    live_connection(cast.acme_group, created_by=cast.alice, name="Entra", state=RevisionState.TESTED)
    enforce(cast.acme_group, products["assistant"])

    reset(outside, okta)

    assert not Enforcement.objects.for_parent(cast.acme_group).exists()


def test_what_everybody_must_do_goes_with_the_last_connection(okta, cast, browser_of):
    ParentOrganization.objects.filter(id=cast.acme_group.id).update(requires_sso_for_every_member=True)
    alice = browser_of(cast.alice, way=Way.SSO, connection=okta.connection)

    reset(alice, okta)

    assert lets_in(browser_of(cast.alice))
    assert AuditEvent.objects.filter(code="enforcement.everybody_off").exists()


def test_it_is_refused_where_everybody_needs_sso_and_its_people_would_keep_no_way_in(okta, other, cast, browser_of):
    ParentOrganization.objects.filter(id=cast.acme_group.id).update(requires_sso_for_every_member=True)
    alice = browser_of(cast.alice, way=Way.SSO, connection=okta.connection)

    page = alice.get(page_of(okta))

    assert "would have no way in" in words(page)
    assert 'name="typed"' not in page.content.decode()


def test_domains_memberships_and_ties_stay_and_the_draft_goes(outside, okta, cast, browser_of):
    sign_in_with_sso(browser_of(), okta, "bob@acme.example")
    edit_connection(okta.connection, actor=SYSTEM, now=timezone.now())
    members = Membership.objects.for_org(cast.acme).count()

    reset(outside, okta)

    claim = DomainClaim.objects.for_parent(cast.acme_group).get()
    assert (claim.state, claim.connection_id) == ("verified", None)
    assert Membership.objects.for_org(cast.acme).count() == members
    assert ExternalIdentity.objects.for_parent(cast.acme_group).filter(retired_at=None).count() == 1
    states = ConnectionRevision.objects.for_parent(cast.acme_group).values_list("state", flat=True)
    assert sorted(states) == ["discarded", "live"]


def test_it_is_written_down_and_told(outside, okta, cast):
    reset(outside, okta)

    event = AuditEvent.objects.get(code="connection.reset")
    assert (event.parent_id, event.target_id) == (cast.acme_group.id, okta.connection.id.hex)
    assert (event.before["domains"], event.after["domains"]) == (["acme.example"], [])
    deliver_outbox()
    told = {mail.to[0]: mail for mail in mailbox.outbox}
    assert set(told) == {"alice@acme.example", "carol@contractors.example"}
    assert told["alice@acme.example"].subject == "Okta was reset"
    assert "People with an address at acme.example were signed out" in told["alice@acme.example"].body
    assert "/settings/identity/" in told["alice@acme.example"].body


@pytest.mark.parametrize(("typed", "says"), [("", "Type the name to confirm."), ("Globex", "This isn't Acme.")])
def test_another_name_resets_nothing_and_says_so_at_the_field(outside, okta, cast, typed, says):
    page = reset(outside, okta, typed=typed)

    assert page.status_code == 422
    assert says in words(page)
    assert Connection.objects.for_parent(cast.acme_group).get().retired_at is None


def change_domains(cast, okta, products):
    claim = verified_domain(cast.acme_group, "acme-labs.example", added_by=cast.alice)
    DomainClaim.objects.for_parent(cast.acme_group).filter(id=claim.id).update(connection=okta.connection)


def lapse_the_domain(cast, okta, products):
    DomainClaim.objects.for_parent(cast.acme_group).update(state="lapsed", lapsed_at=timezone.now())


def open_a_draft(cast, okta, products):
    edit_connection(okta.connection, actor=SYSTEM, now=timezone.now())


def make_another_live(cast, okta, products):
    live_connection(cast.acme_group, created_by=cast.alice, name="Entra")


def enforce_a_product(cast, okta, products):
    enforce(cast.acme_group, products["console"])


def switch_to_just_in_time(cast, okta, products):
    set_mode(cast.acme_console, Mode.JIT)


@pytest.mark.parametrize(
    "meanwhile",
    [change_domains, lapse_the_domain, open_a_draft, make_another_live, enforce_a_product, switch_to_just_in_time],
)
def test_a_preview_is_void_once_what_it_showed_changes(outside, okta, cast, products, meanwhile):
    shown = hidden(outside.get(page_of(okta)), "plan")
    meanwhile(cast, okta, products)

    answer = outside.post(page_of(okta), {"plan": shown, "typed": "Acme"})

    assert answer.status_code == 409
    assert "Something changed since this was shown" in words(answer)
    assert Connection.objects.for_parent(cast.acme_group).get(id=okta.connection.id).retired_at is None
    again = outside.post(page_of(okta), {"plan": hidden(answer, "plan"), "typed": "Acme"})
    assert again.status_code == 302


def test_somebody_signing_in_meanwhile_does_not_void_it(outside, okta, cast, browser_of):
    shown = hidden(outside.get(page_of(okta)), "plan")
    browser_of(cast.bob)

    assert outside.post(page_of(okta), {"plan": shown, "typed": "Acme"}).status_code == 302


def test_only_who_was_shown_the_plan_confirms_it_once(outside, okta, alice):
    shown = {"plan": hidden(outside.get(page_of(okta)), "plan"), "typed": "Acme"}

    assert alice.post(page_of(okta), shown).status_code == 409
    assert outside.post(page_of(okta), shown).status_code == 302


@pytest.mark.parametrize("typed", ["Acme", "Globex", ""])
def test_a_second_press_leads_to_the_result_and_mails_nobody(outside, okta, typed):
    shown = hidden(outside.get(page_of(okta)), "plan")
    outside.post(page_of(okta), {"plan": shown, "typed": "Acme"})

    again = outside.post(page_of(okta), {"plan": shown, "typed": typed})

    assert again["Location"] == page_of(okta)
    assert not OutboxMessage.objects.filter(topic="sso.tell_of_reset").exists()
    assert AuditEvent.objects.filter(code="connection.reset").count() == 1


def test_another_manager_whose_page_is_from_before_comes_to_the_result_and_mails_nobody(
    outside, okta, cast, browser_of
):
    dan = person("dan@contractors.example")
    join(cast.acme, dan, role="owner")
    late = browser_of(dan)
    shown = hidden(late.get(page_of(okta)), "plan")
    reset(outside, okta)

    answer = late.post(page_of(okta), {"plan": shown, "typed": "Acme"})

    assert answer["Location"] == page_of(okta)
    assert not OutboxMessage.objects.filter(topic="sso.tell_of_reset").exists()


def test_nobody_is_told_of_a_reset_that_did_not_happen(outside, okta):
    assert outside.post(f"{page_of(okta)}tell/")["Location"] == page_of(okta)

    assert not OutboxMessage.objects.filter(topic="sso.tell_of_reset").exists()
    assert not AuditEvent.objects.filter(code="connection.people_told").exists()


def test_it_needs_a_recent_sign_in(okta, cast, browser_of, now):
    old = browser_of(cast.alice, proved_at=now - timedelta(hours=2))

    assert old.get(page_of(okta))["Location"].startswith("/login/?again=true")
    assert old.post(page_of(okta), {"typed": "Acme"})["Location"].startswith("/login/?again=true")


def test_a_manager_who_is_signed_out_by_it_ends_on_a_page_that_says_so(okta, cast, browser_of):
    alice = browser_of(cast.alice, way=Way.SSO, connection=okta.connection)

    page = reset(alice, okta)

    assert page.status_code == 200
    assert "That ended your own sign-in at Acme, too." in words(page)
    link = re.search(r'href="(/login/\?again=true&amp;next=[^"]+)"', page.content.decode())
    assert link
    assert alice.get(link.group(1).replace("&amp;", "&")).status_code == 200
    assert not lets_in(alice)


def test_a_manager_whose_plan_lost_sso_can_still_reset(okta, outside, cast):
    Organization.objects.filter(id=cast.acme.id).update(plan=Plan.objects.get(product__slug="assistant", slug="free"))

    overview = outside.get("/orgs/acme/settings/identity/")

    assert page_of(okta) in overview.content.decode()
    assert reset(outside, okta).status_code == 302


def test_managers_are_told_also_where_no_plan_holds_sso_any_more(okta, outside, cast):
    Organization.objects.filter(id=cast.acme_console.id).update(parent=None)
    Organization.objects.filter(id=cast.acme.id).update(plan=Plan.objects.get(product__slug="assistant", slug="free"))

    reset(outside, okta)

    mails = OutboxMessage.objects.filter(payload__template="connection_reset")
    assert {mail.payload["to"] for mail in mails} == {"alice@acme.example", "carol@contractors.example"}


def test_identity_and_access_leads_to_it_for_a_week(outside, okta, cast):
    reset(outside, okta)
    overview = "/orgs/acme/settings/identity/"
    assert page_of(okta) in outside.get(overview).content.decode()

    Connection.objects.for_parent(cast.acme_group).update(retired_at=timezone.now() - timedelta(days=8))
    assert page_of(okta) not in outside.get(overview).content.decode()


def test_afterwards_its_people_can_be_told_once(outside, okta, cast, browser_of):
    person("erin@acme.example")
    person("hal@acme-labs.example")
    reset(outside, okta)
    deliver_outbox()
    mailbox.outbox.clear()
    assert "3 accounts have an address in these domains" in words(outside.get(page_of(okta)))

    assert tell_people(outside, okta).status_code == 302
    assert outside.post(f"{page_of(okta)}tell/").status_code == 302

    deliver_outbox()
    told = sorted(mail.to[0] for mail in mailbox.outbox)
    assert told == ["alice@acme.example", "bob@acme.example", "erin@acme.example"]
    body = mailbox.outbox[0].body
    assert re.findall(r"https?://\S*/login/\S*", body) == re.findall(r"https?://\S*/login/(?=\s|$)", body) != []
    assert "3 people mailed" in words(outside.get(page_of(okta)))
    assert AuditEvent.objects.get(code="connection.people_told").details == {"count": 3}


def test_of_a_shared_name_only_members_here_are_told(outside, okta, cast, claim):
    person("erin@acme.example")

    ShareableName.objects.create(name=claim.name, marked_by=cast.sam, marked_at=timezone.now(), reason="Two companies")
    DomainClaim.objects.for_parent(cast.acme_group).update(is_shared=True)

    reset(outside, okta)

    assert "2 accounts have an address" in words(outside.get(page_of(okta)))


def test_telling_costs_few_statements_for_many_people(outside, okta, cast, django_assert_max_num_queries):

    User.objects.bulk_create(User(email=f"p{n}@acme.example", created_at=timezone.now()) for n in range(2_500))
    reset(outside, okta)
    with django_assert_max_num_queries(30):
        tell_people(outside, okta)

    message = OutboxMessage.objects.get(topic="sso.tell_of_reset")
    with django_assert_max_num_queries(12):
        deliver_words_of_reset(message.payload, {})
    assert OutboxMessage.objects.filter(topic="mail", payload__template="connection_reset_people").count() == 2_502


def test_another_parents_manager_finds_nothing(okta, cast, browser_of):
    charlie = browser_of(cast.charlie)

    assert charlie.get(page_of(okta)).status_code == 404
    assert charlie.get(page_of(okta, slug="globex")).status_code == 404
