"""Beginning a sign-in at a connection, parking the answer, and using the attempt up."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from accounts.models import User
from identity_platform import credentials
from identity_platform.prepared import Update, insert, prepared, prepared_update
from orgs.models import Product
from sso.errors import AttemptUnknown, ConnectionChanged, ConnectionNotLive, OtherBrowserBegan
from sso.models import ConnectionRevision, RevisionState, SignInAttempt
from sso.saml.requests import make_request_id

ATTEMPT_LIFETIME = timedelta(minutes=10)
TEST_MEMORY = timedelta(hours=24)


@dataclass(frozen=True)
class BegunAttempt:
    """`relay_state` is the only handle on the attempt that leaves us; we keep its hash."""

    attempt: SignInAttempt
    relay_state: str

    @property
    def path(self) -> str:
        """The same-site page that leads to the identity provider: a form may not be redirected off-site (CSP)."""
        return f"/login/go/{self.relay_state}/"


@dataclass(frozen=True)
class Answered:
    """An attempt that was used up just now, the identity provider's answer, and the certificates (PEM) that the
    attempt's revision trusts."""

    attempt: SignInAttempt
    response: str
    certificates: tuple[str, ...]


def start_sign_in(
    revision: ConnectionRevision | None,
    *,
    browser_hash: str,
    product: Product | None = None,
    next_path: str = "",
    login_hint: str = "",
    is_unasked: bool = False,
    now: datetime,
) -> BegunAttempt:
    """Begin a sign-in through a live revision. `login_hint` is the address that the person gave, if they did.

    Raises ConnectionNotLive if there is none.
    """
    if revision is None:
        raise ConnectionNotLive
    return _begin(
        revision,
        purpose=SignInAttempt.Purpose.SIGN_IN,
        browser_hash=browser_hash,
        product=product,
        next_path=next_path,
        login_hint=login_hint,
        is_unasked=is_unasked,
        now=now,
    )


def start_test(
    revision: ConnectionRevision, *, actor_user: User, browser_hash: str, return_path: str, now: datetime
) -> BegunAttempt:
    """Begin a test sign-in of a draft: the production path, creating nothing (spec 5.3). `return_path` is the folder
    of pages `…/tests/` where the result is shown."""
    return _begin(
        revision,
        purpose=SignInAttempt.Purpose.TEST,
        browser_hash=browser_hash,
        tested_by=actor_user,
        tested_version=revision.version,
        next_path=return_path,
        now=now,
    )


def _begin(revision: ConnectionRevision, *, browser_hash: str, now: datetime, **fields: object) -> BegunAttempt:
    relay_state = credentials.make_token()
    attempt = SignInAttempt(
        connection_id=revision.connection_id,
        revision=revision,
        relay_hash=credentials.hash_token(relay_state),
        request_id=make_request_id(),
        browser_hash=browser_hash,
        created_at=now,
        expires_at=now + ATTEMPT_LIFETIME,
        **fields,
    )
    insert(attempt)
    return BegunAttempt(attempt=attempt, relay_state=relay_state)


def find_open_attempt(relay_state: str, *, browser_hash: str, now: datetime) -> SignInAttempt:
    """The attempt that this browser began and that waits for its answer. Raises AttemptUnknown, OtherBrowserBegan."""
    attempt = _load(relay_state)
    if attempt is None or attempt.consumed_at is not None or attempt.expires_at <= now:
        raise AttemptUnknown(attempt=attempt)
    _ensure_same_browser(attempt, browser_hash)
    return attempt


def park_response(connection_id: uuid.UUID, *, relay_state: str, response: str, now: datetime) -> bool:
    """Keep the identity provider's answer with its attempt until the browser shows that it began it.

    One answer per attempt, of this connection, in one statement; False if there is no such attempt. Nothing else that
    is posted is ever stored.
    """
    return bool(_park(credentials.hash_token(relay_state), connection_id=connection_id, response=response, now=now))


@prepared_update
def _park(relay_hash: str, *, connection_id: uuid.UUID, response: str, now: datetime) -> Update:
    # The attempt is found by a secret of 256 bits and the connection of the address: that is its scope.
    waiting = SignInAttempt.unscoped.filter(
        relay_hash=relay_hash,
        connection_id=connection_id,
        connection__retired_at=None,
        parked_at=None,
        consumed_at=None,
        expires_at__gt=now,
    )
    return waiting, {"parked_response": response, "parked_at": now}


def use_up(relay_state: str, *, connection_id: uuid.UUID, browser_hash: str, now: datetime) -> Answered:
    """Use up an attempt and return it with the parked answer; committed on its own, so that a failed try can't be
    tried again. Raises AttemptUnknown (also for the second of two at once), OtherBrowserBegan."""
    found = _answered_attempts(credentials.hash_token(relay_state), connection_id=connection_id)
    if not found:
        raise AttemptUnknown
    attempt = found[0]
    _ensure_same_browser(attempt, browser_hash)
    certificates = tuple(row.certificate for row in found if row.certificate)
    with transaction.atomic(durable=True):
        used = _mark_used(attempt.id, now=now)
    if not used:
        raise AttemptUnknown(attempt=attempt)
    attempt.consumed_at = now
    return Answered(attempt, response=attempt.parked_response, certificates=certificates)


