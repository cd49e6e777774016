"""Refused sign-ins, for those who have to mend them: grouped by likeness, by address, and one in full (spec 6.7)."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, ExpressionWrapper, Max, Min, Q, QuerySet, TextField
from django.db.models.fields.json import KT

from accounts.models import User, Way
from audit.codes import Code
from audit.models import AuditEvent
from orgs.models import Organization, ParentOrganization, Product

SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Refusal:
    """One refused sign-in in full, as its event keeps it."""

    event: AuditEvent
    user: User | None = None
    product: Product | None = None

    @property
    def reference(self) -> str:
        return self.event.reference

    @property
    def cause(self) -> str:
        return str(self.event.details.get("cause", ""))

    @property
    def code(self) -> str:
        return str(self.event.details.get("code", ""))

    @property
    def check(self) -> str:
        """The step at which it stopped, in words."""
        return str(self.event.details.get("check", "")).replace("_", " ")

    @property
    def expected(self) -> str:
        return str(self.event.details.get("expected", ""))

    @property
    def received(self) -> str:
        return str(self.event.details.get("received", ""))

    @property
    def remedy(self) -> str:
        return str(self.event.details.get("remedy", ""))

    @property
    def email(self) -> str:
        return str(self.event.details.get("email", ""))

    @property
    def way(self) -> str:
        """How the person tried, in words."""
        way = self.event.details.get("way", "")
        return Way(way).label if way in Way.values else ""

    @property
    def revision(self) -> int | None:
        number: int | None = self.event.details.get("revision")
        return number


@dataclass(frozen=True)
class Group:
    """Refusals that are alike: the same cause at the same connection. `people` are those who are known by address."""

    latest: Refusal
    tries: int
    people: int
    first_at: datetime
    last_at: datetime

    @property
    def size(self) -> str:
        if self.people:
            return "1 person" if self.people == 1 else f"{self.people} people"
        return "1 try" if self.tries == 1 else f"{self.tries} tries"


def refusals_of(parent: ParentOrganization, *, organization: Organization) -> "QuerySet[AuditEvent]":
    """The refused sign-ins of a parent itself and of one of its organizations."""
    of_either = Q(organization_id=organization.id) | Q(organization_id__isnull=True)
    return AuditEvent.objects.filter(of_either, parent_id=parent.id, code=Code.SIGN_IN_REFUSED)


def _detail(name: str) -> ExpressionWrapper:
    """A detail of an event as text: compared as it is, where SQLite would take the other side for JSON."""
    return ExpressionWrapper(KT(f"details__{name}"), output_field=TextField())


def groups_in(refusals: "QuerySet[AuditEvent]", *, since: datetime) -> "QuerySet[Any, Any]":
    """One row per kind of refusal, the newest first; `show_groups` makes Groups of those of a page."""
    alike = refusals.filter(at__gte=since).annotate(likeness=_detail("likeness"), person=_detail("person"))
    return (
        alike.values("likeness", "target_id")
        .annotate(
            tries=Count("id"),
            people=Count("person", distinct=True, filter=~Q(person="")),
            first_at=Min("at"),
            last_at=Max("at"),
            latest=Max("id"),
        )
        .order_by("-latest")
    )


def show_groups(rows: list[dict[str, Any]]) -> list[Group]:
    """The groups of these rows of `groups_in`, each with its newest refusal; one query for all."""
    latest = AuditEvent.objects.in_bulk([row["latest"] for row in rows])
    return [
        Group(
            latest=Refusal(latest[row["latest"]]),
            tries=row["tries"],
            people=row["people"],
            first_at=row["first_at"],
            last_at=row["last_at"],
        )
        for row in rows
    ]


def refusals_like(refusal: Refusal, *, among: "QuerySet[AuditEvent]") -> "QuerySet[AuditEvent]":
    """This refusal and those like it, newest first."""
    likeness = refusal.event.details.get("likeness", "")
    alike = among.alias(likeness=_detail("likeness")).filter(likeness=likeness, target_id=refusal.event.target_id)
    return alike.order_by("-id")


def refusals_at_address(email: str, *, among: "QuerySet[AuditEvent]") -> "QuerySet[AuditEvent]":
    """The refusals of an address (in stored form), newest first."""
    return among.alias(email=_detail("email")).filter(email=email).order_by("-id")


def count_refused_today(parent: ParentOrganization, *, organization: Organization, now: datetime) -> int:
    """How many sign-ins were refused since midnight (UTC)."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return refusals_of(parent, organization=organization).filter(at__gte=midnight).count()


def find_refusal(reference: str, *, among: "QuerySet[AuditEvent]") -> Refusal | None:
    """One refusal in full, with its person and product, if they are still there."""
    event = among.filter(reference=reference, code=Code.SIGN_IN_REFUSED).first()
    if event is None:
        return None
    user_id, product = event.details.get("user", ""), event.details.get("product", "")
    return Refusal(
        event=event,
        user=User.objects.filter(id=uuid.UUID(user_id)).first() if user_id else None,
        product=Product.objects.filter(slug=product).first() if product else None,
    )
