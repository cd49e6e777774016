"""Accounts of people."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.addresses import normalise_address
from accounts.models import User
from audit import actions as audit
from audit.actors import SYSTEM, Actor
from audit.codes import Code


def find_or_create_user(email: str, *, name: str = "", actor: Actor = SYSTEM, now: datetime) -> tuple[User, bool]:
    """The user with this address (normalised here), created if there is none. Returns (user, was created).

    Raises NotAnAddress. Two at once create one: the unique address settles it.
    """
    address = normalise_address(email)
    user = User.objects.filter(email=address).first()
    if user:
        return user, False
    try:
        with transaction.atomic():
            user = User(email=address, name=name[:200], created_at=now)
            user.set_unusable_password()
            user.save(force_insert=True)
            audit.record(Code.USER_CREATED, actor=actor, target=user, now=now)
    except IntegrityError:
        return User.objects.get(email=address), False
    return user, True


def make_staff(email: str, *, name: str = "", now: datetime) -> User:
    """Make this address an account of staff, for `manage.py create_staff`. Safe to repeat. Raises NotAnAddress."""
    with transaction.atomic():
        user, _ = find_or_create_user(email, name=name, now=now)
        if not user.is_staff:
            user.is_staff = True
            user.save(update_fields=["is_staff"])
            audit.record(Code.STAFF_CREATED, actor=SYSTEM, target=user, now=now)
    return user