@prepared
def _answered_attempts(relay_hash: str, *, connection_id: uuid.UUID) -> QuerySet[Any]:
    """One attempt, once for each `certificate` its revision trusts, with what reading the answer needs."""
    answered: Any = SignInAttempt.unscoped.filter(  # found by its secret, at its connection
        relay_hash=relay_hash, connection_id=connection_id, parked_at__isnull=False
    )
    # All the other columns would be half of what this costs. One that is missing here is asked for separately, which
    # tests/sso/sign_in/test_query_counts.py notices.
    return (
        answered.select_related("connection", "revision", "product")
        .only(
            *(
                "request_id",
                "browser_hash",
                "purpose",
                "next_path",
                "login_hint",
                "is_unasked",
                "tested_by",
                "tested_version",
            ),
            *("created_at", "expires_at", "parked_response", "connection__name", "connection__parent"),
            *("connection__last_sign_in_at", "connection__retired_at"),
            *("revision__connection", "revision__number", "revision__version", "revision__state"),
            *("revision__idp_entity_id", "revision__subject_attribute", "revision__email_attribute"),
            *("revision__first_name_attribute", "revision__last_name_attribute", "revision__groups_attribute"),
            *("product__slug",),
        )
        .annotate(certificate=F("revision__certificates__pem"))
        .order_by("revision__certificates__added_at", "revision__certificates__id")
    )


@prepared_update
def _mark_used(attempt_id: uuid.UUID, *, now: datetime) -> Update:
    unused = SignInAttempt.unscoped.filter(id=attempt_id, consumed_at=None, expires_at__gt=now)  # the attempt itself
    return unused, {"consumed_at": now, "parked_response": ""}


def ensure_still_in_force(attempt: SignInAttempt) -> None:
    """Raise ConnectionChanged unless the attempt's revision is live at a connection in use, as when it began."""
    if attempt.connection.retired_at is not None or attempt.revision.state != RevisionState.LIVE:
        raise ConnectionChanged


def is_known(relay_state: str, *, connection_id: uuid.UUID) -> bool:
    """Whether this connection ever began a sign-in with this RelayState, over or not."""
    return SignInAttempt.unscoped.filter(  # found by its secret, at its connection
        relay_hash=credentials.hash_token(relay_state), connection_id=connection_id
    ).exists()


def await_confirmation(attempt: SignInAttempt, *, user: User) -> None:
    """Keep who was proven until the person in front of the browser says that this is meant (spec 5.7)."""
    attempt.awaiting_user = user
    attempt.save(update_fields=["awaiting_user"])


def find_awaiting(relay_state: str, *, browser_hash: str, now: datetime) -> SignInAttempt:
    """The used-up attempt of this browser that waits to be confirmed. Raises AttemptUnknown, OtherBrowserBegan."""
    attempt = _load(relay_state)
    if attempt is None or attempt.awaiting_user_id is None or attempt.confirmed_at or attempt.expires_at <= now:
        raise AttemptUnknown(attempt=attempt)
    _ensure_same_browser(attempt, browser_hash)
    return attempt


def confirm(attempt: SignInAttempt, *, now: datetime) -> User:
    """The person whom this attempt proved, once. Raises AttemptUnknown for the second of two at once."""
    confirmed = SignInAttempt.unscoped.filter(  # the attempt itself
        id=attempt.id, confirmed_at=None, awaiting_user__isnull=False, expires_at__gt=now
    ).update(confirmed_at=now)
    if not confirmed or attempt.awaiting_user is None:
        raise AttemptUnknown(attempt=attempt)
    return attempt.awaiting_user


def _load(relay_state: str) -> SignInAttempt | None:
    found = _attempts_with(credentials.hash_token(relay_state))
    return found[0] if found else None


@prepared
def _attempts_with(relay_hash: str) -> QuerySet[SignInAttempt]:
    """None or one, with all that a sign-in needs of its connection."""
    # Found by a secret of 256 bits; bound to the browser by the caller.
    attempts: QuerySet[SignInAttempt] = SignInAttempt.unscoped.filter(relay_hash=relay_hash)
    return attempts.select_related("connection__parent", "revision", "product", "awaiting_user")


def _ensure_same_browser(attempt: SignInAttempt, browser_hash: str) -> None:
    if not browser_hash or not credentials.is_same(attempt.browser_hash, browser_hash):
        raise OtherBrowserBegan(attempt=attempt)


def empty_parked_responses(*, now: datetime) -> int:
    """Empty what was parked and never fetched: personal data that nobody waits for any more."""
    over = SignInAttempt.unscoped.filter(expires_at__lt=now).exclude(parked_response="")  # all parents' at once
    return over.update(parked_response="")


def forget_old_attempts(*, now: datetime) -> int:
    """Drop attempts a day after they ended."""
    deleted, _ = SignInAttempt.unscoped.filter(expires_at__lt=now - timedelta(days=1)).delete()  # all parents' at once
    return deleted
