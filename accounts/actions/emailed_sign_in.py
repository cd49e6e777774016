"""Emailed sign-in: a link and a six-digit code in one mail, for the browser that asked (spec 6.6)."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts import errors, rules
from accounts.models import EmailedSignIn
from audit import mail
from identity_platform import credentials

MAX_WRONG_CODES = 5
# Mail takes some seconds; whoever asks again at once would only get two.
RESEND_AFTER = timedelta(seconds=30)


def send_sign_in_mail(
    email: str,
    *,
    browser_hash: str,
    product_slug: str = "",
    next_path: str = "",
    for_staff: bool = False,
    now: datetime,
) -> EmailedSignIn:
    """Send link and code to a normalised address, known to us or not: the answer must be the same.

    After too many wrong codes for the address the mail carries the link alone. Mails sent before go on working, each
    on its own page: whoever asked for two may find the first one first.
    """
    link, code = credentials.make_token(), credentials.make_code()
    has_code = link_only_until(email, now=now) is None
    with transaction.atomic():
        sign_in = EmailedSignIn(
            email=email,
            browser_hash=browser_hash,
            link_hash=credentials.hash_token(link),
            has_code=has_code,
            product_slug=product_slug,
            next_path=next_path,
            for_staff=for_staff,
            created_at=now,
            expires_at=now + settings.EMAILED_SIGN_IN_LIFETIME,
        )
        # Without a code in the mail a hash is stored all the same: the work is the same, and nobody has what it is of.
        sign_in.code_hash = credentials.hash_code(code, salt=sign_in.id.hex)
        sign_in.save(force_insert=True)
        mail.send(
            "sign_in",
            to=[email],
            subject=f"Your sign-in to {settings.PLATFORM_NAME}",
            context={"minutes": int(settings.EMAILED_SIGN_IN_LIFETIME.total_seconds() // 60)},
            secret={"link": f"{settings.PUBLIC_URL}/login/link/{link}/", "code": code if has_code else ""},
        )
    return sign_in


def ensure_resendable(sign_in: EmailedSignIn, *, now: datetime) -> None:
    """Raises MailSentJustNow while the last mail of this browser to this address may still be on its way."""
    mails = EmailedSignIn.objects.filter(email=sign_in.email, browser_hash=sign_in.browser_hash)
    last = mails.latest("created_at").created_at
    if now < last + RESEND_AFTER:
        raise errors.MailSentJustNow(again_at=last + RESEND_AFTER, now=now)


def link_only_until(email: str, *, now: datetime) -> datetime | None:
    """Until when mails to this address carry the link alone; None: they carry a code too."""
    return rules.link_only_until(_wrong_codes(email, now=now), now=now)


def sign_in_of_link(token: str) -> EmailedSignIn | None:
    """The sign-in behind an emailed link, open or over."""
    return EmailedSignIn.objects.filter(link_hash=credentials.hash_token(token)).first()


def find_link(token: str, *, browser_hash: str, now: datetime) -> EmailedSignIn:
    """The open sign-in behind an emailed link, without using it up: scanners open links.

    Raises LinkUnknown, LinkUsed, LinkExpired, OtherBrowser.
    """
    sign_in = sign_in_of_link(token)
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
    """Use up a sign-in by its code. Raises as `find_link`, and WrongCode, CodeUsedUp after five wrong ones for this
    mail, CodesPaused after ten for the address.

    The try is counted as wrong before the code is compared, in one statement, so that parallel tries get no more than
    their number, at this mail or over all mails of the address; a right one is taken off again.
    """
    _ensure_open(sign_in, browser_hash=browser_hash, now=now)
    if not sign_in.has_code:
        raise errors.CodesPaused
    counted = EmailedSignIn.objects.filter(id=sign_in.id, wrong_codes__lt=MAX_WRONG_CODES).update(
        wrong_codes=F("wrong_codes") + 1, last_wrong_code_at=now
    )
    if not counted:
        raise errors.CodeUsedUp
    if rules.link_only_until(_wrong_codes(sign_in.email, now=now, but_one_of=sign_in), now=now):
        raise errors.CodesPaused
    typed = "".join(character for character in code if character.isdigit())
    if not credentials.is_same(credentials.hash_code(typed, salt=sign_in.id.hex), sign_in.code_hash):
        raise errors.WrongCode
    _use_up(sign_in, now=now, wrong_codes=F("wrong_codes") - 1)
    return sign_in


def void_open_sign_ins(email: str, *, now: datetime) -> None:
    """Use up what was sent to an address that is no longer its user's (spec 2)."""
    EmailedSignIn.objects.filter(email=email, used_at=None).update(used_at=now)


def forget_old_sign_ins(*, now: datetime) -> int:
    """Drop what no rule asks for any more: wrong codes matter longest."""
    deleted, _ = EmailedSignIn.objects.filter(expires_at__lt=now - rules.WRONG_CODES_MATTER_FOR).delete()
    return deleted


def _wrong_codes(email: str, *, now: datetime, but_one_of: EmailedSignIn | None = None) -> list[rules.WrongCodes]:
    """The wrong codes of all mails to an address that still matter; less the try at hand, which isn't judged yet."""
    mails = EmailedSignIn.objects.filter(
        email=email,
        created_at__gt=now - rules.WRONG_CODES_MATTER_FOR - settings.EMAILED_SIGN_IN_LIFETIME,
        wrong_codes__gt=0,
    ).values_list("id", "wrong_codes", "last_wrong_code_at")
    at_hand = but_one_of.id if but_one_of else None
    return [rules.WrongCodes(count - (id_ == at_hand), last_at) for id_, count, last_at in mails if last_at]


def _ensure_open(sign_in: EmailedSignIn, *, browser_hash: str, now: datetime) -> None:
    if not browser_hash or not credentials.is_same(sign_in.browser_hash, browser_hash):
        raise errors.OtherBrowser
    if sign_in.used_at is not None:
        raise errors.LinkUsed(sign_in=sign_in)
    if now >= sign_in.expires_at:
        raise errors.LinkExpired(sign_in=sign_in)


def _use_up(sign_in: EmailedSignIn, *, now: datetime, **changes: object) -> None:
    if not EmailedSignIn.objects.filter(id=sign_in.id, used_at=None).update(used_at=now, **changes):
        raise errors.LinkUsed(sign_in=sign_in)
