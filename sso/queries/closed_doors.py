"""Why somebody whom an identity provider let in finds no organization open (spec 6.7)."""

from dataclasses import dataclass
from datetime import datetime

from accounts.queries import SignedIn
from identity_platform.errors import PlatformError
from orgs.access import memberships_shown_to
from orgs.actions.invitations import invitations_shown_to
from orgs.errors import MembershipHeld
from orgs.models import Block, Organization
from orgs.models.members import MembershipState
from sso.errors import Blocked, NoOrganization
from sso.models import Connection


@dataclass(frozen=True)
class ClosedDoor:
    """`organization` is the one that says no, where it is one."""

    error: PlatformError
    organization: Organization | None = None


def find_closed_door(signed_in: SignedIn, *, connection: Connection, now: datetime) -> ClosedDoor | None:
    """Why nothing opens for this person; None if something does, or an invitation waits for them.

    Of what the session may be told: what the connection's managers read of somebody doesn't depend on organizations of
    other parents, unless the person proved who they are (R38).
    """
    user = signed_in.user
    memberships = list(memberships_shown_to(signed_in))
    if any(membership.lets_in for membership in memberships):
        return None
    if invitations_shown_to(signed_in, now=now).exists():
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
