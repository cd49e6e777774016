"""Passwords: set, removed, and compared so that known and unknown addresses cost the same."""

from datetime import datetime

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import errors
from accounts.actions import sessions
from accounts.models import Session, User
from audit import actions as audit
from audit import mail
from audit.actors import Actor
from audit.codes import Code
from identity_platform import request_context

MAX_LENGTH = 1024  # characters; far beyond any password manager's, and cheap to hash


def find_by_password(email: str, password: str) -> User | None:
    """The user with this (normalised) address and this password.

    One query and one hash, whether there is such an account, with or without a password. A hash made with older
    parameters is made anew.
    """
    user = User.objects.filter(email=email, erased_at=None).first()
    stored = user.password if user else UNUSABLE_PASSWORD_PREFIX  # Django hashes once for an unusable one, too

    def upgrade(typed: str) -> None:
        if user:  # only over the hash that was just compared: it may have been changed meanwhile
            User.objects.filter(id=user.id, password=stored).update(password=make_password(typed))

    return user if check_password(password, stored, setter=upgrade) else None


def ensure_current(user: User, password: str) -> None:
    """Raise WrongCurrentPassword unless this is the password of somebody who is signed in."""
    if find_by_password(user.email, password) is None:
        raise errors.WrongCurrentPassword


def set_password(user: User, password: str, *, kept: Session, actor: Actor, now: datetime) -> int:
    """Set or change a person's password; returns how many other sessions of theirs it ended.

    Raises PasswordRefused with what settings.AUTH_PASSWORD_VALIDATORS say.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise errors.PasswordRefused(why=" ".join(error.messages)) from error
    encoded = make_password(password)  # takes a moment, so before the transaction
    with transaction.atomic():
        return _store(user, encoded, code=Code.USER_PASSWORD_SET, kept=kept, actor=actor, now=now)


def remove_password(user: User, *, kept: Session, actor: Actor, now: datetime) -> int:
    """From now on only the other ways sign this person in; returns how many other sessions it ended."""
    with transaction.atomic():
        return _store(user, make_password(None), code=Code.USER_PASSWORD_REMOVED, kept=kept, actor=actor, now=now)


def _store(user: User, encoded: str, *, code: Code, kept: Session, actor: Actor, now: datetime) -> int:
    """Whoever knew the former password may sit in another session: all but the one at hand end."""
    locked = User.objects.select_for_update().get(id=user.id)
    had_one = locked.has_usable_password()
    User.objects.filter(id=user.id).update(password=encoded)
    user.password = encoded
    audit.record(code, actor=actor, target=locked, details={"had_one": had_one}, now=now)
    ended = sessions.end_others_of(locked, kept=kept, actor=actor, now=now)
    removed = code == Code.USER_PASSWORD_REMOVED
    what = "removed" if removed else "changed" if had_one else "set"
    mail.send(
        "password_changed",
        to=[locked.email],
        subject=f"Your password was {what}",
        context={
            "what": what,
            "at": f"{now:%-d %B %Y, %H:%M} UTC",
            "ip": request_context.current().ip or "",
            "ended": ended,
        },
    )
    return ended
