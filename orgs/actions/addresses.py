"""A person's change of address, with what the apps above have to say to it (spec 2, R32)."""

from datetime import datetime

from django.db import transaction

from accounts.actions import addresses
from accounts.models import AddressChange, User
from audit.actors import Actor
from orgs import guards
from orgs.actions.invitations import withdraw_invitations


def ask_for_new_address(user: User, email: str, *, actor: Actor, now: datetime) -> AddressChange:
    """Mail a link to the new (normalised) address.

    Raises what the guards refuse with: the present address is in a verified domain, or a mail doesn't prove the new
    one; and as `accounts.actions.addresses.ask_for_address_change`.
    """
    guards.ask("address.change", user=user)
    guards.ask("address.prove", email=email, now=now)
    return addresses.ask_for_address_change(user, email, actor=actor, now=now)


def prove_new_address(change: AddressChange, *, actor: Actor, now: datetime) -> None:
    """Move the user to the address that the link has proven. Memberships, sessions and password stay.

    The guards are asked again: a domain may have been verified, or SSO enforced, while the mail was on its way.
    """
    with transaction.atomic():
        guards.ask("address.change", user=change.user)
        guards.ask("address.prove", email=change.email, now=now)
        before = addresses.change_address(change, actor=actor, now=now)
        withdraw_invitations(before, now=now)
