"""What managers do with a connection: set it up, record its tests, make it live, give it domains."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from audit import actions as audit
from audit.actors import Actor
from audit.codes import Code
from domains.models import DomainClaim
from identity_platform.models import StoredPlan
from identity_platform.plans import ensure_unchanged, lock_plan, mark_applied
from identity_platform.references import make_reference
from orgs.mails import tell_managers
from orgs.models import ParentOrganization
from sso.actions.drafts import OPEN, edit_connection, name_connection, save_step, start_over, start_set_up
from sso.models import Connection, ConnectionRevision, RevisionState, TestSignIn
from sso.queries.going_live import KIND_OF_ASSIGNMENT, KIND_OF_GOING_LIVE, plan_assignment, plan_go_live
from sso.testing import mask_message

__all__ = [
    "assign_domains",
    "edit_connection",
    "go_live",
    "plan_assignment",
    "plan_go_live",
    "record_test",
    "save_step",
    "start_over",
    "start_set_up",
]

# A test page shows this much of what the identity provider sent, in characters.
LONGEST_KEPT_MESSAGE = 256 * 1024


def record_test(
    revision: ConnectionRevision,
    *,
    version: int,
    report: dict[str, object],
    passed: bool,
    raw_message: str,
    tested_by: UUID | None,
    duration: timedelta | None,
    actor: Actor,
    now: datetime,
) -> TestSignIn:
    """Keep what a test sign-in found; a draft that passed it becomes tested, if it still is what was tested.

    `version` is the revision's version when the test began, `report` what `sso.testing.build_report` made,
    `raw_message` the message as it came, of which secrets and signatures are masked here.
    """
    reference = make_reference("TST")
    with transaction.atomic():
        tested: ConnectionRevision = (
            ConnectionRevision.objects.for_parent(revision.connection.parent_id)
            .select_for_update(of=("self",))
            .select_related("connection")
            .get(id=revision.id)
        )
        test = TestSignIn.unscoped.create(  # the row names its revision
            reference=reference,
            revision=tested,
            revision_version=version,
            tested_by_id=tested_by,
            at=now,
            duration=duration,
            passed=passed,
            report=report,
            raw_message=mask_message(raw_message)[:LONGEST_KEPT_MESSAGE],
        )
        if passed and tested.state in OPEN and tested.version == version:
            tested.state = RevisionState.TESTED
            tested.tested_at = now
            tested.tested_by_id = tested_by
            if "test" not in tested.steps_done:
                tested.steps_done = [*tested.steps_done, "test"]
            tested.save(update_fields=["state", "tested_at", "tested_by", "steps_done"])
        audit.record(
            Code.CONNECTION_TESTED,
            actor=actor,
            parent_id=tested.connection.parent_id,
            target=tested.connection,
            details={"outcome": "passed" if passed else "stopped", "code": _error_code(report)},
            reference=reference,
            now=now,
        )
    return test


def go_live(
    connection: Connection,
    *,
    stored_plan: StoredPlan,
    claim_ids: Collection[UUID],
    actor: Actor,
    now: datetime,
) -> ConnectionRevision:
    """Make the tested revision live as `stored_plan` showed it, and let it serve the chosen verified domains.

    Ends no session and changes no membership, role or key; the live one before it becomes the previous one. The caller
    has asked for a recent sign-in. Raises PlanExpired, PlanChanged (with the plan of now), PlanBlocked.
    """
    with transaction.atomic():
        parent = ParentOrganization.objects.select_for_update().get(id=connection.parent_id)
        stored = lock_plan(stored_plan, kind=KIND_OF_GOING_LIVE, actor_id=actor.user_id)
        connection, claims = _lock(connection, claim_ids=claim_ids)
        plan = plan_go_live(connection, claim_ids=claim_ids, actor=actor, now=now)
        ensure_unchanged(stored, plan, now=now)
        revisions = ConnectionRevision.objects.for_parent(parent).filter(connection=connection)
        tested: ConnectionRevision = revisions.get(state=RevisionState.TESTED)
        live: ConnectionRevision | None = revisions.filter(state=RevisionState.LIVE).first()
        if live is not None:
            live.state = RevisionState.PREVIOUS
            live.save(update_fields=["state"])
        tested.state = RevisionState.LIVE
        tested.went_live_at = now
        if "live" not in tested.steps_done:
            tested.steps_done = [*tested.steps_done, "live"]
        tested.save(update_fields=["state", "went_live_at", "steps_done"])
        name_connection(connection, tested)
        audit.record(
            Code.CONNECTION_WENT_LIVE,
            actor=actor,
            parent_id=parent.id,
            target=connection,
            before=_describe(live),
            after=_describe(tested),
            details={"domains": [claim.name for claim in claims]},
            now=now,
        )
        _assign(claims, connection=connection, actor=actor, now=now)
        mark_applied(stored, now=now)
        tell_managers(
            parent,
            template="connection_live",
            subject=f"{connection.name} is live",
            connection=connection.name,
            who=actor.label,
            domains=_names_served_by(connection),
            replaced=live is not None,
        )
    return tested


def assign_domains(
    connection: Connection,
    *,
    stored_plan: StoredPlan,
    claim_ids: Collection[UUID],
    actor: Actor,
    now: datetime,
) -> None:
    """Let a live connection serve further verified domains, as `stored_plan` showed it. Raises as `go_live` does."""
    with transaction.atomic():
        parent = ParentOrganization.objects.select_for_update().get(id=connection.parent_id)
        stored = lock_plan(stored_plan, kind=KIND_OF_ASSIGNMENT, actor_id=actor.user_id)
        connection, claims = _lock(connection, claim_ids=claim_ids)
        ensure_unchanged(stored, plan_assignment(connection, claim_ids=claim_ids, actor=actor, now=now), now=now)
        _assign(claims, connection=connection, actor=actor, now=now)
        mark_applied(stored, now=now)
        tell_managers(
            parent,
            template="connection_domains",
            subject=f"{connection.name} serves {len(claims)} more domain{'' if len(claims) == 1 else 's'}",
            connection=connection.name,
            who=actor.label,
            domains=_names_served_by(connection),
            replaced=False,
        )


def _lock(connection: Connection, *, claim_ids: Collection[UUID]) -> tuple[Connection, list[DomainClaim]]:
    """The rows that are about to change, locked so that the plan made next stays true until the commit."""
    parent_id = connection.parent_id
    claims = list(DomainClaim.objects.for_parent(parent_id).select_for_update().filter(id__in=claim_ids).order_by("id"))
    locked: Connection = Connection.objects.for_parent(parent_id).select_for_update().get(id=connection.id)
    list(ConnectionRevision.objects.for_parent(parent_id).select_for_update(of=("self",)).filter(connection=locked))
    return locked, claims


def _assign(claims: Collection[DomainClaim], *, connection: Connection, actor: Actor, now: datetime) -> None:
    for claim in claims:
        claim.connection = connection
        claim.save(update_fields=["connection"])
        audit.record(
            Code.DOMAIN_ASSIGNED,
            actor=actor,
            parent_id=connection.parent_id,
            target=claim,
            before={"connection": None},
            after={"connection": connection.name},
            now=now,
        )


def _describe(revision: ConnectionRevision | None) -> dict[str, object]:
    """A revision in the audit log; certificates by fingerprint, no secrets."""
    if revision is None:
        return {}
    names = (
        "number",
        "name",
        "idp_entity_id",
        "sso_url",
        "metadata_url",
        "subject_attribute",
        "email_attribute",
        "first_name_attribute",
        "last_name_attribute",
        "groups_attribute",
    )
    return {name: getattr(revision, name) for name in names} | {
        "default_product": revision.default_product.slug if revision.default_product else "",
        "certificates": sorted(certificate.fingerprint for certificate in revision.certificates.all()),
    }


def _names_served_by(connection: Connection) -> list[str]:
    served = DomainClaim.objects.for_parent(connection.parent_id).filter(connection=connection)
    return list(served.order_by("name").values_list("name", flat=True))


def _error_code(report: dict[str, object]) -> str:
    error = report.get("error")
    return str(error.get("code", "")) if isinstance(error, dict) else ""
