"""Invitations: accepted by the person whose address they are bound to, void when that address changes."""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from accounts.queries import SignedIn
from audit import actions as audit
from audit.actors import Actor
from audit.codes import Code
from orgs import guards
from orgs.actions.memberships import add_membership
from orgs.errors import InvitationBlocked, InvitationOver, ProofOfParentsOnly
from orgs.models import Block, Invitation, Membership, Organization
from orgs.models.members import Source


def invitations_shown_to(signed_in: SignedIn, *, now: datetime) -> QuerySet[Invitation]:
    """The open invitations to the person's address, as far as this session may be told of them (spec 6.3)."""
    invitations = _open_invitations_of(signed_in.user, now=now)
    try:
        guards.ask("account.show", signed_in=signed_in)
    except ProofOfParentsOnly as only:
        return invitations.filter(organization__parent__in=only.parents)
    return invitations


def accept_invitation(invitation_id: uuid.UUID, *, signed_in: SignedIn, now: datetime) -> Membership:
    """Make the person a member as invited; of two at once one succeeds (R48).

    Raises InvitationOver, InvitationBlocked, AlreadyMember, and ProofNeeded where the session's proofs would not open
    the organization (R34).
    """
    invitation = invitations_shown_to(signed_in, now=now).filter(id=invitation_id).first()
    if invitation is None:
        raise InvitationOver
    user, actor = signed_in.user, Actor.of(signed_in.user)
    with transaction.atomic():
        # Nothing of the parent is written: the organization alone is locked.
        organization = (
            Organization.objects.select_for_update(of=("self",))
            .select_related("parent", "product", "plan")
            .get(id=invitation.organization_id)
        )
        guards.ask("invitation.accept", signed_in=signed_in, organization=organization, now=now)
        if Block.objects.for_org(organization).filter(user=user).exists():
            raise InvitationBlocked(organization=organization.name)
        still_open = _open_invitations_of(user, now=now).filter(id=invitation.id)
        if not still_open.update(accepted_at=now):
            raise InvitationOver
        membership = add_membership(
            organization,
            user=user,
            role=invitation.role,
            tier=invitation.tier,
            source=Source.INVITATION,
            reason=f"Invited by {invitation.invited_by}" if invitation.invited_by else "Invited",
            actor=actor,
            now=now,
        )
        audit.record(
            Code.INVITATION_ACCEPTED,
            actor=actor,
            organization=organization,
            target=invitation,
            target_label=invitation.email,
            after={"role": invitation.role.slug},
            details={"organization": organization.name},
            now=now,
        )
    return membership


def withdraw_invitations(email: str, *, now: datetime) -> None:
    """Withdraw every open invitation of an address, in all organizations: it is no longer its user's (spec 2)."""
    open_ones = Invitation.unscoped.filter(email=email, accepted_at=None, withdrawn_at=None)  # bound to the address
    open_ones.update(withdrawn_at=now)


def _open_invitations_of(user: User, *, now: datetime) -> QuerySet[Invitation]:
    """To organizations that the person isn't in yet; the owner of these rows is the person's address."""
    # The person's own, whichever organization; and whether they are in it already.
    member = Membership.unscoped.filter(organization=OuterRef("organization"), user=user)
    # As above: bound to the address.
    invitations = Invitation.unscoped.filter(
        ~Exists(member), email=user.email, accepted_at=None, withdrawn_at=None, expires_at__gt=now
    )
    related = ("organization__product", "organization__parent", "role", "tier", "invited_by")
    return invitations.select_related(*related).order_by("-created_at")
