"""What this app answers when a lower one asks (settings.GUARDS)."""

from typing import Any

from accounts.addresses import domain_of
from orgs.models import Membership, Organization
from provisioning.engine import Reach
from provisioning.errors import InvitationNotNeeded, RemovalManagedElsewhere, RoleManagedElsewhere
from provisioning.models import Mode
from provisioning.queries import live_connections_of, reach_of, settings_of

# A lapsed domain still belongs to the parent: it makes no new members by invitation either (spec 4.6). A shared one is
# managed by hand.
_INSIDE = frozenset({Reach.ASSIGNED, Reach.LAPSED})


def invitation_fits_mode(*, organization: Organization, email: str, **_: Any) -> None:
    """The `membership.invite` guard: raises InvitationNotNeeded for people who come in by themselves (spec 7.7)."""
    mode = Mode(settings_of(organization).mode)
    if mode == Mode.MANUAL or organization.parent_id is None:
        return
    if mode == Mode.JIT and not live_connections_of(organization.parent_id):
        return
    if reach_of(email, parent_id=organization.parent_id, mode=mode) in _INSIDE:
        ways = {
            Mode.JIT: "they become members when they sign in through your identity provider",
            Mode.SCIM: "your directory adds them",
        }
        raise InvitationNotNeeded(domain=domain_of(email), how=ways[mode])


def change_fits_mode(*, membership: Membership, is_removal: bool = False, **_: Any) -> None:
    """The `membership.change` guard: raises for what the identity provider decides about people in its domains.

    Raises RoleManagedElsewhere with group mappings (role, tier), RemovalManagedElsewhere in SCIM mode (removal).
    """
    organization = membership.organization
    settings = settings_of(organization)
    governs = settings.mode == Mode.SCIM if is_removal else settings.uses_mappings
    if not governs:
        return
    if reach_of(membership.user.email, parent_id=organization.parent_id, mode=Mode(settings.mode)) in _INSIDE:
        refusal = RemovalManagedElsewhere if is_removal else RoleManagedElsewhere
        raise refusal(person=membership.user.display_name)
