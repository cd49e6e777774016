"""What somebody had typed when another sign-in was asked for: kept until they come back, once, for them alone."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts import errors
from accounts.models import ParkedForm, User
from identity_platform import credentials

LIFETIME = timedelta(hours=1)
MAX_BYTES = 64 * 1024
KEPT_PER_PERSON = 10  # the newest; nobody types more within an hour
_PURPOSE = "parked_form.fields"


@dataclass(frozen=True)
class Typed:
    """A form as it was posted: where to, from which page, its fields in order, and the names of those left out."""

    path: str
    page: str
    fields: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...] = ()


def park_form(typed: Typed, *, user: User, browser_hash: str, now: datetime) -> str | None:
    """Keep it sealed for an hour; returns the token of its address, or None if it is too large to be kept."""
    sealed = json.dumps({"path": typed.path, "page": typed.page, "fields": typed.fields, "left_out": typed.left_out})
    if len(sealed.encode()) > MAX_BYTES or not browser_hash:
        return None
    token = credentials.make_token()
    of_person = ParkedForm.objects.filter(user=user).order_by("-created_at")
    surplus = list(of_person.values_list("id", flat=True)[KEPT_PER_PERSON - 1 :])
    ParkedForm.objects.filter(id__in=surplus).delete()
    ParkedForm.objects.create(
        token_hash=credentials.hash_token(token),
        browser_hash=browser_hash,
        user=user,
        sealed_fields=credentials.encrypt(sealed, purpose=_PURPOSE),
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return token


def read_form(token: str, *, user: User, browser_hash: str, now: datetime) -> Typed:
    """What waits behind this token, without using it up. Raises FormGone."""
    return _open(_find(token, user=user, browser_hash=browser_hash, now=now))


def use_up_form(token: str, *, user: User, browser_hash: str, now: datetime) -> str:
    """The path to post it to; of two at once one gets it. Raises FormGone."""
    parked = _find(token, user=user, browser_hash=browser_hash, now=now)
    deleted, _ = ParkedForm.objects.filter(id=parked.id).delete()
    if not deleted:
        raise errors.FormGone
    return _open(parked).path


def forget_parked_forms(*, now: datetime) -> None:
    ParkedForm.objects.filter(expires_at__lte=now).delete()


def _open(parked: ParkedForm) -> Typed:
    content = json.loads(credentials.decrypt(parked.sealed_fields, purpose=_PURPOSE))
    return Typed(
        path=content["path"],
        page=content["page"],
        fields=tuple((name, value) for name, value in content["fields"]),
        left_out=tuple(content["left_out"]),
    )


def _find(token: str, *, user: User, browser_hash: str, now: datetime) -> ParkedForm:
    parked = ParkedForm.objects.filter(token_hash=credentials.hash_token(token), expires_at__gt=now).first()
    if parked is None or parked.user_id != user.id or not credentials.is_same(parked.browser_hash, browser_hash):
        raise errors.FormGone
    return parked
