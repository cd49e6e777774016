"""Resetting a connection: it is retired, its domains have none, and its people sign in by email (spec 5.6)."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from audit import actions as audit
from audit import mail
from audit.actors import Actor
from audit.codes import Code
from domains.models import DomainClaim
from identity_platform.models import StoredPlan
from identity_platform.plans import ensure_unchanged, lock_plan, mark_applied
from orgs.mails import tell_managers
from orgs.models import ParentOrganization
from provisioning.actions import leave_just_in_time
from provisioning.models import Mode
from provisioning.queries import organizations_in_mode
from sso.actions.enforcement import make_optional, stop_requiring_sso_of_everybody
from sso.models import Connection, ConnectionRevision, RevisionState, SignInAttempt
from sso.queries.connections import OPEN
from sso.queries.resetting import (
    KIND_OF_RESET,
    TELL_PEOPLE_FOR,
    enforced_products,
    find_people_told,
    people_to_tell,
    plan_reset,
    remaining_connections,
)
from sso.setup.errors import PeopleToldAlready


def reset_connection(connection: Connection, *, stored_plan: StoredPlan, actor: Actor, now: datetime) -> Connection:
    """Retire a connection as `stored_plan` showed it, and return it.

    A proof through it counts nowhere from now on; proofs of the people in its domains from before count for nothing
    where their parent is asked. Domains, directory, mappings, memberships and keys stay; external identities stay as
    history. If no live connection remains, SSO is optional everywhere and JIT organizations become manual. The caller
    has asked for a recent sign-in. Raises PlanExpired, PlanChanged (with the plan of now), PlanBlocked.
    """
    with transaction.atomic():
        parent = ParentOrganization.objects.select_for_update().get(id=connection.parent_id)
        stored = lock_plan(stored_plan, kind=KIND_OF_RESET, actor_id=actor.user_id)
        claims, connection = _lock(connection, parent=parent)
        ensure_unchanged(stored, plan_reset(connection, parent=parent), now=now)
        is_last = not remaining_connections(connection)
        discarded = _retire(connection, claims=claims, now=now)
        audit.record(
            Code.CONNECTION_RESET,
            actor=actor,
            parent_id=parent.id,
            target=connection,
            before={"domains": [claim.name for claim in claims], "draft": discarded},
            after={"domains": [], "draft": None},
            details={"is_last": is_last},
            now=now,
        )
        made_optional = _make_optional_everywhere(parent, actor=actor, now=now) if is_last else []
        made_manual = leave_just_in_time(parent.id, actor=actor, now=now) if is_last else []
        mark_applied(stored, now=now)
        tell_managers(
            parent,
            template="connection_reset",
            subject=f"{connection.name} was reset",
            connection=connection.name,
            who=actor.label,
            domains=[claim.name for claim in claims],
            made_optional=made_optional,
            made_manual=[organization.name for organization in made_manual],
        )
    return connection


def tell_people_of_reset(connection: Connection, *, actor: Actor, now: datetime) -> int:
    """Mail the people of a connection that was reset, in the background, how they sign in now; returns how many.

    The mail holds the address of the sign-in page, never a link that signs in. Done once, within 30 days of the reset:
    raises PeopleToldAlready.
    """
    with transaction.atomic():
        parent = ParentOrganization.objects.select_for_update().get(id=connection.parent_id)
        is_over = connection.retired_at is None or now - connection.retired_at > TELL_PEOPLE_FOR
        if is_over or find_people_told(connection):
            raise PeopleToldAlready(connection=connection.name)
        count = people_to_tell(connection, parent=parent).count()
        if count:
            audit.record(
                Code.CONNECTION_PEOPLE_TOLD,
                actor=actor,
                parent_id=parent.id,
                target=connection,
                details={"count": count},
                now=now,
            )
            audit.post("sso.tell_of_reset", {"parent": parent.id.hex, "connection": connection.id.hex}, now=now)
    return count


def deliver_words_of_reset(payload: Mapping[str, Any], secret: Mapping[str, str]) -> None:
    """Outbox handler of the topic `sso.tell_of_reset`: one mail to each of its people."""
    parent = ParentOrganization.objects.get(id=uuid.UUID(payload["parent"]))
    connection = Connection.objects.for_parent(parent).get(id=uuid.UUID(payload["connection"]))
    people = people_to_tell(connection, parent=parent).values_list("email", flat=True)
    mail.send_to_many(
        "connection_reset_people",
        to=people.iterator(),
        subject=f"How you sign in at {parent.name} now",
        context={
            "connection": connection.name,
            "parent": parent.name,
            "action_url": f"{settings.PUBLIC_URL.rstrip('/')}/login/",
            "action_label": "Open the sign-in page",
        },
    )


def _lock(connection: Connection, *, parent: ParentOrganization) -> tuple[list[DomainClaim], Connection]:
    """The rows that are about to change, so that the plan made next stays true until the commit."""
    organizations = organizations_in_mode(parent.id, mode=Mode.JIT)
    list(organizations.select_for_update(of=("self",), no_key=True))
    claims = DomainClaim.objects.for_parent(parent).select_for_update().filter(connection=connection)
    found = list(claims.order_by("id"))
    locked: Connection = Connection.objects.for_parent(parent).select_for_update().get(id=connection.id)
    revisions = ConnectionRevision.objects.for_parent(parent).filter(connection=locked)
    list(revisions.select_for_update(of=("self",)))
    return sorted(found, key=lambda claim: claim.name), locked


def _retire(connection: Connection, *, claims: list[DomainClaim], now: datetime) -> int | None:
    """Take the connection out of use; returns the number of the draft that was discarded with it."""
    parent_id = connection.parent_id
    connection.retired_at = connection.proofs_valid_from = now
    connection.save(update_fields=["retired_at", "proofs_valid_from"])
    held = DomainClaim.objects.for_parent(parent_id).filter(id__in=[claim.id for claim in claims])
    held.update(connection=None, proofs_valid_from=now)
    draft = ConnectionRevision.objects.for_parent(parent_id).filter(connection=connection, state__in=OPEN).first()
    if draft is not None:
        draft.state = RevisionState.DISCARDED
        draft.save(update_fields=["state"])
    # Whoever is at the identity provider right now comes back to a sign-in that is over.
    attempts = SignInAttempt.objects.for_parent(parent_id).filter(connection=connection, expires_at__gt=now)
    attempts.update(expires_at=now, parked_response="")
    return draft.number if draft else None


def _make_optional_everywhere(parent: ParentOrganization, *, actor: Actor, now: datetime) -> list[str]:
    """Without a connection nobody could do what is required."""
    products = enforced_products(parent)
    for product in products:
        make_optional(parent, product=product, actor=actor, now=now)
    stop_requiring_sso_of_everybody(parent, reason="The last connection was reset.", actor=actor, now=now)
    return [product.name for product in products]
