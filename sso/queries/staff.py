"""Whether a session may open the staff pages."""

from django.utils import timezone

from accounts.models import Way
from accounts.queries import SignedIn
from orgs.models.organizations import RECENT_SIGN_IN


def has_staff_proof(signed_in: SignedIn | None) -> bool:
    """A staff account that proved itself as staff in the last hour; no other proof counts there (spec 9.1)."""
    if not signed_in or not signed_in.user.is_staff:
        return False
    now = timezone.now()
    return any(proof.way == Way.STAFF and now - proof.proved_at <= RECENT_SIGN_IN for proof in signed_in.proofs)
