"""Whom enforcing SSO touches: sets of people, made by the database however many they are (spec 6.4).

Each set is the one that `sso.rules.decide` asks SSO of, and each person's standing is what `sso.rules.enforcement` says
of them; tests hold the three together.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, Exists, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.models import Proof, User, Way
from domains.models import HOLDING, ClaimState, DomainClaim
from orgs.models import Membership, Organization, ParentOrganization, Product
from orgs.models.organizations import SESSION_LIFETIME
from provisioning.queries import people_in_no_mapped_group
from sso.models import ConnectionRevision, ExternalIdentity, RevisionState
from sso.rules.enforcement import Judged, PersonFacts, judge_person

WAYS_THAT_STOP = (Way.EMAIL, Way.PASSWORD, Way.GOOGLE)


@dataclass(frozen=True)
class Crowd:
    """The people of one product whom a parent may require SSO of.

    `claims` are the parent's verified and lapsed ones that a connection in use serves, each with `live_revision`;
    `unmapped` are the ids of those whose groups give no role, by the organization in which groups decide.
    """

    parent: ParentOrganization
    product: Product
    claims: tuple[DomainClaim, ...]
    unmapped: Mapping[Organization, frozenset[UUID]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return [claim.name for claim in self.claims]

    @property
    def connection_ids(self) -> set[UUID]:
        return {claim.connection_id for claim in self.claims if claim.connection_id}

    def affected(self) -> QuerySet[User]:
        """Members of the product's organizations with an address in the domains: anywhere for a domain that the parent
        holds alone, under the parent for a shared or lapsed one (spec 6.3)."""
        alone, others = split_names(self.claims)
        anywhere = _memberships_of_product(self.product)
        here = anywhere.filter(organization__parent=self.parent)
        return User.objects.filter(erased_at=None).filter(
            Q(Exists(anywhere), email_domain__in=alone) | Q(Exists(here), email_domain__in=others)
        )

    def may_be_locked_out(self) -> QuerySet[User]:
        """Those of the affected who have never signed in through the connection that serves their address, whom no
        connection may sign in (staff), or whose groups give no role."""
        has_signed_in = Exists(ties_of(OuterRef("pk"), OuterRef("email_domain"), parent_id=self.parent.id))
        return self.affected().filter(~has_signed_in | Q(is_staff=True) | Q(id__in=_union(self.unmapped)))

    def to_ask(self) -> QuerySet[User]:
        """Those of the affected who can sign in with SSO and never did."""
        has_signed_in = Exists(ties_of(OuterRef("pk"), OuterRef("email_domain"), parent_id=self.parent.id))
        return self.affected().filter(~has_signed_in, is_staff=False)

    def not_affected(self) -> QuerySet[User]:
        """Members under the parent whose domain none of its connections serves."""
        here = _memberships_of_product(self.product).filter(organization__parent=self.parent)
        return User.objects.filter(Exists(here), erased_at=None).exclude(email_domain__in=self.names)

    def described(self, people: QuerySet[User]) -> Any:
        """These people with what a row shows: whether they belong here and have signed in, role and organization."""
        here = _memberships_of_product(self.product).filter(organization__parent=self.parent)
        highest = here.order_by("-role__rank", "organization__name")
        return people.annotate(
            belongs_here=Exists(here),
            has_signed_in=Exists(ties_of(OuterRef("pk"), OuterRef("email_domain"), parent_id=self.parent.id)),
            role_here=Subquery(highest.values("role__name")[:1], output_field=CharField()),
            organization_here=Subquery(highest.values("organization__name")[:1], output_field=CharField()),
        ).order_by("email")

    def judge(self, person: Any) -> Judged:
        """What enforcing means for a described person."""
        claim = next((claim for claim in self.claims if claim.name == person.email_domain), None)
        connection = claim.connection if claim else None
        return judge_person(
            PersonFacts(
                domain=person.email_domain,
                is_served=claim is not None,
                is_alone=claim is not None and is_held_alone(claim),
                belongs_here=person.belongs_here,
                has_signed_in=person.has_signed_in,
                unmapped_in=", ".join(each.name for each, people in self.unmapped.items() if person.id in people),
                is_staff=person.is_staff,
                provider=connection.name if connection else "",
                requires_sso=self.parent.requires_sso_for_every_member,
            )
        )


@dataclass(frozen=True)
class OldProofs:
    """Email, password and Google proofs that affected people hold now: of how many people, and until when the last of
    them may count if it is kept (None without any)."""

    people: int
    last_until: datetime | None


def gather_crowd(parent: ParentOrganization, *, product: Product) -> Crowd:
    return Crowd(
        parent=parent,
        product=product,
        claims=tuple(assigned_claims(parent)),
        unmapped=people_in_no_mapped_group(parent.id, product_id=product.id),
    )


def assigned_claims(parent: ParentOrganization) -> QuerySet[DomainClaim]:
    """The parent's verified and lapsed claims that a connection in use serves, with `live_revision`, its id or None."""
    # That of the claim's own connection.
    live = ConnectionRevision.unscoped.filter(connection=OuterRef("connection"), state=RevisionState.LIVE)
    claims: QuerySet[DomainClaim] = (
        DomainClaim.objects.for_parent(parent)
        .filter(state__in=HOLDING, connection__isnull=False, connection__retired_at=None)
        .select_related("connection")
        .annotate(live_revision=Subquery(live.values("id")[:1]))
        .order_by("name")
    )
    return claims


