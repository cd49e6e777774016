"""What this app answers when a lower one asks (settings.GUARDS)."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Way
from accounts.queries import SignedIn
from identity_platform.errors import RecentSignInNeeded
from orgs.errors import MembershipHeld, ProofOfParentsOnly
from orgs.models import Organization, Product
from orgs.queries import Visitor
from sso.actions.admission import ensure_admitted
from sso.actions.refusals import record_refused_visit
from sso.errors import ProofNeeded, ProofNeededToSee
from sso.queries.sign_in import gather_admission, gather_sight
from sso.rules import decide
from sso.rules.decide import NEEDING_SSO


def hold_has_a_reference(*, signed_in: SignedIn, organization: Organization, now: datetime, **_: Any) -> None:
    """The `access.held` guard: raises MembershipHeld with a reference that the organization's managers can open."""
    held = MembershipHeld(organization=organization.name, received=signed_in.user.email)
    held.reference = record_refused_visit(held, user=signed_in.user, organization=organization, now=now)
    raise held


def proof_is_recent(
    *, signed_in: SignedIn, organization: Organization, within: timedelta, now: datetime, **_: Any
) -> None:
    """The `access.recent` guard: raises RecentSignInNeeded unless proofs that count here are as recent as asked.

    Where SSO alone would make it recent, that is ProofNeeded: the sign-in page would offer ways that lead in a circle.
    """
    verdict = decide.admit_recently(gather_admission(signed_in, organization=organization), within=within, now=now)
    if verdict.reason in NEEDING_SSO:
        raise _proof_needed(verdict, organization=organization, recent="true")
    if not verdict.admitted:
        raise RecentSignInNeeded


def proof_is_own(*, signed_in: SignedIn, **_: Any) -> None:
    """The `account.show` guard: raises ProofOfParentsOnly where the session's proofs are other parents' word alone."""
    sight = gather_sight(signed_in)
    if not sight.everything:
        raise ProofOfParentsOnly(sight.parents)


def organization_may_be_shown(*, signed_in: Visitor, **_: Any) -> None:
    """The `access.show` guard: raises ProofNeededToSee where other parents' word alone would open an organization.

    Alike for members, strangers and names that nobody has. A sign-in of the person's own tells them apart.
    """
    membership = signed_in.membership
    if membership and any(
        proof.connection and proof.connection.parent_id == membership.organization.parent_id
        for proof in signed_in.proofs
    ):
        return
    if all(proof.way == Way.STAFF for proof in signed_in.proofs):
        return  # their own, and opens the staff pages alone
    if not gather_sight(signed_in).everything:
        raise ProofNeededToSee


def mail_proves_address(*, email: str, now: datetime, **_: Any) -> None:
    """The `address.prove` guard: raises SsoRequired where a mail doesn't prove an address for some product."""
    for product in Product.objects.all():
        ensure_admitted(email, way=Way.EMAIL, product=product, now=now)


def proof_accepts_invitation(*, signed_in: SignedIn, organization: Organization, now: datetime, **_: Any) -> None:
    """The `invitation.accept` guard: whoever joins must be able to enter with the proof at hand (R34)."""
    proof_is_enough(signed_in=signed_in, organization=organization, now=now)


def proof_is_enough(*, signed_in: SignedIn, organization: Organization, now: datetime, **_: Any) -> None:
    """The `access` guard: raises ProofNeeded unless the session's proofs open this organization (spec 6.3)."""
    verdict = decide.admit(gather_admission(signed_in, organization=organization), now=now)
    if not verdict.admitted:
        raise _proof_needed(verdict, organization=organization)


def _proof_needed(verdict: decide.Verdict, *, organization: Organization, recent: str = "") -> ProofNeeded:
    """What `/login/required/` is told: who asks, why, and which connection gives it (none, where none could)."""
    return ProofNeeded(
        organization=organization.slug,
        connection=verdict.connection_id.hex if verdict.connection_id else "",
        reason=verdict.reason.value,
        recent=recent,
    )
