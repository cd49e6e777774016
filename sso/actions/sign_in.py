"""Completing a sign-in: from a proof to a session. The only caller of `accounts.actions.sessions.start_session`."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from accounts.actions import sessions
from accounts.actions.users import find_or_create_user
from accounts.models import EmailedSignIn, User, Way
from accounts.queries import SignedIn
from audit import actions as audit
from audit.actors import Actor
from audit.codes import Code
from identity_platform.prepared import insert
from orgs.models import Product
from provisioning.actions import provision_at_sign_in
from sso.actions.admission import Admitted, admit_person, ensure_admitted
from sso.actions.identities import find_or_tie_user
from sso.claims import Claims
from sso.errors import AssertionReplayed
from sso.models import Connection, ConsumedAssertion, SignInAttempt
from sso.queries.sign_in import when_proofs_were_kept
from sso.saml.responses import VerifiedAssertion

# How often "last sign-in" is written; it is shown by the minute.
SEEN_EVERY = timedelta(minutes=1)

# How the audit log says it: "Maya Ortiz signed in …".
WAYS_IN_WORDS = {
    Way.EMAIL: "by an emailed link or code",
    Way.PASSWORD: "by password",
    Way.GOOGLE: "with Google",
    Way.SSO: "with single sign-on",
    Way.STAFF: "by an emailed link for staff",
}


@dataclass(frozen=True)
class Proven:
    """Somebody proved who they are; nothing is signed in yet. `product` is the one signed in to, if the person came
    from one. Without an `admitted` that fits, `sign_in` asks for it. `has_way_in`: a membership is there."""

    user: User
    way: Way
    proved_at: datetime
    product: Product | None = None
    connection: Connection | None = None
    admitted: Admitted | None = None
    is_new: bool = False
    has_way_in: bool = False
    joined: tuple[str, ...] = field(default=())


def complete_sso(attempt: SignInAttempt, *, assertion: VerifiedAssertion, claims: Claims, now: datetime) -> Proven:
    """Take a verified assertion for what it says: consume it, find or tie the person, give what provisioning gives.

    One transaction. Raises SignInRefused subclasses; then nothing has changed, and the attempt is used up all the same.
    """
    connection = attempt.connection
    with transaction.atomic():
        consume_assertion(connection, assertion_id=assertion.assertion_id, keep_until=assertion.keep_until)
        person = find_or_tie_user(connection, issuer=assertion.issuer, claims=claims, now=now)
        admitted = admit_person(person, attempt=attempt)
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
        product=attempt.product,
        connection=connection,
        admitted=admitted,
        is_new=person.is_new,
        has_way_in=any(entry.change != "held" for entry in provisioned),
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
    way = Way.STAFF if sign_in.for_staff else Way.EMAIL
    product = Product.objects.filter(slug=sign_in.product_slug).first() if sign_in.product_slug else None
    admitted = ensure_admitted(sign_in.email, way=way, product=product, now=now)
    user, is_new = find_or_create_user(sign_in.email, now=now)
    return Proven(user=user, way=way, proved_at=now, product=product, admitted=admitted, is_new=is_new)


def sign_in(proven: Proven, *, signed_in: SignedIn | None, browser_hash: str, now: datetime) -> str | None:
    """Give a session to somebody who proved who they are.

    Returns the key of a fresh session, or None where the running session of the same person got the proof. A running
    session of somebody else ends (the caller has asked the person first). Raises what `ensure_admitted` refuses with.
    """
    _ensure_admitted(proven, now=now)
    connection_id = proven.connection.id if proven.connection else None
    with transaction.atomic():
        if signed_in and signed_in.user.id == proven.user.id:
            key = None
            sessions.add_proof(
                signed_in.session,
                way=proven.way,
                connection_id=connection_id,
                proved_at=proven.proved_at,
                kept_before=when_proofs_were_kept(proven.user.email, way=proven.way),
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
            details={"how": f"with {proven.connection}" if proven.connection else WAYS_IN_WORDS[proven.way]},
            now=now,
        )
    return key


def _ensure_admitted(proven: Proven, *, now: datetime) -> None:
    """Whoever completes a sign-in, and however: a proof that wasn't judged for this very person is judged now."""
    judged = proven.admitted
    connection_id = proven.connection.id if proven.connection else None
    product_id = proven.product.id if proven.product else None
    asked = (proven.user.email, proven.way, product_id, connection_id)
    if judged and (judged.email, judged.way, judged.product_id, judged.connection_id) == asked:
        return
    ensure_admitted(proven.user.email, way=proven.way, product=proven.product, connection=proven.connection, now=now)
