"""Who is let in, and who counts as a manager: memberships on hold are neither."""

import pytest
from django.utils import timezone

from audit.actors import SYSTEM
from orgs.actions.memberships import end_membership
from orgs.errors import LastManager
from orgs.models import Membership, Organization, Plan
from orgs.models.members import MembershipState
from orgs.queries import identity_managers_of, managers_of, managers_under
from tests.cast import Cast, role_of

pytestmark = pytest.mark.django_db


def hold(membership: Membership) -> Membership:
    membership.state, membership.held_at = MembershipState.HELD, timezone.now()
    membership.save(update_fields=["state", "held_at"])
    return membership


def membership_of(cast: Cast, name: str) -> Membership:
    return Membership.objects.for_org(cast.acme).get(user=getattr(cast, name))


def test_one_membership_lets_in_whom_the_query_lets_in(cast: Cast) -> None:
    alice, bob = membership_of(cast, "alice"), hold(membership_of(cast, "bob"))

    assert (alice.lets_in, bob.lets_in) == (True, False)
    assert set(Membership.unscoped.letting_in().filter(organization=cast.acme)) == {alice}


def test_a_manager_on_hold_is_told_nothing_of_the_settings(cast: Cast) -> None:
    for membership in Membership.unscoped.filter(user=cast.alice, organization__parent=cast.acme_group):
        hold(membership)

    assert not managers_of(cast.acme).exists()
    assert not identity_managers_of(cast.acme_group).exists()
    assert not managers_under(cast.acme_group).exists()


def test_managers_are_told_whatever_their_plan_and_change_settings_only_where_it_holds_sso(cast: Cast) -> None:
    Organization.objects.filter(id=cast.acme_console.id).update(parent=None)
    Organization.objects.filter(id=cast.acme.id).update(plan=Plan.objects.get(product__slug="assistant", slug="free"))

    assert not identity_managers_of(cast.acme_group).exists()
    assert set(managers_under(cast.acme_group)) == {cast.alice}


def test_a_manager_on_hold_does_not_make_up_for_the_last_one(cast: Cast) -> None:
    bob = membership_of(cast, "bob")
    bob.role = role_of(cast.acme, "owner")
    bob.save(update_fields=["role"])
    hold(bob)

    with pytest.raises(LastManager):
        end_membership(membership_of(cast, "alice"), reason="left", actor=SYSTEM, now=timezone.now())
    Membership.unscoped.filter(id=bob.id).update(state=MembershipState.ACTIVE, held_at=None)
    end_membership(membership_of(cast, "alice"), reason="left", actor=SYSTEM, now=timezone.now())

    assert list(managers_of(cast.acme)) == [cast.bob]
