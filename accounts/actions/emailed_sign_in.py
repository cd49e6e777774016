"""Emailed sign-in: a link and a six-digit code in one mail, for the browser that asked (spec 6.6)."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts import errors
from accounts.models import EmailedSignIn
from audit import mail
from identity_platform import credentials

MAX_WRONG_CODES = 5


def send_sign_in_mail(
    email: str,
    *,
    browser_hash: str,
    product_slug: str = "",
    next_path: str = "",
    for_staff: bool = False,
    now: datetime,
) -> EmailedSignIn:
    """Send link and code to a normalised address, known to us or not: the answer must be the same."""
    link, code = credentials.make_token(), credentials.make_code()
    with transaction.atomic():
        sign_in = EmailedSignIn(
            email=email,
            browser_hash=browser_hash,
            link_hash=credentials.hash_token(link),
            product_slug=product_slug,
            next_path=next_path,
            for_staff=for_staff,
            created_at=now,
            expires_at=now + settings.EMAILED_SIGN_IN_LIFETIME,
        )
        sign_in.code_hash = credentials.hash_code(code, salt=sign_in.id.hex)
        sign_in.save(force_insert=True)
        mail.send(
            "sign_in",
            to=[email],
            subject=f"Your sign-in to {settings.PLATFORM_NAME}",
            context={"minutes": int(settings.EMAILED_SIGN_IN_LIFETIME.total_seconds() // 60)},
            secret={"link": f"{settings.PUBLIC_URL}/login/link/{link}/", "code": code},
        )
    return sign_in


def find_link(token: str, *, browser_hash: str, now: datetime) -> EmailedSignIn:
    """The open sign-in behind an emailed link, without using it up: scanners open links.

    Raises LinkUnknown, LinkUsed, LinkExpired, OtherBrowser.
    """
    sign_in = EmailedSignIn.objects.filter(link_hash=credentials.hash_token(token)).first()
    if sign_in is None:
        raise errors.LinkUnknown
    _ensure_open(sign_in, browser_hash=browser_hash, now=now)
    return sign_in


def verify_link(token: str, *, browser_hash: str, now: datetime) -> EmailedSignIn:
    """Use up a link: the address is proven. Raises as `find_link`; of two at once, one gets LinkUsed."""
    sign_in = find_link(token, browser_hash=browser_hash, now=now)
    _use_up(sign_in, now=now)
    return sign_in


def verify_code(sign_in: EmailedSignIn, code: str, *, browser_hash: str, now: datetime) -> EmailedSignIn:
    """Use up a sign-in by its code. Raises as `find_link`, and WrongCode or, after five of them, CodeUsedUp.

    The try is counted before the code is compared, in one statement, so that parallel tries don't get a sixth.
    """
    _ensure_open(sign_in, browser_hash=browser_hash, now=now)
    counted = EmailedSignIn.objects.filter(id=sign_in.id, wrong_codes__lt=MAX_WRONG_CODES).update(
        wrong_codes=F("wrong_codes") + 1
    )
    if not counted:
        raise errors.CodeUsedUp
    typed = "".join(character for character in code if character.isdigit())
    if not credentials.is_same(credentials.hash_code(typed, salt=sign_in.id.hex), sign_in.code_hash):
        raise errors.WrongCode
    _use_up(sign_in, now=now)
    return sign_in


def void_open_sign_ins(email: str, *, now: datetime) -> None:
    """Use up what was sent to an address that is no longer its user's (spec 2)."""
    EmailedSignIn.objects.filter(email=email, used_at=None).update(used_at=now)


def forget_old_sign_ins(*, now: datetime) -> int:
    """Drop what has been over for a day."""
    deleted, _ = EmailedSignIn.objects.filter(expires_at__lt=now - 96 * settings.EMAILED_SIGN_IN_LIFETIME).delete()
    return deleted


def _ensure_open(sign_in: EmailedSignIn, *, browser_hash: str, now: datetime) -> None:
    if not browser_hash or not credentials.is_same(sign_in.browser_hash, browser_hash):
        raise errors.OtherBrowser
    if sign_in.used_at is not None:
        raise errors.LinkUsed
    if now >= sign_in.expires_at:
        raise errors.LinkExpired


def _use_up(sign_in: EmailedSignIn, *, now: datetime) -> None:
    if not EmailedSignIn.objects.filter(id=sign_in.id, used_at=None).update(used_at=now):
        raise errors.LinkUsed
