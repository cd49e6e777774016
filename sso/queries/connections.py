"""Reads of connections for the pages: what a parent has, and how far a set-up got."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Prefetch

from identity_platform.errors import NotFound
from orgs.models import ParentOrganization
from sso.models import Certificate, Connection, ConnectionRevision, RevisionState, SignInAttempt, TestSignIn
from sso.setup.providers import Provider, provider_of

OPEN = (RevisionState.DRAFT, RevisionState.TESTED)

CERTIFICATE_WARNING = timedelta(days=60)
CERTIFICATE_ALARM = timedelta(days=14)


@dataclass(frozen=True)
class ConnectionState:
    """A connection with the revisions that matter: the one that serves, and the one that is edited."""

    connection: Connection
    live: ConnectionRevision | None
    draft: ConnectionRevision | None

    @property
    def provider(self) -> Provider:
        return provider_of(self.connection.provider)


@dataclass(frozen=True)
class CertificateNotice:
    """How urgent a certificate's end is: ok, warn (under 60 days), bad (under 14, or over)."""

    certificate: Certificate
    kind: str
    days: int

    @property
    def is_over(self) -> bool:
        return self.days < 0


def connections_of(parent: ParentOrganization) -> list[ConnectionState]:
    """All connections in use, oldest first, in three queries."""
    revisions = (
        ConnectionRevision.objects.for_parent(parent)
        .filter(state__in=(*OPEN, RevisionState.LIVE))
        .select_related("saved_by")
        .prefetch_related("certificates")
    )
    connections = (
        Connection.objects.for_parent(parent)
        .filter(retired_at__isnull=True)
        .select_related("default_product")
        .prefetch_related(Prefetch("revisions", queryset=revisions, to_attr="current_revisions"))
        .order_by("created_at")
    )
    return [_state_of(connection) for connection in connections]


def find_connection(parent: ParentOrganization, connection_id: UUID) -> ConnectionState:
    """One connection of this parent. Raises NotFound, also for one of somebody else (R38)."""
    for state in connections_of(parent):
        if state.connection.id == connection_id:
            return state
    raise NotFound


def find_test(parent: ParentOrganization, connection_id: UUID, reference: str) -> TestSignIn:
    """One test of one connection of this parent. Raises NotFound."""
    test: TestSignIn | None = (
        TestSignIn.objects.for_parent(parent)
        .filter(revision__connection_id=connection_id, reference=reference)
        .select_related("revision__connection", "tested_by")
        .first()
    )
    if test is None:
        raise NotFound
    return test


def latest_tests(connection: Connection, *, limit: int = 10) -> Sequence[TestSignIn]:
    """The latest tests of a connection, newest first."""
    tests = TestSignIn.objects.for_parent(connection.parent_id).filter(revision__connection=connection)
    return list(tests.select_related("tested_by", "revision").order_by("-at")[:limit])


def find_unanswered_test(connection: Connection, *, user_id: UUID, now: datetime) -> SignInAttempt | None:
    """The test this person began last, if no answer has come and nothing was tested since."""
    attempt: SignInAttempt | None = (
        SignInAttempt.objects.for_parent(connection.parent_id)
        .filter(connection=connection, purpose=SignInAttempt.Purpose.TEST, tested_by_id=user_id)
        .order_by("-created_at")
        .first()
    )
    if attempt is None or attempt.consumed_at is not None or now - attempt.created_at > timedelta(hours=1):
        return None
    later = TestSignIn.objects.for_parent(connection.parent_id).filter(
        revision__connection=connection, tested_by_id=user_id, at__gte=attempt.created_at
    )
    return None if later.exists() else attempt


def judge_certificate(certificate: Certificate, *, now: datetime) -> CertificateNotice:
    left = certificate.not_after - now
    if left < CERTIFICATE_ALARM:
        kind = "bad"
    elif left < CERTIFICATE_WARNING:
        kind = "warn"
    else:
        kind = "ok"
    return CertificateNotice(certificate=certificate, kind=kind, days=left.days)


def judge_live_certificates(state: ConnectionState, *, now: datetime) -> CertificateNotice | None:
    """What to say of a live connection's certificates: of the newest, since an old one may end once it has a successor.

    An expired one among valid ones is said on the connection's own page; here counts when sign-in is at risk.
    """
    if state.live is None:
        return None
    newest = max(state.live.certificates.all(), key=lambda certificate: certificate.not_after, default=None)
    return judge_certificate(newest, now=now) if newest else None


def _state_of(connection: Connection) -> ConnectionState:
    revisions: list[ConnectionRevision] = vars(connection)["current_revisions"]  # put there by the Prefetch
    for revision in revisions:
        revision.connection = connection
    return ConnectionState(
        connection=connection,
        live=next((revision for revision in revisions if revision.state == RevisionState.LIVE), None),
        draft=next((revision for revision in revisions if revision.state in OPEN), None),
    )
