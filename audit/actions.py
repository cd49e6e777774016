"""Writing events and outbox messages: always inside the transaction of the change they belong to."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit.actors import Actor
from audit.codes import Code
from audit.models import AuditEvent, OutboxMessage
from audit.tasks import wake_outbox
from identity_platform import credentials, request_context
from identity_platform.prepared import insert
from identity_platform.references import make_reference

MESSAGES_AT_ONCE = 1000
# The three letters of a reference, by the first part of the code.
_AREAS = {
    "sign_in": "SGN",
    "session": "SES",
    "user": "USR",
    "organization": "ORG",
    "parent": "PAR",
    "membership": "MEM",
    "invitation": "INV",
    "session_policy": "SES",
    "enforcement": "ENF",
    "domain": "DOM",
    "connection": "SSO",
    "external_identity": "TIE",
    "provisioning": "PRV",
    "staff": "STF",
    "products": "PRD",
    "request": "ERR",
}


def record(
    code: Code,
    *,
    actor: Actor,
    organization: Any = None,
    parent_id: Any = None,
    target: Any = None,
    target_label: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
    reference: str = "",
    now: datetime | None = None,
) -> AuditEvent:
    """Add one event. `target` is the row it is about; the parent follows from the organization if not given.

    `details` fills the sentence of the code (`audit.codes.SENTENCES`). Secrets must not be passed; a test looks.
    `reference` is given where it was shown to somebody before the event is written.
    """
    context = request_context.current()
    event = AuditEvent(
        reference=reference or make_reference(_AREAS[code.partition(".")[0]]),
        code=Code(code),
        at=now or timezone.now(),
        organization_id=organization.id if organization else None,
        parent_id=parent_id or (organization.parent_id if organization else None),
        actor_kind=actor.kind,
        actor_user_id=actor.user_id,
        actor_label=actor.label[:320],
        target_type=target._meta.label_lower if target is not None else "",
        target_id=_id_text(target.pk) if target is not None else "",
        target_label=(target_label or (str(target) if target is not None else ""))[:320],
        before=dict(before or {}),
        after=dict(after or {}),
        details=dict(details or {}),
        ip=context.ip,
        user_agent=context.user_agent[:256],
        request_id=context.request_id,
    )
    insert(event)
    return event


def post(
    topic: str,
    payload: Mapping[str, Any],
    *,
    secret: Mapping[str, str] | None = None,
    delay: timedelta = timedelta(0),
    now: datetime | None = None,
) -> OutboxMessage:
    """Leave a message for the outbox of `topic` (settings.OUTBOX_HANDLERS); it is delivered after the commit.

    `secret` is stored encrypted, handed to the handler with the payload, and forgotten after delivery.
    """
    now = now or timezone.now()
    message = OutboxMessage.objects.create(
        topic=topic,
        payload=dict(payload),
        sealed=credentials.encrypt(json.dumps(dict(secret)), purpose="outbox") if secret else "",
        created_at=now,
        deliver_after=now + delay,
    )
    if not delay:
        # A wake-up that may be lost: the schedule delivers what it missed.
        transaction.on_commit(wake_outbox)
    return message


def post_many(topic: str, payloads: Iterable[Mapping[str, Any]], *, now: datetime | None = None) -> None:
    """As `post` for each payload, all or none, in one statement for a thousand of them."""
    now = now or timezone.now()
    messages = (
        OutboxMessage(topic=topic, payload=dict(payload), created_at=now, deliver_after=now) for payload in payloads
    )
    with transaction.atomic():
        while batch := list(islice(messages, MESSAGES_AT_ONCE)):
            OutboxMessage.objects.bulk_create(batch)
        transaction.on_commit(wake_outbox)


def _id_text(key: Any) -> str:
    return key.hex if hasattr(key, "hex") and not isinstance(key, float) else str(key)
