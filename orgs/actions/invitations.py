"""Invitations, as far as other changes touch them."""

from datetime import datetime

from orgs.models import Invitation


def withdraw_invitations(email: str, *, now: datetime) -> None:
    """Withdraw every open invitation of an address, in all organizations: it is no longer its user's (spec 2)."""
    open_ones = Invitation.unscoped.filter(email=email, accepted_at=None, withdrawn_at=None)  # bound to the address
    open_ones.update(withdrawn_at=now)
