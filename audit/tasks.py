"""Delivering the outbox."""

import json
import logging
from datetime import datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError

from audit.models import OutboxMessage
from identity_platform import credentials

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)  # how long a worker may take over one message before another tries it
GIVE_UP_AFTER = 20  # attempts; with the back-off below that is about two days


@shared_task(name="audit.deliver_outbox")
def deliver_outbox() -> None:
    """Hand every due message to its handler. Several workers may run this at once; none takes another's message."""
    while (message := take_due_message(now=timezone.now())) is not None:
        deliver(message, now=timezone.now())


def wake_outbox() -> None:
    """Ask a worker to deliver now; when the broker is away the schedule delivers a few seconds later."""
    try:
        deliver_outbox.delay()
    except (OperationalError, OSError):
        logger.warning("outbox.wake_failed")


def take_due_message(*, now: datetime) -> OutboxMessage | None:
    """Take the oldest due message on a lease: a worker killed while handling it only delays it."""
    with transaction.atomic():
        due = OutboxMessage.objects.filter(delivered_at=None, given_up_at=None, deliver_after__lte=now)
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        message = due.order_by("deliver_after").first()
        if message is not None:
            message.attempts += 1
            message.deliver_after = now + LEASE
            message.save(update_fields=["attempts", "deliver_after"])
    return message


def deliver(message: OutboxMessage, *, now: datetime) -> None:
    """Run the handler, outside any transaction; a failing one delays its message and nobody else's."""
    try:
        handler = import_string(settings.OUTBOX_HANDLERS[message.topic])
        secret = json.loads(credentials.decrypt(message.sealed, purpose="outbox")) if message.sealed else {}
        handler(message.payload, secret)
    except Exception as error:  # whatever a handler raises must not stop the others
        logger.warning(
            "outbox.failed",
            extra={"handler": message.topic, "message_id": message.id.hex, "tries": message.attempts},
            exc_info=True,
        )
        message.last_error = type(error).__name__
        message.deliver_after = now + min(timedelta(seconds=5 * 2**message.attempts), timedelta(hours=4))
        if message.attempts >= GIVE_UP_AFTER:
            message.given_up_at = now
            message.sealed = ""
    else:
        message.delivered_at = now
        message.sealed = ""
        message.last_error = ""
    message.save(update_fields=["deliver_after", "delivered_at", "given_up_at", "last_error", "sealed"])
