"""Housekeeping."""

from celery import shared_task
from django.utils import timezone

from identity_platform import plans
from orgs.models import MergeProposal


@shared_task(name="orgs.forget_old_plans")
def forget_old_plans() -> None:
    """Drop previews that nobody confirmed; each look at such a page stores one."""
    of_merges = MergeProposal.unscoped.exclude(plan=None).values("plan")  # every organization's
    plans.forget_old_plans(kept=of_merges, now=timezone.now())
