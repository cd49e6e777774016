"""A person's new address: proven by a link in a mail to it before it becomes theirs (spec 2, R32)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts import errors
from accounts.actions import emailed_sign_in
from accounts.addresses import normalise_address
from accounts.models import AddressChange, User
from audit import actions as audit
from audit import mail
from audit.actors import Actor
from audit.codes import Code
from identity_platform import credentials

LINK_LIFETIME = timedelta(hours=2)
ASKED_AT_MOST = 5  # times in ASKED_WITHIN, so that nobody is flooded with our mails
ASKED_WITHIN = timedelta(days=1)


def ask_for_address_change(user: User, email: str, *, actor: Actor, now: datetime) -> AddressChange:
    """Mail a link to the new address; nothing changes before it is used. An earlier link of this person ends.

    Raises NotAnAddress, AddressIsTheSame, AddressAskedTooOften. For an address of another account the answer is the
    same: its owner gets a mail that says so, and the stored link was given to nobody.
    """
    address = normalise_address(email)
    if address == user.email:
        raise errors.AddressIsTheSame
    token = credentials.make_token()
    with transaction.atomic():
        User.objects.select_for_update().get(id=user.id)  # two at once are counted one after the other
        asked = AddressChange.objects.filter(user=user, created_at__gt=now - ASKED_WITHIN)
        if asked.count() >= ASKED_AT_MOST:
            raise errors.AddressAskedTooOften
        void_address_changes(user, now=now)
        change = AddressChange.objects.create(
            user=user,
            email=address,
            token_hash=credentials.hash_token(token),
            created_at=now,
            expires_at=now + LINK_LIFETIME,
        )
        is_taken = User.objects.filter(email=address).exists()
        mail.send(
            "address_change_taken" if is_taken else "address_change",
            to=[address],
            subject=f"A change of address at {settings.PLATFORM_NAME}",
            context={"email": address, "hours": int(LINK_LIFETIME.total_seconds() // 3600)},
            secret={"link": f"{settings.PUBLIC_URL}/account/address/confirm/{token}/"},
        )
        audit.record(Code.USER_ADDRESS_CHANGE_ASKED, actor=actor, target=user, after={"email": address}, now=now)
    return change


def find_address_change(token: str, *, user: User, now: datetime) -> AddressChange:
    """The open change behind a mailed link, without using it up. Raises AddressLinkNotYours, AddressLinkOver.

    Somebody else's link and one that never was look alike.
    """
    change = AddressChange.objects.filter(token_hash=credentials.hash_token(token), user=user).first()
    if change is None:
        raise errors.AddressLinkNotYours
    if change.used_at is not None or now >= change.expires_at:
        raise errors.AddressLinkOver
    return change


def change_address(change: AddressChange, *, actor: Actor, now: datetime) -> str:
    """Use the link up and move its user to the proven address; returns the former one. Sessions go on.

    What is under way to the former address is void, and that address is told. Raises AddressLinkOver, AddressTaken.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(id=change.user_id)
        if not AddressChange.objects.filter(id=change.id, used_at=None, expires_at__gt=now).update(used_at=now):
            raise errors.AddressLinkOver
        before = user.email
        try:
            with transaction.atomic():
                User.objects.filter(id=user.id).update(email=change.email)
        except IntegrityError as error:  # another account took it after the link was sent
            raise errors.AddressTaken(email=change.email) from error
        void_address_changes(user, now=now)
        emailed_sign_in.void_open_sign_ins(before, now=now)
        mail.send(
            "address_changed",
            to=[before],
            subject=f"Your address at {settings.PLATFORM_NAME} was changed",
            context={"before": before, "after": change.email, "at": f"{now:%-d %B %Y, %H:%M} UTC"},
        )
        user.email = change.email
        audit.record(
            Code.USER_ADDRESS_CHANGED,
            actor=actor,
            target=user,
            before={"email": before},
            after={"email": change.email},
            details={"how": "by a link mailed to the new one"},
            now=now,
        )
    return before


def void_address_changes(user: User, *, now: datetime) -> None:
    """Use up the open links of a person whose address is, or is about to be, another one."""
    AddressChange.objects.filter(user=user, used_at=None).update(used_at=now)


def forget_old_address_changes(*, now: datetime) -> None:
    """Drop what no longer counts for how often somebody asked."""
    AddressChange.objects.filter(created_at__lt=now - ASKED_WITHIN, expires_at__lt=now).delete()
