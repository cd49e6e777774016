"""Housekeeping."""

from celery import shared_task
from django.utils import timezone

from sso.actions import attempts, google
from sso.models import ConsumedAssertion, TestSignIn


@shared_task(name="sso.empty_parked_responses")
def empty_parked_responses() -> None:
    attempts.empty_parked_responses(now=timezone.now())


@shared_task(name="sso.forget_old_attempts")
def forget_old_attempts() -> None:
    """Drop ended attempts, replay records past their time, and what tests received (24 hours, spec 5.3)."""
    now = timezone.now()
    attempts.forget_old_attempts(now=now)
    google.forget_old_sign_ins(now=now)
    ConsumedAssertion.unscoped.filter(keep_until__lt=now).delete()  # every parent's
    TestSignIn.unscoped.filter(at__lt=now - attempts.TEST_MEMORY).exclude(raw_message="").update(  # every parent's
        raw_message="", report={}
    )
