"""Continue with Google: beginning a sign-in, using it up, and the person it proves (spec 6.6).

A `GoogleSignIn` holds, sealed, what the way needs next: nonce and verifier until the callback; then, only if the person
has to be asked first, whom Google proved.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.actions.users import find_or_create_user
from accounts.addresses import NotAnAddress, normalise_address
from accounts.models import GoogleIdentity, User, Way
from audit import actions as audit
from audit.actors import SYSTEM
from audit.codes import Code
from identity_platform import credentials
from orgs.models import Product
from sso.actions.admission import ensure_admitted
from sso.actions.sign_in import SEEN_EVERY, Proven
from sso.errors import AccountClosed, AttemptUnknown, GoogleAccountDiffers, GoogleAddressNotTrusted, OtherBrowserBegan
from sso.models import GoogleSignIn
from sso.oidc.errors import show
from sso.oidc.requests import Client, Secrets, make_secrets
from sso.oidc.tokens import VerifiedIdToken
from sso.rules import google as rules

LIFETIME = timedelta(minutes=10)
_SECRETS = "sso.GoogleSignIn.secrets"
_AWAITING = "sso.GoogleSignIn.awaiting"

_TODO = {
    rules.Reason.NOT_VERIFIED: "Let the person confirm the address at Google, or continue with email.",
    rules.Reason.NOT_AUTHORITATIVE: "This is a private Google account under a company's address. Continue with email, "
    "or sign in with the account that the company manages at Google.",
}


@dataclass(frozen=True)
class GoogleAccount:
    """What Google signed about somebody, with the address in its stored form."""

    subject: str
    email: str
    name: str
    verdict: rules.Verdict


def google_client() -> Client | None:
    """This deployment as Google knows it; None where it isn't a client there."""
    if not settings.GOOGLE_CLIENT_ID:
        return None
    return Client(
        issuer=settings.GOOGLE_ISSUER,
        client_id=settings.GOOGLE_CLIENT_ID,
        client_secret=settings.GOOGLE_CLIENT_SECRET,
        redirect_uri=f"{settings.PUBLIC_URL}/login/google/callback/",
    )


