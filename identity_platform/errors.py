"""The one error type of the platform, and what each audience is shown of it.

Whatever may be refused is refused by raising a PlatformError. Pages, REST and SCIM have one renderer each
(`identity_platform/refusals.py`); nothing else formats an error.
"""

import math
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode


class PlatformError(Exception):
    """A refusal somebody can act on.

    Class attributes name the case: `code` is stable and documented, `message` is one sentence saying what happened,
    `remedy` says who has to change what, `status` is the HTTP status, `permanent` tells a task that trying again is of
    no use, `scim_type` is the detail error keyword of RFC 7644 s3.12 where one fits, `field` names a form field.

    `expected` and `received` are shown to managers and staff only, side by side; other keyword arguments fill the
    braces of message and remedy. `reference` finds the audit event, where one was written before the error was raised.
    """

    code: ClassVar[str] = "refused"
    message: ClassVar[str] = "This isn't possible."
    remedy: ClassVar[str] = ""
    status: ClassVar[int] = 400
    permanent: ClassVar[bool] = True
    scim_type: ClassVar[str] = ""
    field: ClassVar[str] = ""

    def __init__(self, *, expected: str = "", received: str = "", **context: object) -> None:
        self.expected = expected
        self.received = received
        self.context = context
        self.reference = ""
        super().__init__(self.code)

    @property
    def message_text(self) -> str:
        return self.message.format(expected=self.expected, received=self.received, **self.context)

    @property
    def remedy_text(self) -> str:
        return self.remedy.format(expected=self.expected, received=self.received, **self.context)

    def __str__(self) -> str:
        return f"{self.code}: {self.message_text}"


class NotFound(PlatformError):
    """What does not exist and what belongs to somebody else look alike (R38)."""

    code = "not_found"
    message = "There is nothing at this address."
    remedy = "Check the address, or go back to your organizations."
    status = 404


class NotAllowed(PlatformError):
    """A member without the role; a stranger gets NotFound instead."""

    code = "not_allowed"
    message = "Your role doesn't include this page."
    remedy = "Ask somebody who manages identity in this organization: {managers}."
    status = 403

    def __init__(self, *, managers: str = "an owner") -> None:
        super().__init__(managers=managers)


class SignInNeeded(PlatformError):
    """Nobody is signed in; pages send the person to `location` and back (`accounts.sign_in_asked`)."""

    code = "sign_in_needed"
    message = "Sign in to see this page."
    status = 401

    def location(self, next_path: str) -> str:
        """Where a person goes to sign in, coming back to `next_path` afterwards."""
        return f"/login/?{urlencode({'next': next_path})}"


class RecentSignInNeeded(SignInNeeded):
    """The session is good but its newest proof is older than this setting allows."""

    code = "recent_sign_in_needed"
    message = "This change needs a recent sign-in."
    remedy = "Sign in once more; you come back to this page afterwards."
    status = 403

    def location(self, next_path: str) -> str:
        return f"/login/?{urlencode({'again': 'true', 'next': next_path})}"


class TemporaryFailure(PlatformError):
    code = "temporarily_unavailable"
    message = "This can't be answered right now."
    remedy = "Try again in a minute."
    status = 503
    permanent = False


class TooManyTries(PlatformError):
    """A limit is used up (identity_platform/limits.py). Every renderer says when it works again (RFC 9110 s10.2.3)."""

    code = "too_many_tries"
    message = "There were too many tries in a short time."
    remedy = "Wait {wait}, then try again."
    status = 429
    permanent = False

    def __init__(self, *, again_at: datetime, now: datetime) -> None:
        self.again_at = again_at
        self.retry_after = max(1, math.ceil((again_at - now).total_seconds()))
        super().__init__(wait=_in_words(self.retry_after))


class GuardFailed(PlatformError):
    """A guard of the GUARDS table is missing or crashed; what can't be judged is refused (R35)."""

    code = "guard_failed"
    message = "Whether this is allowed couldn't be judged, so it was refused."
    remedy = "Try again; if it stays, give the reference to support."
    status = 503
    permanent = False


def _in_words(seconds: int) -> str:
    """A time to wait, rounded up: whoever waits as long as told isn't refused again."""
    if seconds < 60:
        return f"{seconds} second{'s' if seconds > 1 else ''}"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} minute{'s' if minutes > 1 else ''}"
