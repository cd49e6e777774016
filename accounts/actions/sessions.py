"""Sessions: begun by one caller alone (`sso.actions.sign_in`; a test holds it), ended by anybody who may."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import Proof, Session, User, Way
from audit import actions as audit
from audit.actors import Actor
from audit.codes import Code
from identity_platform import credentials, request_context
from identity_platform.prepared import insert


def start_session(
    user: User,
    *,
    way: Way,
    connection_id: uuid.UUID | None = None,
    browser_hash: str,
    proved_at: datetime,
    now: datetime,
) -> str:
    """A new session with its first proof; returns the key for the cookie, which is stored as a hash only.

    Always a fresh session: taking over an older one would let somebody plant a key first (session fixation).
    """
    context = request_context.current()
    key = credentials.make_token()
    session = Session(
        user=user,
        key_hash=credentials.hash_token(key),
        browser_hash=browser_hash,
        created_at=now,
        last_seen_at=now,
        expires_at=now + settings.SESSION_ABSOLUTE_LIFETIME,
        ip=context.ip,
        user_agent=context.user_agent,
    )
    insert(session)
    insert(Proof(session=session, way=way, connection_id=connection_id, proved_at=proved_at))
    return key


def add_proof(
    session: Session,
    *,
    way: Way,
    connection_id: uuid.UUID | None = None,
    proved_at: datetime,
    kept_before: datetime | None = None,
) -> None:
    """Another or a newer proof of the same person for a running session (step-up).

    It replaces the one of the same kind, unless that is from before `kept_before`: then it stays beside the newer one.
    """
    same = Proof.objects.filter(session=session, way=way, connection=connection_id, is_superseded=False)
    if kept_before is not None:
        same.filter(proved_at__lt=kept_before).update(is_superseded=True)
    fresh = {"proved_at": proved_at, "longest_gap": timedelta(0)}
    if same.update(**fresh):
        return
    try:
        with transaction.atomic():
            Proof.objects.create(session=session, way=way, connection_id=connection_id, proved_at=proved_at)
    except IntegrityError:  # another tab brought the same proof a moment ago
        same.update(**fresh)


def end_session(session: Session, *, actor: Actor, now: datetime) -> None:
    """The next request with this session's key is a stranger's. Safe to repeat."""
    with transaction.atomic():
        if Session.objects.filter(id=session.id, ended_at=None).update(ended_at=now):
            code = Code.SIGN_OUT if actor.user_id == session.user_id else Code.SESSION_ENDED
            audit.record(code, actor=actor, target=session.user, now=now)


def end_one_of(user: User, session_id: uuid.UUID, *, actor: Actor, now: datetime) -> bool:
    """End an open session of this person's, begun in whichever browser; False if they have no such one (any more)."""
    with transaction.atomic():
        ended = Session.objects.filter(id=session_id, user=user, ended_at=None, expires_at__gt=now).update(ended_at=now)
        if ended:
            audit.record(Code.SESSION_ENDED, actor=actor, target=user, now=now)
    return bool(ended)


def end_others_of(user: User, *, kept: Session, actor: Actor, now: datetime) -> int:
    """End all sessions of this person but one; returns how many. One write, however many there are."""
    with transaction.atomic():
        others = Session.objects.filter(user=user, ended_at=None, expires_at__gt=now).exclude(id=kept.id)
        ended = others.update(ended_at=now)
        if ended:
            audit.record(Code.SESSIONS_ENDED, actor=actor, target=user, details={"count": ended}, now=now)
    return ended
