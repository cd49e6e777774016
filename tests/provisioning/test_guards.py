"""Invitations and changes by hand beside a mode (spec 7.7, 3.3), asked as lower apps ask: through the table."""

import pytest

from audit.actors import SYSTEM
from domains.models import ClaimState, DomainClaim, ShareableName
from orgs import guards
from orgs.actions.memberships import add_membership
from orgs.models import Membership
from provisioning.errors import InvitationNotNeeded, RemovalManagedElsewhere, RoleManagedElsewhere
from provisioning.models import Directory, Mode
from sso.models import ConnectionRevision
from tests.cast import person, role_of
from tests.provisioning.conftest import set_mode

pytestmark = pytest.mark.django_db


def invite(organization, email):
    guards.ask("membership.invite", organization=organization, email=email)


def test_manual_mode_invites_anybody(cast, okta):
    invite(cast.acme, "erin@acme.example")


def test_jit_invites_only_outside_the_assigned_domains_and_says_why(cast, okta):
    set_mode(cast.acme, Mode.JIT)

    invite(cast.acme, "luis@elsewhere.example")
    with pytest.raises(InvitationNotNeeded) as refused:
        invite(cast.acme, "erin@acme.example")

    assert "acme.example" in refused.value.message_text
    assert "sign in through your identity provider" in refused.value.message_text


def test_jit_without_a_live_connection_invites_anybody(cast, okta):
    set_mode(cast.acme, Mode.JIT)
    ConnectionRevision.objects.for_parent(cast.acme_group).update(state="previous")

    invite(cast.acme, "erin@acme.example")


def test_jit_invites_to_an_unassigned_domain_which_counts_as_unverified(cast, okta):
    set_mode(cast.acme, Mode.JIT)
    DomainClaim.objects.for_parent(cast.acme_group).update(connection=None)

    invite(cast.acme, "erin@acme.example")


def test_jit_invites_to_a_shared_domain_which_is_managed_by_hand(cast, okta, now):
    set_mode(cast.acme, Mode.JIT)
    ShareableName.objects.create(name="acme.example", marked_by=cast.sam, marked_at=now, reason="Asked")
    DomainClaim.objects.for_parent(cast.acme_group).update(is_shared=True)

    invite(cast.acme, "erin@acme.example")


def test_jit_invites_nobody_to_a_lapsed_domain_which_makes_no_new_members(cast, okta, now):
    set_mode(cast.acme, Mode.JIT)
    DomainClaim.objects.for_parent(cast.acme_group).update(state=ClaimState.LAPSED, lapsed_at=now)

    with pytest.raises(InvitationNotNeeded):
        invite(cast.acme, "erin@acme.example")


def test_an_organization_without_a_parent_invites_anybody(cast):
    invite(cast.solo, "erin@acme.example")


@pytest.fixture
def directory(cast, okta, now):
    made = Directory.unscoped.create(parent=cast.acme_group, provider="okta", created_at=now)
    DomainClaim.objects.for_parent(cast.acme_group).update(directory=made)
    return made


def test_scim_invites_only_outside_the_directorys_domains(cast, directory):
    set_mode(cast.acme, Mode.SCIM)

    invite(cast.acme, "luis@elsewhere.example")
    with pytest.raises(InvitationNotNeeded):
        invite(cast.acme, "erin@acme.example")


def membership_of(user, organization):
    return Membership.objects.for_org(organization).select_related("organization", "user").get(user=user)


def change(membership, **question):
    guards.ask("membership.change", membership=membership, **question)


def test_roles_are_changed_by_hand_unless_groups_govern_them(cast, directory):
    bob = membership_of(cast.bob, cast.acme)
    for mode in Mode:
        set_mode(cast.acme, mode)
        change(bob)

    for mode in (Mode.JIT, Mode.SCIM):
        set_mode(cast.acme, mode, uses_mappings=True)
        with pytest.raises(RoleManagedElsewhere):
            change(bob)


def test_people_outside_the_domains_are_changed_by_hand_in_every_mode(cast, directory, now):
    luis = person("luis@elsewhere.example")
    add_membership(cast.acme, user=luis, role=role_of(cast.acme, "user"), source="manual", actor=SYSTEM, now=now)
    set_mode(cast.acme, Mode.SCIM, uses_mappings=True)

    change(membership_of(luis, cast.acme))
    change(membership_of(luis, cast.acme), is_removal=True)


def test_removal_is_the_directorys_in_scim_mode_alone(cast, directory):
    set_mode(cast.acme, Mode.JIT)
    change(membership_of(cast.bob, cast.acme), is_removal=True)

    set_mode(cast.acme, Mode.SCIM)
    with pytest.raises(RemovalManagedElsewhere):
        change(membership_of(cast.bob, cast.acme), is_removal=True)
