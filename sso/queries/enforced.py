"""What the overview shows of enforcement: for each product its state, since when, by whom, for how many people."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from audit.codes import Code
from audit.models import AuditEvent
from domains.models import DomainClaim
from orgs.models import Enforcement, Organization, ParentOrganization, Product
from sso.queries.enforcing import count_affected
from sso.queries.refusals import refusals_of

NEW_FOR = timedelta(days=7)  # so long the overview offers the way back at its top (design 3.3)
FIRST_DAY = timedelta(days=1)
MOST_REFUSALS = 5
MOST_COUNTED = 1000  # "1000" then stands for "very many"


@dataclass(frozen=True)
class ShownEnforcement:
    """`by` is whoever turned it on, '' where nobody is known; `people` those whom it touches or would touch."""

    product: Product
    enforcement: Enforcement | None
    by: str
    people: int
    is_new: bool
    is_first_day: bool = False
    refusals: Sequence[AuditEvent] = ()
    refused: int = 0


def gather_enforcement(
    organization: Organization,
    *,
    parent: ParentOrganization,
    products: Iterable[Product],
    claims: Collection[DomainClaim],
    now: datetime,
) -> list[ShownEnforcement]:
    """Every product of the parent's organizations, by name; `claims` are the parent's. At most four queries.

    Refusals are those that managers of this `organization` may open, each at its own product.
    """
    rows = {row.product_id: row for row in Enforcement.objects.for_parent(parent).select_related("product")}
    people = count_affected(parent, claims)
    makers = _makers(parent) if rows else {}
    new = [row for row in rows.values() if now - row.enforced_at < NEW_FOR]
    refusals = _refusals_of_first_days(organization, parent=parent, rows=new) if new else []
    shown = []
    for product in sorted(products, key=lambda product: product.name):
        row = rows.get(product.id)
        is_new = row in new if row else False
        of_first_day = [event for event in refusals if row and is_new and _is_about(event, row)]
        shown.append(
            ShownEnforcement(
                product=product,
                enforcement=row,
                by=makers.get(product.slug, "") if row else "",
                people=people.get(product.id, 0),
                is_new=is_new,
                is_first_day=row is not None and now - row.enforced_at < FIRST_DAY,
                refusals=of_first_day[:MOST_REFUSALS],
                refused=len(of_first_day),
            )
        )
    return shown


def _makers(parent: ParentOrganization) -> dict[str, str]:
    """Who turned it on last, by product slug."""
    events = AuditEvent.objects.filter(parent_id=parent.id, code=Code.SSO_ENFORCED.value).order_by("id")
    return {event.details.get("slug", ""): event.actor_label for event in events.only("details", "actor_label")}


def _refusals_of_first_days(
    organization: Organization, *, parent: ParentOrganization, rows: Iterable[Enforcement]
) -> list[AuditEvent]:
    """Sign-ins refused within a day after turning it on, newest first: whoever has trouble now has it by that."""
    first_days = Q()
    for row in rows:
        first_days |= Q(at__gte=row.enforced_at, at__lt=row.enforced_at + FIRST_DAY)
    events = refusals_of(parent, organization=organization).filter(first_days).select_related("organization__product")
    return list(events.order_by("-id")[:MOST_COUNTED])


def _is_about(event: AuditEvent, row: Enforcement) -> bool:
    """Whether it happened in the first day of this enforcement, and at its product; where none is known, at any."""
    slug = event.organization.product.slug if event.organization else event.details.get("product", "")
    return row.enforced_at <= event.at < row.enforced_at + FIRST_DAY and slug in {"", row.product.slug}
