"""Concluding a test sign-in: the production path up to the point where it would create anything (spec 5.3, R47)."""

from datetime import datetime

from accounts.addresses import domain_of
from audit.actors import Actor
from domains.models import HOLDING, DomainClaim
from identity_platform.errors import PlatformError
from provisioning.queries import preview_sign_in
from sso.actions.attempts import Answered
from sso.actions.connections import record_test
from sso.actions.identities import judge_first_tie
from sso.claims import Claims, ClaimsRejected, read_claims
from sso.errors import AddressNotServed, SignInRefused
from sso.models import SignInAttempt
from sso.queries.sign_in import account_of
from sso.saml import reading
from sso.saml.assertion import VerifiedAssertion
from sso.saml.errors import AssertionRejected
from sso.testing import build_report


def conclude(answered: Answered, *, now: datetime) -> str:
    """Write what a test sign-in found; returns the path of its page. Creates no user, session or tie."""
    attempt = answered.attempt
    assertion: VerifiedAssertion | None = None
    claims: Claims | None = None
    claim: DomainClaim | None = None
    rejected: PlatformError | None = None
    mapping = reading.mapping_of(attempt.revision)
    try:
        assertion = reading.read(answered, now=now)
        claims = read_claims(assertion, mapping=mapping)
        claim = _find_claim(attempt, claims, issuer=assertion.issuer)
    except (AssertionRejected, ClaimsRejected, SignInRefused) as error:
        rejected = error
    # Of an address outside the parent's domains nothing is looked up: the page would tell who has an account.
    account = account_of(claims.email) if claims and claim else None
    report = build_report(
        rejected=rejected,
        assertion=assertion,
        claims=claims,
        domain_is_assigned=claim is not None and claim.connection_id == attempt.connection_id,
        account_exists=account is not None,
        memberships=preview_sign_in(attempt.connection, user=account, email=claims.email) if claims and claim else (),
        mapping=mapping,
    )
    test = record_test(
        attempt.revision,
        version=attempt.tested_version,
        report=report,
        passed=rejected is None,
        raw_message=answered.response,
        tested_by=attempt.tested_by_id,
        duration=now - attempt.created_at,
        actor=Actor.of(attempt.tested_by),
        now=now,
    )
    return f"{attempt.next_path}{test.reference}/"


def _find_claim(attempt: SignInAttempt, claims: Claims, *, issuer: str) -> DomainClaim:
    """The parent's claim on the address's domain, if a real sign-in would take this person.

    A test comes before going live, which assigns the domain (spec 4.5); everything else is judged as there.
    """
    claim = (
        DomainClaim.objects.for_parent(attempt.connection.parent_id)
        .filter(name=domain_of(claims.email), state__in=HOLDING)
        .first()
    )
    if claim is None:
        raise AddressNotServed(received=domain_of(claims.email), expected="a verified domain")
    judge_first_tie(attempt.connection, user=account_of(claims.email), issuer=issuer, claims=claims, claim=claim)
    return claim
