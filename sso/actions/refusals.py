"""Writing down a refused sign-in, so that whoever has to mend it finds it by its reference (spec 6.7, 8)."""

import logging
import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.addresses import domain_of
from accounts.models import User
from audit import actions as audit
from audit.actors import STRANGER
from audit.codes import Code
from audit.models import AuditEvent
from domains.queries import serving_claim
from identity_platform import request_context
from identity_platform.errors import PlatformError
from identity_platform.limits import Limit, Try, count_tries, network_of_address
from identity_platform.references import make_reference
from orgs.models import Organization, Product
from sso.models import Connection, ConnectionRevision

logger = logging.getLogger(__name__)

ONE_REFERENCE_FOR = timedelta(hours=1)
# From one network; what comes beyond it is somebody's script, and leaves log lines only.
RECORDED = Limit("refusals_recorded_per_network", most=1_000, span=timedelta(minutes=15))


LONGEST_KEPT = 1000  # letters of what was expected and of what came

# What differs from person to person and from try to try; the rest tells which failures are alike.
_LOCAL_PART = re.compile(r"[^\s@<>\"']+@")
_IDENTIFIER = re.compile(r"\b(?=\w*\d)[\w-]{8,}\b")
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Occasion:
    """What is refused again by every reload: within it each code of refusal is written once, with one reference."""

    key: str
    since: datetime


def record_refusal(
    error: PlatformError,
    *,
    way: str = "",
    email: str = "",
    product: Product | None = None,
    connection: Connection | None = None,
    revision: ConnectionRevision | None = None,
    user: User | None = None,
    organization: Organization | None = None,
    occasion: Occasion | None = None,
    now: datetime,
) -> str:
    """Write down a refused sign-in, after its transaction has rolled back; returns the reference to show.

    The event belongs to the connection's parent, else to the one that holds the address's domain alone and assigned,
    so that its managers can open it, and never to more than one. `email` is an address that was typed or believed;
    `way` a value of `accounts.models.Way`. What is about nobody (an unknown link, a made-up state) leaves a log line
    only, like what comes beyond RECORDED: anybody could fill the audit log with it. Nobody who proved to be `user` is
    counted there, so that the page of their reference can be opened.
    """
    parent_id = _parent_of(error, connection=connection, organization=organization, email=email)
    is_somebodys = bool(connection or email or user or parent_id)
    if occasion and (earlier := _find_earlier(error, parent_id=parent_id, occasion=occasion)):
        return earlier.reference
    network = network_of_address(request_context.current().ip)
    if not is_somebodys or (user is None and count_tries(Try(RECORDED, (network,)), now=now)):
        reference = make_reference("SGN")
        logger.info("sign_in.refused", extra={"reference": reference, "code": error.code})
        return reference
    event = audit.record(
        Code.SIGN_IN_REFUSED,
        actor=STRANGER,
        organization=organization,
        parent_id=parent_id,
        target=connection,
        details={
            "cause": error.message_text,
            "code": error.code,
            "check": getattr(error, "check", ""),
            "expected": error.expected[:LONGEST_KEPT],
            "received": error.received[:LONGEST_KEPT],
            "remedy": error.remedy_text,
            "email": email,
            "way": str(way),
            "product": product.slug if product else "",
            "revision": revision.number if revision else None,
            "user": user.id.hex if user else "",
            "occasion": occasion.key if occasion else "",
            # For grouping: who it happened to, and which failures are alike.
            "person": user.id.hex if user else email,
            "likeness": f"{error.code}|{shape_of(error.expected)}|{shape_of(error.received)}"[:300],
        },
        now=now,
    )
    return event.reference


def record_refused_visit(error: PlatformError, *, user: User, organization: Organization, now: datetime) -> str:
    """The reference for somebody whom the door turns away: one for all their tries of an hour, so that reloading the
    page fills no log."""
    earlier = AuditEvent.objects.filter(
        organization=organization,
        code=Code.SIGN_IN_REFUSED,
        at__gt=now - ONE_REFERENCE_FOR,
        details__user=user.id.hex,
        details__code=error.code,
    )
    latest = earlier.order_by("-id").first()
    if latest:
        return latest.reference
    return record_refusal(error, email=user.email, user=user, organization=organization, now=now)


def shape_of(text: str) -> str:
    """`text` without what is one person's or one try's: two failures of the same shape have the same remedy."""
    return _NUMBER.sub("0", _IDENTIFIER.sub("…", _LOCAL_PART.sub("…@", text[:LONGEST_KEPT])))


def _find_earlier(error: PlatformError, *, parent_id: uuid.UUID | None, occasion: Occasion) -> AuditEvent | None:
    """The event of the same refusal on the same occasion."""
    earlier = AuditEvent.objects.filter(
        parent_id=parent_id,
        code=Code.SIGN_IN_REFUSED,
        at__gte=occasion.since,
        details__code=error.code,
        details__occasion=occasion.key,
    )
    return earlier.order_by("-id").first()


def _parent_of(
    error: PlatformError, *, connection: Connection | None, organization: Organization | None, email: str
) -> uuid.UUID | None:
    """Whose managers may open the reference. An error that knows says so itself in its context."""
    if connection is not None:
        return connection.parent_id
    if organization is not None:
        return organization.parent_id
    told = error.context.get("parent")
    if isinstance(told, uuid.UUID):
        return told
    claim = serving_claim(domain_of(email)) if email else None
    return claim.parent_id if claim else None
