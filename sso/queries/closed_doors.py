"""Why somebody whom an identity provider let in finds no organization open (spec 6.7)."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from identity_platform.errors import PlatformError
from orgs.errors import MembershipHeld
from orgs.models import Block, Invitation, Membership, Organization
from orgs.models.members import MembershipState
from sso.errors import Blocked, NoOrganization
from sso.models import Connection


@dataclass(frozen=True)
class ClosedDoor:
    """`organization` is the one that says no, where it is one."""

    error: PlatformError
    organization: Organization | None = None


def find_closed_door(user: User, *, connection: Connection, now: datetime) -> ClosedDoor | None:
    """Why nothing opens for this person; None if something does, or an invitation waits for them."""
    # One person's own, wherever they are: a way in anywhere is a way on.
    memberships = list(Membership.unscoped.filter(user=user).select_related("organization"))
    if any(membership.lets_in for membership in memberships):
        return None
    invited = Invitation.unscoped.filter(  # the person's own, by their proven address
        email=user.email, accepted_at=None, withdrawn_at=None, expires_at__gt=now
    )
    if invited.exists():
        return None
    held = [
        each.organization
        for each in memberships
        if each.state == MembershipState.HELD and each.organization.parent_id == connection.parent_id
    ]
    if held:
        return ClosedDoor(MembershipHeld(organization=held[0].name, received=user.email), organization=held[0])
    block = (
        Block.unscoped.filter(user=user, organization__parent=connection.parent_id)  # under the connection's own parent
        .select_related("organization")
        .first()
    )
    if block:
        name = block.organization.name
        return ClosedDoor(Blocked(organization=name, received=user.email), organization=block.organization)
    return ClosedDoor(NoOrganization(received=user.email))
