"""Housekeeping."""

from celery import shared_task
from django.utils import timezone

from accounts.actions import addresses, emailed_sign_in, parked_forms


@shared_task(name="accounts.forget_old_sign_ins")
def forget_old_sign_ins() -> None:
    emailed_sign_in.forget_old_sign_ins(now=timezone.now())


@shared_task(name="accounts.forget_parked_forms")
def forget_parked_forms() -> None:
    parked_forms.forget_parked_forms(now=timezone.now())


@shared_task(name="accounts.forget_old_address_changes")
def forget_old_address_changes() -> None:
    addresses.forget_old_address_changes(now=timezone.now())
