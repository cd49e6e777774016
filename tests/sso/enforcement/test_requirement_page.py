"""*Require SSO for every member* on the staff site: seen, reasoned, done, and taken back (spec 6.2, 9.1)."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Way
from audit.models import AuditEvent, OutboxMessage
from orgs.models import Membership, ParentOrganization
from tests.cast import Cast, person
from tests.sso.enforcement.conftest import join, member, plan_of, words

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]


@pytest.fixture
def sam(cast: Cast, browser_of: Browser) -> Client:
    return browser_of(cast.sam, way=Way.STAFF)


def page_of(cast: Cast) -> str:
    return f"/admin/require-sso/{cast.acme_group.id.hex}/"


def is_required(cast: Cast) -> bool:
    return ParentOrganization.objects.get(id=cast.acme_group.id).requires_sso_for_every_member


def test_the_parents_page_leads_to_it(sam: Client, cast: Cast) -> None:
    page = sam.get(f"/admin/orgs/parentorganization/{cast.acme_group.id}/change/")

    assert f'href="{page_of(cast)}"' in page.content.decode()
    assert "Require SSO for every member" in words(page)


def test_who_is_shut_out_is_seen_before_and_exactly_that_is_done(alice: Client, sam: Client, cast: Cast) -> None:
    carla = join(cast.acme, "carla@contractor.example", role="owner")
    seen = sam.get(page_of(cast))
    text = words(seen)
    assert "2 people are shut out" in text
    assert "carla@contractor.example contractor.example isn't assigned to a connection" in text
    assert "bob@acme.example Never signed in with SSO" in text

    done = sam.post(page_of(cast), {"plan": plan_of(seen), "reason": "Ticket 7"}, follow=True)

    assert is_required(cast)
    assert "SSO is required of every member under Acme." in words(done)
    event = AuditEvent.objects.get(code="enforcement.everybody_on")
    assert (event.actor_kind, event.details["reason"]) == ("staff", "Ticket 7")
    mails = OutboxMessage.objects.filter(payload__template="enforcement_everybody")
    assert {mail.payload["to"] for mail in mails} == {cast.alice.email, carla.email}


def test_the_way_back_needs_a_reason_and_no_plan(alice: Client, sam: Client, cast: Cast) -> None:
    sam.post(page_of(cast), {"plan": plan_of(sam.get(page_of(cast))), "reason": "Ticket 7"})
    page = sam.get(page_of(cast))
    assert f'action="{page_of(cast)}stop/"' in page.content.decode()

    assert sam.post(f"{page_of(cast)}stop/", {"reason": " "}).status_code == 422
    assert is_required(cast)
    done = sam.post(f"{page_of(cast)}stop/", {"reason": "Ticket 8"}, follow=True)

    assert not is_required(cast)
    assert "SSO is no longer required of every member under Acme." in words(done)
    assert AuditEvent.objects.get(code="enforcement.everybody_off").details["reason"] == "Ticket 8"


def test_without_a_reason_nothing_is_done_and_it_is_said_at_the_field(alice: Client, sam: Client, cast: Cast) -> None:
    page = sam.post(page_of(cast), {"plan": plan_of(sam.get(page_of(cast))), "reason": ""})

    assert page.status_code == 422
    assert "Type why: it is written into the audit log." in words(page)
    assert not is_required(cast)


def test_an_organization_that_would_keep_no_manager_is_named_and_there_is_no_button(
    alice: Client, sam: Client, cast: Cast
) -> None:
    shown = plan_of(sam.get(page_of(cast)))
    Membership.unscoped.filter(organization=cast.acme_console).delete()
    member(cast.acme_console, person("carla@contractor.example"), role="admin")

    page = sam.get(page_of(cast))
    assert "Acme Console would keep no identity manager who can get in." in words(page)
    assert 'type="submit" value="Require' not in page.content.decode()
    assert sam.post(page_of(cast), {"plan": shown, "reason": "Ticket 7"}).status_code == 409
    assert not is_required(cast)


def test_somebody_newly_shut_out_voids_what_was_shown_and_keeps_the_reason(
    alice: Client, sam: Client, cast: Cast
) -> None:
    shown = plan_of(sam.get(page_of(cast)))
    join(cast.acme, "carla@contractor.example")

    page = sam.post(page_of(cast), {"plan": shown, "reason": "Ticket 7"})

    assert page.status_code == 409
    assert "Something changed since this was shown" in words(page)
    assert 'value="Ticket 7"' in page.content.decode()
    assert sam.post(page_of(cast), {"plan": plan_of(page), "reason": "Ticket 7"}).status_code == 302


@pytest.mark.parametrize("plan", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_plan_that_nobody_was_shown_does_nothing(alice: Client, sam: Client, cast: Cast, plan: str) -> None:
    assert sam.post(page_of(cast), {"plan": plan, "reason": "Ticket 7"}).status_code == 409
    assert not is_required(cast)


def test_it_is_for_staff_with_a_staff_proof_alone(alice: Client, cast: Cast, browser_of: Browser) -> None:
    for browser in (alice, browser_of(cast.sam), browser_of()):
        for address in (page_of(cast), f"{page_of(cast)}stop/"):
            assert browser.get(address).status_code == 302
            assert browser.post(address, {"reason": "Ticket 7"}).status_code == 302
    assert not is_required(cast)


def test_an_unknown_parent_is_not_found_and_the_way_back_answers_posts_alone(sam: Client, cast: Cast) -> None:
    assert sam.get(f"/admin/require-sso/{'0' * 32}/").status_code == 404
    assert sam.get(f"{page_of(cast)}stop/").status_code == 405
