"""From an attempt and what was posted to verified facts: what a revision trusts, in the reader's terms."""

from datetime import datetime

from sso.actions.attempts import Answered
from sso.claims import ClaimMapping
from sso.models import ConnectionRevision
from sso.saml.addresses import acs_url, entity_id
from sso.saml.assertion import VerifiedAssertion
from sso.saml.responses import read_response
from sso.saml.trust import ResponseTrust


def read(answered: Answered, *, now: datetime) -> VerifiedAssertion:
    """The assertion that answers this attempt. Raises AssertionRejected."""
    attempt = answered.attempt
    trust = trust_of(attempt.revision, certificates=answered.certificates)
    return read_response(answered.response, trust=trust, request_id=attempt.request_id, now=now)


def trust_of(revision: ConnectionRevision, *, certificates: tuple[str, ...]) -> ResponseTrust:
    """What this revision believes: the issuer, our own addresses, and its certificates (PEM) alone (R7)."""
    return ResponseTrust(
        # Certificates can join a live revision, so they are part of the key.
        cache_key=f"{revision.id.hex}:{revision.version}:{hash(certificates)}",
        idp_entity_id=revision.idp_entity_id,
        sp_entity_id=entity_id(revision.connection_id),
        acs_url=acs_url(revision.connection_id),
        certificates=certificates,
    )


def mapping_of(revision: ConnectionRevision) -> ClaimMapping:
    return ClaimMapping(
        subject=revision.subject_attribute,
        email=revision.email_attribute,
        first_name=revision.first_name_attribute,
        last_name=revision.last_name_attribute,
        groups=revision.groups_attribute,
    )