def is_held_alone(claim: DomainClaim) -> bool:
    return claim.state == ClaimState.VERIFIED and not claim.is_shared


def split_names(claims: Collection[DomainClaim]) -> tuple[list[str], list[str]]:
    """(names that count everywhere, names that count only under the parent)."""
    alone = [claim.name for claim in claims if is_held_alone(claim)]
    return alone, [claim.name for claim in claims if not is_held_alone(claim)]


def ties_of(user: Any, domain: Any, *, parent_id: UUID) -> QuerySet[ExternalIdentity]:
    """Ties of a person to the connection that serves their address: whoever has one has signed in through it."""
    ties: QuerySet[ExternalIdentity] = ExternalIdentity.objects.for_parent(parent_id)
    return ties.filter(
        user=user,
        retired_at=None,
        connection__retired_at=None,
        connection__domain_claims__name=domain,
        connection__domain_claims__state__in=HOLDING,
    )


def count_affected(parent: ParentOrganization, claims: Collection[DomainClaim]) -> dict[int, int]:
    """How many people enforcing touches, by product id, in one query; `claims` are the parent's, in any state."""
    served = [
        claim
        for claim in claims
        if claim.state in HOLDING and claim.connection is not None and claim.connection.retired_at is None
    ]
    if not served:
        return {}
    alone, others = split_names(served)
    counted = (
        # Organizations of others are meant too: an address that the parent holds alone counts in every one of them.
        Membership.unscoped.letting_in()
        .filter(user__erased_at=None)
        .filter(Q(user__email_domain__in=alone) | Q(user__email_domain__in=others, organization__parent=parent))
        .values_list("organization__product")
        .annotate(people=Count("user", distinct=True))
    )
    return dict(counted)


def find_old_proofs(crowd: Crowd, *, now: datetime) -> OldProofs:
    """What *end* would end, and until when *keep* keeps: the longest lifetime among the policies that apply."""
    people = crowd.affected().values("id")
    lifetime = Organization.objects.filter(product=crowd.product, memberships__user__in=people).aggregate(
        longest=Max(Coalesce("parent__session_lifetime", Value(SESSION_LIFETIME)))
    )["longest"]
    if lifetime is None:
        return OldProofs(people=0, last_until=None)
    proofs = Proof.objects.filter(
        session__user__in=people,
        way__in=WAYS_THAT_STOP,
        session__ended_at=None,
        session__expires_at__gt=now,
        proved_at__gt=now - lifetime,
    )
    found = proofs.aggregate(
        people=Count("session__user", distinct=True), newest=Max("proved_at"), expires=Max("session__expires_at")
    )
    if not found["people"]:
        return OldProofs(people=0, last_until=None)
    return OldProofs(people=found["people"], last_until=min(found["newest"] + lifetime, found["expires"]))


def organizations_without_a_way_in(
    parent: ParentOrganization,
    *,
    names: Collection[str],
    product: Product | None = None,
    unmapped: Mapping[Organization, Collection[UUID]] | None = None,
    requires_sso: bool,
) -> list[Organization]:
    """The parent's organizations in which no identity manager would keep a way in (spec 6.4).

    A manager keeps one by having signed in through the connection that serves the address, unless groups give them no
    role in this very organization (`unmapped`), or by an address outside the domains (`names`), unless SSO is required
    of every member (`requires_sso`). Asked are the organizations of one product that have people in the domains;
    without a product all that have anybody.
    """
    # Both are of the organization that is asked about, which is one of the parent's.
    managers = Membership.unscoped.managing_identity().filter(organization=OuterRef("pk"), user__erased_at=None)
    members = Membership.unscoped.letting_in().filter(organization=OuterRef("pk"), user__erased_at=None)  # likewise
    tied = Exists(ties_of(OuterRef("user"), OuterRef("user__email_domain"), parent_id=parent.id))
    inside = managers.filter(tied, user__email_domain__in=names, user__is_staff=False)
    for organization, people in (unmapped or {}).items():
        inside = inside.exclude(organization=organization, user__in=people)
    kept = Q(Exists(inside))
    if not requires_sso:
        kept |= Q(Exists(managers.exclude(user__email_domain__in=names)))
    organizations = Organization.objects.filter(parent=parent).exclude(kept).order_by("name")
    if product is not None:
        return list(organizations.filter(Exists(members.filter(user__email_domain__in=names)), product=product))
    return list(organizations.filter(Exists(members)))


def _union(unmapped: Mapping[Organization, frozenset[UUID]]) -> frozenset[UUID]:
    return frozenset().union(*unmapped.values())


def _memberships_of_product(product: Product) -> QuerySet[Membership]:
    """Those that let somebody in; whose is the question of whoever asks (`pk` is a user's)."""
    # A parent's word on an address that it holds alone counts in organizations of others too.
    return Membership.unscoped.letting_in().filter(user=OuterRef("pk"), organization__product=product)
