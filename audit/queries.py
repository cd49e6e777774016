"""Reads of the audit log. The sentence of an event is made when it is shown."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q

from audit.codes import SENTENCES, Code
from audit.models import AuditEvent


def describe(event: AuditEvent) -> str:
    """What happened, as a sentence; names are those of the time."""
    details = _Details(event.details, actor=event.actor_label, target=event.target_label)
    return SENTENCES[Code(event.code)].format_map(details)


def latest_of_parent(parent_id: UUID, *, organization_id: UUID, codes: Iterable[Code], limit: int) -> list[AuditEvent]:
    """The newest events of the parent itself and of one of its organizations, newest first."""
    of_either = Q(organization_id=organization_id) | Q(organization_id__isnull=True)
    events = AuditEvent.objects.filter(of_either, parent_id=parent_id, code__in=[code.value for code in codes])
    return list(events.order_by("-id")[:limit])


class _Details(dict[str, Any]):
    """An event of an older release may lack a detail that the sentence of today names."""

    def __missing__(self, key: str) -> str:
        return "…"
