"""What an event keeps: names as they were, the request that caused it, and a sentence for people."""

import re

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from audit import actions as audit
from audit.actors import SYSTEM, Actor
from audit.codes import Code
from audit.models import AuditEvent
from audit.queries import describe
from identity_platform.references import PATTERN
from identity_platform.request_context import RequestContext, serving
from orgs.actions.memberships import end_membership
from orgs.models import Membership
from tests.cast import Cast, open_browser, verified_domain


@pytest.mark.django_db
@pytest.mark.parametrize("code", Code)
def test_every_event_can_be_written_and_read_as_a_sentence(code: Code) -> None:
    event = audit.record(code, actor=SYSTEM, target_label="Someone")

    event.refresh_from_db()
    assert event.code == code.value
    assert describe(event)[0].isupper()
    assert "{" not in describe(event)


@pytest.mark.django_db
def test_an_unknown_code_is_not_written() -> None:
    with pytest.raises((KeyError, ValueError)):
        audit.record("sign_in.invented", actor=SYSTEM)  # type: ignore[arg-type]

    assert not AuditEvent.objects.filter(code="sign_in.invented").exists()


def test_names_are_those_of_the_time(cast: Cast) -> None:
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    event = audit.record(
        Code.DOMAIN_ADDED, actor=Actor.of(cast.alice), parent_id=cast.acme_group.id, target=claim, now=timezone.now()
    )

    cast.alice.name, cast.alice.email = "Somebody Else", "else@acme.example"
    cast.alice.save()
    claim.delete()

    event.refresh_from_db()
    assert describe(event) == "Alice added the domain acme.example"
    assert event.actor_user_id == cast.alice.id


def test_an_ended_membership_stays_readable(cast: Cast) -> None:
    membership = Membership.objects.for_org(cast.acme).get(user=cast.bob)

    end_membership(membership, reason="left the company", actor=Actor.of(cast.alice), now=timezone.now())

    event = AuditEvent.objects.get(code="membership.ended")
    assert describe(event) == "Alice ended the membership of bob@acme.example"
    assert event.before == {"role": "user", "source": "manual", "state": "active"}
    assert event.details == {"reason": "left the company"}
    assert (event.organization_id, event.parent_id) == (cast.acme.id, cast.acme_group.id)


@pytest.mark.django_db
def test_an_event_carries_the_request_that_caused_it() -> None:
    with serving(RequestContext(request_id="f" * 32, ip="192.0.2.7", user_agent="Mozilla/5.0 " + "x" * 300)):
        event = audit.record(Code.PRODUCTS_LOADED, actor=SYSTEM)

    event.refresh_from_db()
    assert (event.request_id, event.ip) == ("f" * 32, "192.0.2.7")
    assert event.user_agent.startswith("Mozilla/5.0 ")


@pytest.mark.django_db
def test_an_event_outside_of_any_request_has_no_address() -> None:
    event = audit.record(Code.PRODUCTS_LOADED, actor=SYSTEM)

    event.refresh_from_db()
    assert (event.request_id, event.ip, event.user_agent) == ("", None, "")


def test_a_press_on_a_page_is_found_by_the_id_of_its_request(cast: Cast) -> None:
    sent = {"user-agent": "Firefox", "x-request-id": "forged"}

    answer = open_browser(cast.alice).post("/logout/", headers=sent, REMOTE_ADDR="192.0.2.7")

    event = AuditEvent.objects.get(code="sign_in.signed_out")
    assert event.request_id == answer["X-Request-ID"] != "forged"
    assert (event.ip, event.user_agent) == ("192.0.2.7", "Firefox")
    assert (event.actor_user_id, event.actor_label) == (cast.alice.id, "Alice")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "noted"),
    [
        pytest.param(0, "203.0.113.9", "192.0.2.1", id="without-a-proxy-the-header-is-anybody's-word"),
        pytest.param(1, "203.0.113.9, 198.51.100.4", "198.51.100.4", id="one-proxy-wrote-the-last-entry"),
        pytest.param(2, "203.0.113.9, 198.51.100.4", "203.0.113.9", id="two-proxies-wrote-two"),
        pytest.param(2, "198.51.100.4", "192.0.2.1", id="fewer-entries-than-proxies"),
        pytest.param(1, "not an address", None, id="what-is-no-address-is-not-noted"),
    ],
)
def test_an_address_is_believed_only_from_proxies_of_ours(
    proxies: int, forwarded: str, noted: str | None, cast: Cast, settings: Settings
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies

    open_browser(cast.bob).post("/logout/", headers={"x-forwarded-for": forwarded}, REMOTE_ADDR="192.0.2.1")

    assert AuditEvent.objects.get(code="sign_in.signed_out").ip == noted


@pytest.mark.django_db
def test_a_reference_is_short_and_each_is_new() -> None:
    references = {audit.record(Code.PRODUCTS_LOADED, actor=SYSTEM).reference for _ in range(20)}

    assert len(references) == 20
    assert all(re.fullmatch(PATTERN, reference) for reference in references)


@pytest.mark.django_db
def test_an_event_of_a_change_that_was_rolled_back_is_gone_with_it() -> None:
    def change_and_fail() -> None:
        with transaction.atomic():
            audit.record(Code.STAFF_CREATED, actor=SYSTEM)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        change_and_fail()

    assert not AuditEvent.objects.filter(code="staff.created").exists()
