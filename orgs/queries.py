"""Reads that span several tables."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone

from accounts import browser
from accounts.models import Session, User
from accounts.queries import SignedIn, proofs_of_session, take_up
from identity_platform import credentials
from identity_platform.prepared import prepared
from orgs.models import Membership, Organization, ParentOrganization, Role


@dataclass(frozen=True)
class Holder:
    """The parent that holds the domain of somebody's address verified and alone, with its `access_version`."""

    parent_id: uuid.UUID
    access_version: int


@dataclass(frozen=True)
class Visitor(SignedIn):
    """Whoever is signed in, at one organization: all that the door judges. Strangers have no `membership`."""

    slug: str
    membership: Membership | None
    holder: Holder | None


def find_visitor(request: HttpRequest, slug: str) -> Visitor | None:
    """Session, person, proofs, their membership of this organization and who holds their domain, in one query."""
    key = browser.session_key(request)
    if not key:
        return None
    now = timezone.now()
    proofs = _proofs_with_membership(credentials.hash_token(key), slug=slug, now=now)
    signed_in = take_up(proofs, now=now)
    if signed_in is None:
        return None
    row: Any = proofs[0]
    membership: Membership | None = getattr(row, "membership", None)  # Django leaves it away where there is no row
    if membership:
        membership.user = signed_in.user
    return Visitor(
        session=signed_in.session,
        user=signed_in.user,
        proofs=signed_in.proofs,
        slug=slug,
        membership=membership,
        holder=Holder(row.holder_id, row.holder_version) if row.holder_id else None,
    )


@prepared
def _proofs_with_membership(key_hash: str, *, slug: str, now: datetime) -> QuerySet[Any]:
    """The session's proofs, each with the person's `membership` of the organization and the domain's holder."""
    # The session's own person: whose key it is decides.
    person = Session.objects.filter(key_hash=key_hash).values("user")
    theirs = Membership.unscoped.filter(organization__slug=slug, user=Subquery(person))
    # A name that is verified and not shared has one holder (`unshared_domain_has_one_holder`).
    holders = ParentOrganization.objects.filter(
        domain_claims__name=OuterRef("session__user__email_domain"),
        domain_claims__state="verified",
        domain_claims__is_shared=False,
    )
    proofs: Any = proofs_of_session(key_hash, now=now)  # the types know no filtered relations
    return (
        proofs.annotate(
            membership=FilteredRelation(
                "session__user__memberships",
                condition=Q(session__user__memberships__id=Subquery(theirs.values("id"))),
            ),
            holder_id=Subquery(holders.values("id")),
            holder_version=Subquery(holders.values("access_version")),
        )
        .select_related(
            *("session__user", "connection", "membership__role", "membership__organization__product"),
            *("membership__organization__plan", "membership__organization__parent"),
        )
        # What no page of an organization shows of the person in front of it: each column is CPU (benchmarks/).
        .defer(
            *("session__key_hash", "session__browser_hash", "session__ip", "session__user_agent", "session__ended_at"),
            *("session__user__password", "session__user__email_domain", "session__user__erased_at"),
            *("connection__protocol", "connection__provider", "connection__default_product"),
            *("connection__created_by", "connection__created_at", "connection__last_sign_in_at"),
        )
    )


def memberships_of(user: User) -> QuerySet[Membership]:
    """Where somebody may go: their memberships, on hold or not, with what a list shows."""
    # A person's own memberships span organizations: the owner here is the person.
    return (
        Membership.unscoped.filter(user=user)
        .select_related("organization__product", "organization__plan", "organization__parent", "role", "tier")
        .order_by("organization__name")
    )


def identity_managers_of(parent: ParentOrganization) -> QuerySet[User]:
    """Everybody who may change the parent's settings: identity managers of its organizations that hold SSO."""
    # Asked by parent, which spans its organizations.
    managing = Membership.unscoped.managing_identity().filter(user=OuterRef("pk"), organization__parent=parent)
    holding_sso = managing.filter(Q(organization__plan__includes_sso=True) | Q(organization__is_granted_sso=True))
    return User.objects.filter(Exists(holding_sso)).order_by("email")


def managers_under(parent: ParentOrganization) -> QuerySet[User]:
    """Everybody who manages identity in an organization of the parent, on whatever plan: who is told of changes.

    What is in force outlives the plan that it was set up on (spec 3.1), and so does who has to know of it.
    """
    # Asked by parent, which spans its organizations.
    managing = Membership.unscoped.managing_identity().filter(organization__parent=parent)
    return User.objects.filter(id__in=managing.values("user")).order_by("email")


def managers_of(organization: Organization) -> QuerySet[User]:
    """The identity managers of one organization."""
    # Of one organization, as the filter says; from its memberships, since walking all users for a few is slow.
    managing = Membership.unscoped.managing_identity().filter(organization=organization)
    return User.objects.filter(id__in=managing.values("user")).order_by("email")


def lowest_role(organization: Organization) -> Role:
    return organization.product.roles.order_by("rank")[0]


def organizations_under(parent: ParentOrganization) -> QuerySet[Organization]:
    return Organization.objects.filter(parent=parent).select_related("product", "plan").order_by("name")
