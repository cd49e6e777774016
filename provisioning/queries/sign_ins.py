"""What a sign-in through a connection means, in one query for all organizations it reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from django.db.models import FilteredRelation, OuterRef, Q, QuerySet, Subquery

from accounts.addresses import domain_of
from accounts.models import User
from domains.models import HOLDING, DomainClaim
from identity_platform.prepared import prepared
from orgs.models import Membership, Organization, Product
from orgs.queries import lowest_role
from provisioning import engine
from provisioning.engine import OrganizationFacts, PersonFacts, Reach, Step
from provisioning.models import Mode
from provisioning.queries.facts import assigned, membership_facts, with_reach

# Nobody has this id: it stands for a person without an account, so that a preview asks the same question.
NOBODY = UUID(int=0)


class ConnectionOfParent(Protocol):
    """What is needed of a connection; its table belongs to a higher app."""

    id: Any
    parent_id: Any


class GroupsSent(Protocol):
    """The groups a sign-in carried: `state` is listed, missing or too_many."""

    @property
    def state(self) -> str: ...
    @property
    def names(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class Judged:
    """What a sign-in means for one organization; `step` is None where it gives nothing and nothing is there."""

    organization: Organization
    membership: Membership | None
    step: Step | None


def judge_sign_in(
    user: User, *, connection: ConnectionOfParent, product: Product | None, groups: GroupsSent
) -> list[Judged]:
    """What a sign-in through the connection means wherever it reaches, in the order of the organizations' ids.

    It reaches every JIT organization under the connection's parent of the product signed in to, without a product all
    of them (spec 7.6). One query, however many there are. Changes nothing.
    """
    asked = {"person_id": user.id, "domain": domain_of(user.email), "parent_id": connection.parent_id}
    reached = _reached_in(product_id=product.id, **asked) if product else _reached(**asked)
    return [_judge(organization, person_id=user.id, groups=_read_groups(groups)) for organization in reached]


def preview_sign_in(connection: ConnectionOfParent, *, user: User | None, email: str) -> tuple[str, ...]:
    """What somebody would be in each organization under the connection's parent, in sentences, for a test sign-in.

    A test comes before going live, which assigns domains, so a verified one counts as assigned here. `user` is None
    for an address without an account.
    """
    person_id = user.id if user else NOBODY
    claims = _claims_on(domain_of(email), parent_id=connection.parent_id)
    organizations = (
        _with_standing(claims, person_id=person_id, parent_id=connection.parent_id)
        .select_related("product", "provisioning", "own__role", "own__tier", "own_block")
        .order_by("name")
    )
    return tuple(_describe(organization, person_id=person_id) for organization in organizations)


def _build_reached(*, person_id: UUID, domain: str, parent_id: UUID) -> QuerySet[Organization]:
    claims = assigned(_claims_on(domain, parent_id=parent_id), mode=Mode.JIT)
    reached: QuerySet[Organization] = _with_standing(claims, person_id=person_id, parent_id=parent_id).filter(
        provisioning__mode=Mode.JIT, provisioning__uses_mappings=False
    )
    return reached


_reached = prepared(_build_reached)


@prepared
def _reached_in(*, person_id: UUID, domain: str, parent_id: UUID, product_id: int) -> QuerySet[Organization]:
    return _build_reached(person_id=person_id, domain=domain, parent_id=parent_id).filter(product=product_id)


def _claims_on(domain: str, *, parent_id: UUID) -> QuerySet[DomainClaim]:
    claims: QuerySet[DomainClaim] = DomainClaim.objects.for_parent(parent_id)
    return claims.filter(name=domain, state__in=HOLDING)


def _with_standing(claims: QuerySet[DomainClaim], *, person_id: UUID, parent_id: UUID) -> Any:
    """The parent's organizations, each with `own` (the person's membership, role and tier loaded), `own_block` and
    `reach` (by these claims)."""
    organizations: Any = Organization.objects.filter(parent_id=parent_id).annotate(
        own=FilteredRelation("memberships", condition=Q(memberships__user=person_id)),
        own_block=FilteredRelation("blocks", condition=Q(blocks__user=person_id)),
        reach=Subquery(with_reach(claims.filter(parent_id=OuterRef("parent_id"))).values("reach")[:1]),
    )
    return organizations.select_related("own__role", "own__tier", "own_block").order_by("id")


def _judge(organization: Any, *, person_id: UUID, groups: engine.Groups) -> Judged:
    membership = _own(organization)
    person = PersonFacts(
        person_id=person_id,
        reach=Reach(organization.reach or Reach.OUTSIDE),
        is_blocked=_is_blocked(organization),
        membership=membership_facts(membership) if membership else None,
        signs_in=True,
        groups=groups,
    )
    # The sign-in at hand came through a live connection.
    facts = OrganizationFacts(organization.id, mode=Mode.JIT, uses_mappings=False, has_live_connection=True)
    steps = engine.difference([person], organization=facts)
    return Judged(organization, membership, steps[0] if steps else None)


def _own(organization: Any) -> Membership | None:
    # Django leaves a filtered relation's attribute away where there is no row.
    return getattr(organization, "own", None)


def _is_blocked(organization: Any) -> bool:
    return getattr(organization, "own_block", None) is not None


def _read_groups(sent: GroupsSent) -> engine.Groups:
    """A list that is missing or cut off says nothing by itself (spec 7.8)."""
    if sent.state == "listed":
        return engine.Groups(state="listed", names=frozenset(sent.names))
    return engine.NO_KNOWLEDGE


def _describe(organization: Any, *, person_id: UUID) -> str:
    name = f"{organization.name} ({organization.product.name})"
    settings = getattr(organization, "provisioning", None)
    judged = Judged(organization, _own(organization), None)
    if settings and settings.mode == Mode.JIT and not settings.uses_mappings:
        judged = _judge(organization, person_id=person_id, groups=engine.NO_KNOWLEDGE)
    if isinstance(judged.step, engine.Join):
        return f"{name}: becomes a member as {lowest_role(organization).name}"
    if judged.membership is not None:
        held = ", on hold" if judged.membership.state == "held" else ""
        return f"{name}: stays {judged.membership.role.name}{held}"
    if _is_blocked(organization):
        return f"{name}: blocked by a manager"
    if settings is None or settings.mode == Mode.MANUAL:
        return f"{name}: no member, and a sign-in adds nobody in manual mode"
    return f"{name}: no member, and this address doesn't join by signing in"
