"""Who asks for SSO, and since when: what the page that asks for it may say."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Min

from accounts.queries import SignedIn
from orgs.access import memberships_shown_to
from orgs.models import Enforcement, Membership, Product


def enforced_since(connections: Iterable[uuid.UUID], *, product: Product | None) -> datetime | None:
    """When the parents of these connections began to enforce SSO for the product (for any, without one).

    A fact of the address's domain, alike for known and unknown addresses.
    """
    enforced = Enforcement.unscoped.filter(parent__connections__in=list(connections))  # those that the offer named
    if product is not None:
        enforced = enforced.filter(product=product)
    since: datetime | None = enforced.aggregate(since=Min("enforced_at"))["since"]
    return since


def membership_that_asks(signed_in: SignedIn, *, slug: str) -> Membership | None:
    """The person's own membership of the organization that asks, if this session may be told of it."""
    return memberships_shown_to(signed_in).filter(organization__slug=slug).first()