def start_google_sign_in(*, browser_hash: str, product: Product | None, next_path: str, now: datetime) -> str:
    """Begin a sign-in for this browser: one use, 10 minutes (R23). Returns the state, which is kept as a hash only."""
    state, secrets = credentials.make_token(), make_secrets()
    kept = {"nonce": secrets.nonce, "code_verifier": secrets.code_verifier}
    GoogleSignIn.objects.create(
        state_hash=credentials.hash_token(state),
        browser_hash=browser_hash,
        sealed=credentials.encrypt(json.dumps(kept), purpose=_SECRETS),
        product=product,
        next_path=next_path,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return state


def find_open_sign_in(state: str, *, browser_hash: str, now: datetime) -> GoogleSignIn:
    """The sign-in that this browser began and that waits for its answer. Raises AttemptUnknown, OtherBrowserBegan."""
    sign_in = _load(state, browser_hash=browser_hash, now=now)
    if sign_in.consumed_at is not None:
        raise AttemptUnknown
    return sign_in


def secrets_of(sign_in: GoogleSignIn) -> Secrets:
    return Secrets(**json.loads(credentials.decrypt(sign_in.sealed, purpose=_SECRETS)))


def use_up(state: str, *, browser_hash: str, now: datetime) -> tuple[GoogleSignIn, Secrets]:
    """Use up a sign-in, committed on its own, so that a failed try can't be tried again.

    Raises AttemptUnknown (also for the second of two at once), OtherBrowserBegan.
    """
    sign_in = find_open_sign_in(state, browser_hash=browser_hash, now=now)
    secrets = secrets_of(sign_in)
    with transaction.atomic(durable=True):
        unused = GoogleSignIn.objects.filter(id=sign_in.id, consumed_at=None, expires_at__gt=now)
        if not unused.update(consumed_at=now, sealed=""):
            raise AttemptUnknown
    sign_in.consumed_at, sign_in.sealed = now, ""
    return sign_in, secrets


def read_account(token: VerifiedIdToken) -> GoogleAccount:
    """The person in Google's ID token. Raises GoogleAddressNotTrusted for an address that isn't one."""
    claims = token.claims
    try:
        email = normalise_address(claims["email"]) if isinstance(claims.get("email"), str) else ""
    except NotAnAddress:
        email = ""
    if not email:
        raise GoogleAddressNotTrusted(
            expected="one email address", received=show(claims.get("email")), todo="Continue with email."
        )
    name = claims.get("name")
    return GoogleAccount(
        subject=token.subject,
        email=email,
        name=show(name) if isinstance(name, str) else "",
        verdict=rules.judge_address(email, email_verified=claims.get("email_verified"), hosted_domain=claims.get("hd")),
    )


def complete_google(sign_in: GoogleSignIn, *, account: GoogleAccount, now: datetime) -> Proven:
    """Take a verified account at Google for the person it is tied to, tied now if this is the first time.

    One transaction. Raises GoogleAddressNotTrusted, AccountClosed, GoogleAccountDiffers, SsoRequired; then nothing has
    changed. The address judged is the user's own, which a changed address at Google doesn't move.
    """
    if not account.verdict.accepted:
        raise GoogleAddressNotTrusted(
            expected="gmail.com, or an account that a company manages at Google (hd), with email_verified",
            received=f"{account.email}: {account.verdict.reason}",
            todo=_TODO[account.verdict.reason],
        )
    with transaction.atomic():
        tied = GoogleIdentity.objects.select_related("user").filter(subject=account.subject).first()
        others = GoogleIdentity.objects.filter(user__email=account.email).values_list("subject", flat=True)
        verdict = rules.judge_tie(
            subject=account.subject,
            tied_user_is_erased=tied.user.erased_at is not None if tied else None,
            subject_of_address=others.first(),
        )
        if verdict == rules.Tie.CLOSED:
            raise AccountClosed
        if verdict == rules.Tie.OTHER_SUBJECT:
            raise GoogleAccountDiffers(received=account.subject)
        # Judged before an account is made: where SSO is required, this leaves none behind.
        admitted = ensure_admitted(
            tied.user.email if tied else account.email, way=Way.GOOGLE, product=sign_in.product, now=now
        )
        user, is_new = (tied.user, False) if tied else _tie(account, now=now)
        if tied and (tied.last_used_at is None or now - tied.last_used_at > SEEN_EVERY):
            GoogleIdentity.objects.filter(id=tied.id).update(last_used_at=now)
    return Proven(user=user, way=Way.GOOGLE, proved_at=now, product=sign_in.product, admitted=admitted, is_new=is_new)


def await_confirmation(sign_in: GoogleSignIn, *, proven: Proven) -> None:
    """Keep who was proven until the person in front of the browser says that this is meant (spec 5.7)."""
    kept = {"user": proven.user.id.hex, "proved_at": proven.proved_at.isoformat()}
    sign_in.sealed = credentials.encrypt(json.dumps(kept), purpose=_AWAITING)
    sign_in.save(update_fields=["sealed"])


def find_awaiting(state: str, *, browser_hash: str, now: datetime) -> tuple[GoogleSignIn, Proven]:
    """The used-up sign-in of this browser that waits to be confirmed, and whom it proved.

    Raises AttemptUnknown, OtherBrowserBegan.
    """
    sign_in = _load(state, browser_hash=browser_hash, now=now)
    if sign_in.consumed_at is None or not sign_in.sealed:
        raise AttemptUnknown
    kept: dict[str, Any] = json.loads(credentials.decrypt(sign_in.sealed, purpose=_AWAITING))
    user = User.objects.filter(id=uuid.UUID(kept["user"]), erased_at=None).first()
    if user is None:
        raise AttemptUnknown
    proven = Proven(
        user=user,
        way=Way.GOOGLE,
        proved_at=datetime.fromisoformat(kept["proved_at"]),
        product=sign_in.product,
    )
    return sign_in, proven


def confirm(sign_in: GoogleSignIn) -> None:
    """Use up the question, once. Raises AttemptUnknown for the second of two at once."""
    if not GoogleSignIn.objects.filter(id=sign_in.id, sealed=sign_in.sealed).update(sealed=""):
        raise AttemptUnknown


def forget_old_sign_ins(*, now: datetime) -> None:
    """Drop them a day after they ended."""
    GoogleSignIn.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()


def _tie(account: GoogleAccount, *, now: datetime) -> tuple[User, bool]:
    """The user with the address, made if there is none, tied to the subject. Raises GoogleAccountDiffers."""
    user, is_new = find_or_create_user(account.email, name=account.name, now=now)
    try:
        with transaction.atomic():
            GoogleIdentity.objects.create(subject=account.subject, user=user, created_at=now, last_used_at=now)
            audit.record(
                Code.GOOGLE_IDENTITY_TIED, actor=SYSTEM, target=user, after={"subject": account.subject}, now=now
            )
    except IntegrityError as error:
        # Two first sign-ins at once: the other one made the tie, to this user or to another one.
        if not GoogleIdentity.objects.filter(subject=account.subject, user=user).exists():
            raise GoogleAccountDiffers(received=account.subject) from error
    return user, is_new


def _load(state: str, *, browser_hash: str, now: datetime) -> GoogleSignIn:
    # Found by a secret of 256 bits.
    sign_in = (
        GoogleSignIn.objects.select_related("product")
        .filter(state_hash=credentials.hash_token(state), expires_at__gt=now)
        .first()
    )
    if sign_in is None:
        raise AttemptUnknown
    if not browser_hash or not credentials.is_same(sign_in.browser_hash, browser_hash):
        raise OtherBrowserBegan
    return sign_in
