"""Reads of sessions and people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, QuerySet, Value
from django.db.models.functions import Greatest
from django.http import HttpRequest
from django.utils import timezone

from accounts import browser
from accounts.models import Proof, Session, User
from identity_platform import credentials
from identity_platform.prepared import prepared

# `last_seen_at` is written at most this often; idle times are days, so nothing depends on more.
SEEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class SignedIn:
    """Who this browser is, and what that rests on."""

    session: Session
    user: User
    proofs: tuple[Proof, ...]


def signed_in_of(request: HttpRequest) -> SignedIn | None:
    """Session, user, proofs and the proofs' connections in one query; None for a stranger."""
    key = browser.session_key(request)
    if not key:
        return None
    return find_session(key, now=timezone.now())


def who_is_at(request: HttpRequest) -> SignedIn | None:
    """Who this request's browser is signed in as, as SessionMiddleware found it; asked of the database once."""
    return request.signed_in or None  # type: ignore[attr-defined]  # set by the middleware


def find_session(key: str, *, now: datetime) -> SignedIn | None:
    return take_up(_proofs_of_session(credentials.hash_token(key), now=now), now=now)


def proofs_of_session(key_hash: str, *, now: datetime) -> QuerySet[Proof]:
    """The proofs of a running session, with session, user and connections; for `prepared` statements to build on."""
    return Proof.objects.select_related("session__user", "connection").filter(
        session__key_hash=key_hash,
        session__ended_at__isnull=True,
        session__expires_at__gt=now,
        session__user__erased_at__isnull=True,
    )


_proofs_of_session = prepared(proofs_of_session)


def take_up(proofs: Sequence[Proof], *, now: datetime) -> SignedIn | None:
    """The session whose proofs were loaded, noted as seen; None if there are none."""
    if not proofs:
        return None
    session = proofs[0].session
    if now - session.last_seen_at > SEEN_EVERY:
        _note_that_it_was_seen(session, now=now)
    return SignedIn(session=session, user=session.user, proofs=tuple(proofs))


def _note_that_it_was_seen(session: Session, *, now: datetime) -> None:
    """Move `last_seen_at`, keeping the pause that ends here with every proof: since then, or since the proof if newer.

    The rows at hand stay as they were: this very request is judged by the pause before it. The proofs are written
    first, so that a request beside it, which reads both at once, finds the pause in one of them.
    """
    last_sign_of_life = Greatest("proved_at", Value(session.last_seen_at, output_field=DateTimeField()))
    pause = ExpressionWrapper(
        Value(now, output_field=DateTimeField()) - last_sign_of_life, output_field=DurationField()
    )
    Proof.objects.filter(session=session, longest_gap__lt=pause).update(longest_gap=pause)
    Session.objects.filter(id=session.id).update(last_seen_at=now)


def was_this_person_before(*, browser_hash: str, user: User) -> bool:
    """Whether this browser has been signed in as this person (spec 5.7, 6.6)."""
    return bool(browser_hash) and Session.objects.filter(browser_hash=browser_hash, user=user).exists()
