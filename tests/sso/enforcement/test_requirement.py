"""*Require SSO for every member*: staff's act, which shuts out people outside the domains too (spec 6.2)."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Way
from audit.actors import Actor
from audit.models import AuditEvent, OutboxMessage
from identity_platform.models import StoredPlan
from identity_platform.plans import Plan, PlanBlocked, PlanChanged, PlanExpired, store_plan
from orgs.models import Membership, ParentOrganization
from sso.actions.enforcement import require_sso_of_everybody, stop_requiring_sso_of_everybody
from sso.queries.enforcement_plans import plan_requirement
from tests.cast import Cast, person
from tests.factories.sso import IdentityProvider
from tests.sso.enforcement.conftest import join, member

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
PAGE = "/orgs/acme/settings/identity/"


def shown(cast: Cast) -> tuple[Plan, StoredPlan]:
    plan = plan_requirement(cast.acme_group)
    stored = store_plan(plan, parent_id=cast.acme_group.id, actor_id=cast.sam.id, now=timezone.now())
    return plan, stored


def require(cast: Cast, stored: StoredPlan) -> None:
    require_sso_of_everybody(
        cast.acme_group, stored_plan=stored, reason="Ticket 7", actor=Actor.of(cast.sam), now=timezone.now()
    )


def test_people_outside_the_domains_are_shut_out_of_the_parents_organizations(
    alice: Client, cast: Cast, browser_of: Browser
) -> None:
    carla = join(cast.acme, "carla@contractor.example", role="owner")
    browser = browser_of(carla)
    assert browser.get(PAGE).status_code == 200
    plan, stored = shown(cast)
    assert {effect.email for effect in plan.effects} == {"bob@acme.example", "carla@contractor.example"}

    require(cast, stored)

    assert browser.get(PAGE).status_code == 302
    assert alice.get(PAGE).status_code == 200
    event = AuditEvent.objects.get(code="enforcement.everybody_on")
    assert (event.details["reason"], event.details["shut_out"]) == ("Ticket 7", 2)
    mails = OutboxMessage.objects.filter(payload__template="enforcement_everybody")
    assert {mail.payload["to"] for mail in mails} == {cast.alice.email, carla.email}


def test_the_way_back_lets_them_in_again(alice: Client, cast: Cast, browser_of: Browser) -> None:
    browser = browser_of(join(cast.acme, "carla@contractor.example", role="owner"))
    require(cast, shown(cast)[1])
    actor = Actor.of(cast.sam)

    for is_first in (True, False):
        stopped = stop_requiring_sso_of_everybody(cast.acme_group, reason="Ticket 8", actor=actor, now=timezone.now())
        assert stopped is is_first

    assert browser.get(PAGE).status_code == 200
    assert AuditEvent.objects.filter(code="enforcement.everybody_off").count() == 1


def test_it_is_refused_if_an_organization_would_keep_no_manager_who_can_get_in(alice: Client, cast: Cast) -> None:
    """Of any product: Acme Console's only manager has an address elsewhere."""
    Membership.unscoped.filter(organization=cast.acme_console).delete()
    member(cast.acme_console, person("carla@contractor.example"), role="admin")
    plan, stored = shown(cast)

    assert [blocker.message for blocker in plan.blockers] == [
        "Acme Console would keep no identity manager who can get in."
    ]
    with pytest.raises(PlanBlocked):
        require(cast, stored)
    assert not ParentOrganization.objects.get(id=cast.acme_group.id).requires_sso_for_every_member


def test_it_needs_a_domain_with_a_live_connection(cast: Cast) -> None:
    assert "no_domain_assigned" in {blocker.code for blocker in plan_requirement(cast.acme_group).blockers}


def test_somebody_newly_shut_out_changes_the_plan(alice: Client, cast: Cast) -> None:
    _, stored = shown(cast)
    join(cast.acme, "carla@contractor.example")

    with pytest.raises(PlanChanged):
        require(cast, stored)


def test_a_plan_works_once_and_for_whoever_was_shown_it(alice: Client, cast: Cast) -> None:
    _, stored = shown(cast)
    with pytest.raises(PlanExpired):
        require_sso_of_everybody(
            cast.acme_group, stored_plan=stored, reason="", actor=Actor.of(cast.alice), now=timezone.now()
        )
    require(cast, stored)

    with pytest.raises(PlanExpired):
        require(cast, stored)


def test_a_manager_by_another_connections_proof_gets_in_no_more(
    alice: Client, cast: Cast, okta: IdentityProvider, browser_of: Browser
) -> None:
    """Only a proof through the parent's own connection counts (R33)."""
    require(cast, shown(cast)[1])

    assert browser_of(cast.alice, way=Way.SSO, connection=okta.connection).get(PAGE).status_code == 200
    assert browser_of(cast.alice, way=Way.PASSWORD).get(PAGE).status_code == 302
