"""The plan of resetting a connection, whom it signs out, and whom one may write to afterwards (spec 5.6)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import User
from audit.codes import Code
from audit.models import AuditEvent
from domains.models import HOLDING, DomainClaim
from identity_platform.plans import Blocker, Plan
from orgs.models import Enforcement, Membership, Organization, ParentOrganization, Product
from orgs.sessions.policy import policy_of
from orgs.sessions.queries import counting_proofs
from provisioning.models import Mode
from provisioning.queries import organizations_in_mode
from sso.models import Connection, ConnectionRevision, RevisionState
from sso.queries.connections import OPEN

KIND_OF_RESET = "connection.reset"
# So long after a reset its people may be written to: later they have found their way by themselves.
TELL_PEOPLE_FOR = timedelta(days=30)
SHOWN_FOR = timedelta(days=7)


@dataclass(frozen=True)
class ResetEffects:
    """What the plan of a reset means, for the page. Empty lists where another live connection remains."""

    claims: list[DomainClaim]
    remaining: list[Connection]
    made_optional: list[Product]
    no_longer_requires_everybody: bool
    made_manual: list[Organization]
    sessions: int
    people: int

    @property
    def is_last(self) -> bool:
        return not self.remaining


def plan_reset(connection: Connection, *, parent: ParentOrganization) -> Plan:
    """What resetting a live connection would do. Changes nothing.

    The fingerprint holds its revisions and domains, the connections that remain, and what goes off when none does. Who
    is signed in is counted beside it: signing in again harms nobody in the sense of a plan, and changes by the minute.
    """
    revisions = ConnectionRevision.objects.for_parent(parent).filter(connection=connection)
    live = revisions.filter(state=RevisionState.LIVE).first()
    draft = revisions.filter(state__in=OPEN).first()
    claims = served_by(connection)
    remaining = remaining_connections(connection)
    return Plan(
        kind=KIND_OF_RESET,
        subject=connection.id.hex,
        change={"retires": connection.id.hex},
        facts={
            "live": live.id.hex if live else "",
            "draft": [draft.id.hex, draft.version] if draft else [],
            "domains": {claim.name: [claim.state, claim.is_shared] for claim in claims},
            "remaining": sorted(one.id.hex for one in remaining),
            "made_optional": [product.slug for product in enforced_products(parent)] if not remaining else [],
            "requires_everybody": parent.requires_sso_for_every_member,
            "made_manual": [one.id.hex for one in jit_organizations(parent)] if not remaining else [],
        },
        blockers=tuple(_blockers(connection, parent=parent, is_live=live is not None, remaining=remaining)),
    )


def gather_reset(connection: Connection, *, parent: ParentOrganization, now: datetime) -> ResetEffects:
    """The same in figures and names."""
    claims = served_by(connection)
    remaining = remaining_connections(connection)
    sessions, people = count_what_ends(connection, parent=parent, claims=claims, now=now)
    return ResetEffects(
        claims=claims,
        remaining=remaining,
        made_optional=[] if remaining else enforced_products(parent),
        no_longer_requires_everybody=parent.requires_sso_for_every_member and not remaining,
        made_manual=[] if remaining else jit_organizations(parent),
        sessions=sessions,
        people=people,
    )


def served_by(connection: Connection) -> list[DomainClaim]:
    return list(DomainClaim.objects.for_parent(connection.parent_id).filter(connection=connection).order_by("name"))


def remaining_connections(connection: Connection) -> list[Connection]:
    """The parent's other connections that are live. A set-up that never went live serves nobody, so it isn't one."""
    live = ConnectionRevision.unscoped.filter(connection=OuterRef("pk"), state=RevisionState.LIVE)  # of this parent's
    others = Connection.objects.for_parent(connection.parent_id).filter(Exists(live), retired_at=None)
    return list(others.exclude(id=connection.id).order_by("name"))


def enforced_products(parent: ParentOrganization) -> list[Product]:
    enforced = Enforcement.objects.for_parent(parent)
    return list(Product.objects.filter(Exists(enforced.filter(product=OuterRef("pk")))))


def jit_organizations(parent: ParentOrganization) -> list[Organization]:
    return list(organizations_in_mode(parent.id, mode=Mode.JIT).select_related("product"))


def count_what_ends(
    connection: Connection, *, parent: ParentOrganization, claims: Collection[DomainClaim], now: datetime
) -> tuple[int, int]:
    """How many sessions, of how many people, open something now by a proof of its people, or by one through it."""
    inside = Q(session__user__in=_people_of(parent, claims=claims))
    proofs = counting_proofs(parent, policy=policy_of(parent), now=now).filter(Q(connection=connection) | inside)
    counted = proofs.aggregate(sessions=Count("session", distinct=True), people=Count("session__user", distinct=True))
    return counted["sessions"], counted["people"]


def find_retired(parent: ParentOrganization, connection_id: object) -> Connection | None:
    """A connection of this parent that was reset."""
    connections = Connection.objects.for_parent(parent).filter(id=connection_id, retired_at__isnull=False)
    found: Connection | None = connections.filter(revisions__state=RevisionState.LIVE).first()
    return found


def recent_resets(parent: ParentOrganization, *, now: datetime) -> list[Connection]:
    """What was reset in the last week, newest first: the page *Identity and access* leads to it so long."""
    live = ConnectionRevision.unscoped.filter(connection=OuterRef("pk"), state=RevisionState.LIVE)  # of this parent's
    retired = Connection.objects.for_parent(parent).filter(Exists(live), retired_at__gt=now - SHOWN_FOR)
    return list(retired.order_by("-retired_at"))


def domains_that_were_served(connection: Connection) -> list[DomainClaim]:
    """Of a connection that was reset: the domains whose proofs ended with it and that nothing serves since."""
    claims = DomainClaim.objects.for_parent(connection.parent_id).filter(
        proofs_valid_from=connection.retired_at, state__in=HOLDING, connection=None
    )
    return list(claims.order_by("name"))


def people_to_tell(connection: Connection, *, parent: ParentOrganization) -> QuerySet[User]:
    """Who had to use this connection, or could, and signs in by email since its reset."""
    return _people_of(parent, claims=domains_that_were_served(connection)).order_by("email")


def find_people_told(connection: Connection) -> AuditEvent | None:
    """The event of having mailed its people; it is done once."""
    return AuditEvent.objects.filter(
        parent_id=connection.parent_id, code=Code.CONNECTION_PEOPLE_TOLD.value, target_id=connection.id.hex
    ).first()


def _people_of(parent: ParentOrganization, *, claims: Collection[DomainClaim]) -> QuerySet[User]:
    """With an address in these domains; in a shared one, who is a member under this parent."""
    alone = [claim.name for claim in claims if not claim.is_shared]
    shared = [claim.name for claim in claims if claim.is_shared]
    # Asked by parent, which spans its organizations.
    members = Membership.unscoped.filter(organization__parent=parent, user=OuterRef("pk"))
    inside = Q(email_domain__in=alone) | (Q(email_domain__in=shared) & Exists(members))
    return User.objects.filter(inside, erased_at=None)


def _blockers(
    connection: Connection, *, parent: ParentOrganization, is_live: bool, remaining: Collection[Connection]
) -> list[Blocker]:
    if connection.retired_at is not None:
        return [Blocker("connection_retired", "This connection was reset already.", "Open Identity and access.")]
    if not is_live:
        return [
            Blocker("connection_not_live", "This connection isn't live, so there is nothing to reset.", "Start over.")
        ]
    if parent.requires_sso_for_every_member and remaining:
        return [
            Blocker(
                "everybody_needs_sso",
                "SSO is required of every member here, and another connection remains: the people of this one would "
                "have no way in.",
                "Assign their domains to the other connection first, or ask support to lift the requirement.",
            )
        ]
    return []
