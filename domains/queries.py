"""Reads about domains: for the pages of a parent, for sign-in, and for questions about a name whoever holds it."""

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User
from domains.models import HOLDING, ClaimState, DomainClaim
from orgs.models import ParentOrganization


def claims_of(parent: ParentOrganization) -> "QuerySet[DomainClaim]":
    """The parent's claims in every state but removed, by name; each with `people`, the accounts at that domain."""
    accounts = User.objects.filter(email_domain=OuterRef("name"), erased_at=None).order_by()
    people = accounts.values("email_domain").annotate(count=Count("*")).values("count")
    claims = DomainClaim.objects.for_parent(parent).exclude(state=ClaimState.REMOVED)
    return claims.select_related("connection").annotate(people=Coalesce(Subquery(people), 0)).order_by("name")


def people_count(claim: DomainClaim) -> int:
    """How many accounts have an address at the claimed domain, in whatever organization."""
    return User.objects.filter(email_domain=claim.name, erased_at=None).count()


def holder_of(domain: str) -> DomainClaim | None:
    """The verified or lapsed claim that holds a name for one parent alone, with parent and connection; in one query.

    `domain` in stored form. None for a shared name: nobody holds it alone.
    """
    # Asked by name before anybody is known: sign-in must find out whose policy counts.
    holding = DomainClaim.unscoped.filter(name=domain, state__in=HOLDING, is_shared=False)
    return holding.select_related("parent", "connection").first()


def serving_claim(domain: str) -> DomainClaim | None:
    """Like `holder_of`, if a connection was assigned to the name: only then it counts for sign-in (spec 4.5)."""
    claim = holder_of(domain)
    return claim if claim is not None and claim.connection_id is not None else None


def assigned_domains(parent: ParentOrganization) -> set[str]:
    """The parent's verified names that a connection serves."""
    claims = DomainClaim.objects.for_parent(parent).filter(state=ClaimState.VERIFIED, connection__isnull=False)
    return set(claims.values_list("name", flat=True))


def is_verified_by_another(name: str, *, than: ParentOrganization) -> bool:
    """Whether another parent verified this name for itself. Whose it is stays here (spec 4.7)."""
    # The question is about parents other than the one that asks.
    others = DomainClaim.unscoped.filter(name=name, state=ClaimState.VERIFIED, is_shared=False)
    return others.exclude(parent=than).exists()


def verified_claims_on(domain: str) -> "QuerySet[DomainClaim]":
    """Every verified claim on a name, several if it is shared; with its parent."""
    # Asked about a person by their address, whichever parent it belongs to.
    return DomainClaim.unscoped.filter(name=domain, state=ClaimState.VERIFIED).select_related("parent")
