"""Completing a sign-in: from a proof to a session. The only caller of `accounts.actions.sessions.start_session`."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from accounts.actions import sessions
from accounts.actions.users import find_or_create_user
from accounts.models import EmailedSignIn, User, Way
from accounts.queries import SignedIn
from audit import actions as audit
from audit.actors import STRANGER, Actor
from audit.codes import Code
from identity_platform.errors import PlatformError
from identity_platform.prepared import insert
from orgs.models import Product
from provisioning.actions import provision_at_sign_in
from sso.actions.identities import find_or_tie_user
from sso.claims import Claims
from sso.errors import AssertionReplayed, NotStaff, SsoRequired
from sso.models import Connection, ConnectionRevision, ConsumedAssertion, SignInAttempt
from sso.queries.sign_in import account_of, gather_offer
from sso.saml.responses import VerifiedAssertion

# How often "last sign-in" is written; it is shown by the minute.
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Proven:
    """Somebody proved who they are; nothing is signed in yet."""

    user: User
    way: Way
    proved_at: datetime
    connection: Connection | None = None
    is_new: bool = False
    joined: tuple[str, ...] = field(default=())


def complete_sso(attempt: SignInAttempt, *, assertion: VerifiedAssertion, claims: Claims, now: datetime) -> Proven:
    """Take a verified assertion for what it says: consume it, find or tie the person, give what provisioning gives.

    One transaction. Raises SignInRefused subclasses; then nothing has changed, and the attempt is used up all the same.
    """
    connection = attempt.connection
    with transaction.atomic():
        consume_assertion(connection, assertion_id=assertion.assertion_id, keep_until=assertion.keep_until)
        person = find_or_tie_user(connection, issuer=assertion.issuer, claims=claims, now=now)
        provisioned = provision_at_sign_in(
            user=person.user,
            connection=connection,
            product=attempt.product,
            groups=claims.groups,
            revision=attempt.revision,
            actor=Actor.of(person.user),
            now=now,
        )
        if connection.last_sign_in_at is None or now - connection.last_sign_in_at > SEEN_EVERY:
            Connection.unscoped.filter(id=connection.id).update(last_sign_in_at=now)  # the attempt's own connection
    return Proven(
        user=person.user,
        way=Way.SSO,
        proved_at=now,
        connection=connection,
        is_new=person.is_new,
        joined=tuple(entry.organization.name for entry in provisioned if entry.change == "joins"),
    )


def consume_assertion(connection: Connection, *, assertion_id: str, keep_until: datetime) -> None:
    """Record that an assertion was used. Raises AssertionReplayed: the unique key lets one of many through (R14)."""
    consumed = ConsumedAssertion(connection=connection, assertion_id=assertion_id, keep_until=keep_until)
    if not insert(consumed, unless_there=True):
        raise AssertionReplayed(received=assertion_id)


def complete_email(sign_in: EmailedSignIn, *, now: datetime) -> Proven:
    """Take a used-up link or code for what it proves. Raises SsoRequired, NotStaff.

    The offer is asked again: what was open when the mail was sent may be closed now.
    """
    if sign_in.for_staff:
        user = account_of(sign_in.email)
        if user is None or not user.is_staff:
            raise NotStaff
        return Proven(user=user, way=Way.STAFF, proved_at=now)
    product = Product.objects.filter(slug=sign_in.product_slug).first() if sign_in.product_slug else None
    if not gather_offer(sign_in.email, product=product).email:
        raise SsoRequired
    user, is_new = find_or_create_user(sign_in.email, now=now)
    return Proven(user=user, way=Way.EMAIL, proved_at=now, is_new=is_new)


def sign_in(proven: Proven, *, signed_in: SignedIn | None, browser_hash: str, now: datetime) -> str | None:
    """Give a session to somebody who proved who they are.

    Returns the key of a fresh session, or None where the running session of the same person got the proof. A running
    session of somebody else ends (the caller has asked the person first).
    """
    connection_id = proven.connection.id if proven.connection else None
    with transaction.atomic():
        if signed_in and signed_in.user.id == proven.user.id:
            key = None
            sessions.add_proof(
                signed_in.session, way=proven.way, connection_id=connection_id, proved_at=proven.proved_at
            )
        else:
            if signed_in:
                sessions.end_session(signed_in.session, actor=Actor.of(signed_in.user), now=now)
            key = sessions.start_session(
                proven.user,
                way=proven.way,
                connection_id=connection_id,
                browser_hash=browser_hash,
                proved_at=proven.proved_at,
                now=now,
            )
        if proven.user.last_sign_in_at is None or now - proven.user.last_sign_in_at > SEEN_EVERY:
            User.objects.filter(id=proven.user.id).update(last_sign_in_at=now)
        audit.record(
            Code.SIGN_IN_COMPLETED,
            actor=Actor.of(proven.user),
            parent_id=proven.connection.parent_id if proven.connection else None,
            target=proven.user,
            details={"how": f"with {proven.connection}" if proven.connection else f"by {proven.way.label}"},
            now=now,
        )
    return key


def record_refusal(
    error: PlatformError,
    *,
    connection: Connection | None = None,
    revision: ConnectionRevision | None = None,
    email: str = "",
    now: datetime,
) -> str:
    """Write down a refused sign-in, after its transaction has rolled back; returns the reference to show."""
    event = audit.record(
        Code.SIGN_IN_REFUSED,
        actor=STRANGER,
        parent_id=connection.parent_id if connection else None,
        target=connection,
        details={
            "cause": error.message_text,
            "code": error.code,
            "check": getattr(error, "check", ""),
            "expected": error.expected[:1000],
            "received": error.received[:1000],
            "remedy": error.remedy_text,
            "email": email,
            "revision": revision.number if revision else None,
        },
        now=now,
    )
    return event.reference
