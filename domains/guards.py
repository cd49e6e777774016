"""Answers to questions of lower apps (settings.GUARDS; `orgs/guards.py` says what a guard is)."""

from typing import Any

from accounts.models import User
from domains import queries
from domains.errors import AddressIsManaged, NewOrganizationsDisabled
from orgs.queries import identity_managers_of

NAMED_MANAGERS = 3  # more names than these wouldn't help anybody to decide whom to ask


def new_organizations_are_allowed(*, user: User, **_: Any) -> None:
    """Raise NewOrganizationsDisabled if the parent that holds the user's domain doesn't let its people create
    organizations, of any product, personal ones included (spec 3.6). Says whom to ask."""
    for claim in queries.verified_claims_on(user.email_domain).filter(
        is_shared=False, parent__new_organizations_disabled=True
    ):
        managers = identity_managers_of(claim.parent)[:NAMED_MANAGERS]
        people = " or ".join(f"{manager.display_name} ({manager.email})" for manager in managers)
        raise NewOrganizationsDisabled(
            parent=claim.parent.name, domain=claim.name, people=people or "your IT department"
        )


def address_is_free_to_change(*, user: User, **_: Any) -> None:
    """Raise AddressIsManaged if the user's present address lies in a verified domain, shared or not (spec 2)."""
    if queries.verified_claims_on(user.email_domain).exists():
        raise AddressIsManaged(domain=user.email_domain)
