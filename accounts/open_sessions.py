"""The sessions that somebody has open, for a list of their own."""

from datetime import datetime

from django.db.models import Prefetch, QuerySet

from accounts.models import Proof, Session, User


def open_sessions_of(user: User, *, now: datetime) -> QuerySet[Session]:
    """Sessions neither ended nor past their lifetime, last used first, each with the newest proof of each kind and the
    proofs' connections."""
    proofs = Proof.objects.filter(is_superseded=False).select_related("connection").order_by("-proved_at")
    sessions = Session.objects.filter(user=user, ended_at=None, expires_at__gt=now)
    return sessions.prefetch_related(Prefetch("proofs", queryset=proofs)).order_by("-last_seen_at", "id")
