"""Celery entry points for checking claims."""

import logging
import time
import uuid

from celery import shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from domains import actions

logger = logging.getLogger(__name__)

BATCH = 100  # claims taken at once by one worker; the others are left to its neighbours
WORK_FOR = 50.0  # seconds; afterwards the schedule's next message goes on
# Seconds after which a message of the schedule is worth nothing: the next one does its work. Without that they would
# pile up while no worker runs.
STALE_AFTER = 30


@shared_task(name="domains.check_due_claims", expires=STALE_AFTER)
def check_due_claims() -> None:
    """Check every claim that is due. Several workers may run this at once; none takes another's claims."""
    until = time.monotonic() + WORK_FOR
    while time.monotonic() < until:
        claims = actions.take_due_claims(now=timezone.now(), limit=BATCH)
        if not claims:
            return
        actions.check_claims(claims)


@shared_task(name="domains.check_claim")
def check_claim(parent_id: str, claim_id: str) -> None:
    """Check one claim now, unless it was checked in the meantime."""
    claim = actions.take_claim(uuid.UUID(parent_id), uuid.UUID(claim_id), now=timezone.now())
    if claim is not None:
        actions.check_claims([claim])


def wake(parent_id: uuid.UUID, claim_id: uuid.UUID) -> None:
    """Ask a worker for `check_claim`; may be lost when the broker is away."""
    try:
        check_claim.delay(parent_id.hex, claim_id.hex)
    except (OperationalError, OSError):
        logger.warning("domains.wake_failed")
