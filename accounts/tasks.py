"""Housekeeping."""

from celery import shared_task
from django.utils import timezone

from accounts.actions import emailed_sign_in


@shared_task(name="accounts.forget_old_sign_ins")
def forget_old_sign_ins() -> None:
    emailed_sign_in.forget_old_sign_ins(now=timezone.now())
