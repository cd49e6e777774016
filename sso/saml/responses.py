"""The reader of SAML responses: from a form field to facts, or to one typed refusal.

The order is the order of CHECKS. Before a trusted key is found to have signed it, the message is only measured, held
against the schema and asked whether it says yes. What counts afterwards is read from the octets that were signed,
parsed afresh (R1), never from the message. python3-saml judges last; an answer is only given where both accept.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from . import assertion_rules as rules
from .assertion import VerifiedAssertion, read_attributes, read_name_id
from .errors import (
    AssertionCountWrong,
    AssertionMisplaced,
    AssertionRejected,
    DuplicateIds,
    EncryptedAssertionUnsupported,
    MalformedResponse,
    SchemaViolated,
    SignatureForbidden,
    UnsignedAssertion,
    UnsupportedVersion,
    show,
)
from .guard import GuardedResponse, open_response
from .names import (
    ASSERTION,
    CLOCK_SKEW,
    ENCRYPTED_ASSERTION,
    LONGEST_ID,
    RESPONSE,
    SHORTEST_REPLAY_MEMORY,
)
from .schema import find_schema_fault
from .signature_form import SignatureForm
from .signatures import VerifiedElement, verify_signature
from .status import require_success
from .toolkit import require_toolkit_acceptance
from .trust import ResponseTrust, TrustedKey, load_trusted_keys

__all__ = ["ResponseTrust", "VerifiedAssertion", "read_response"]

_FIND_IDS = "//@ID | //@Id | //@id | //@xml:id"

# An end further away than this is kept no longer: the record outlives the last moment at which the assertion would be
# accepted (ANSWER_LIFETIME) many times over, and a time near the year 9999 can't be added to.
_LONGEST_REPLAY_MEMORY = timedelta(days=366)


def read_response(encoded: str, *, trust: ResponseTrust, request_id: str, now: datetime) -> VerifiedAssertion:
    """Verify the SAMLResponse that answers our request `request_id`, and return what it proves.

    Whether the assertion was used before, and whether its address belongs to the connection's domains, is the caller's
    to check. Raises an AssertionRejected subclass and nothing else, whatever arrives (R50). Safe to repeat.
    """
    try:
        return _read(encoded, trust=trust, request_id=request_id, now=now)
    except AssertionRejected:
        raise
    except Exception as error:  # no message from outside may become a 500 (R50)
        raise MalformedResponse(received=type(error).__name__) from error


def _read(encoded: str, *, trust: ResponseTrust, request_id: str, now: datetime) -> VerifiedAssertion:
    guarded = open_response(encoded)
    root = guarded.unverified_root
    _require_answer(root)
    keys = load_trusted_keys(trust)
    _require_one_assertion(root)
    signed = _verify(guarded, keys=keys)

    # From here on identity is read from what was signed. The response around a signed assertion may be unsigned; then
    # what it says can only refuse, never admit.
    assertion = signed.assertion.root if signed.assertion else _the_assertion(signed.response)
    response = signed.response.root if signed.response else root
    rules.require_issuer(response, expected=trust.idp_entity_id, may_be_absent=True)
    rules.require_issuer(assertion, expected=trust.idp_entity_id)
    rules.require_audience(assertion, expected=trust.sp_entity_id)
    rules.require_destination(response, expected=trust.acs_url, is_signed=signed.response is not None)
    confirmation = rules.find_confirmation(assertion)
    rules.require_recipient(confirmation, expected=trust.acs_url)
    rules.require_request(confirmation, response=response, request_id=request_id)
    confirmed_until = rules.require_fresh_confirmation(confirmation, now=now)
    issued_at = rules.require_fresh_assertion(assertion, now=now)
    authn_instant, session_end = rules.require_authentication(assertion, now=now)
    name_id = read_name_id(assertion)
    attributes, friendly_names = read_attributes(assertion)
    require_toolkit_acceptance(root, trust=trust, request_id=request_id, now=now)

    return VerifiedAssertion(
        assertion_id=assertion.get("ID", ""),
        response_id=response.get("ID", "") if signed.response else "",
        issuer=trust.idp_entity_id,
        name_id=name_id,
        attributes=attributes,
        friendly_names=friendly_names,
        authn_instant=authn_instant,
        session_not_on_or_after=session_end,
        keep_until=max(min(confirmed_until, now + _LONGEST_REPLAY_MEMORY) + CLOCK_SKEW, now + SHORTEST_REPLAY_MEMORY),
        issued_at=issued_at,
        certificate_fingerprint=signed.fingerprint,
        clock_difference=(issued_at - now).total_seconds(),
    )


def _require_answer(root: etree._Element) -> None:
    """The rest of the check "answered": SAML 2.0, valid by the schema, and it says yes (R8)."""
    if root.get("Version") != "2.0":
        raise UnsupportedVersion(expected="2.0", received=show(root.get("Version")))
    fault = find_schema_fault(root)
    if fault is not None:
        raise SchemaViolated(received=show(fault))
    require_success(root)
    if next(root.iter(ENCRYPTED_ASSERTION), None) is not None:
        raise EncryptedAssertionUnsupported(what="assertion")


def _require_one_assertion(root: etree._Element) -> None:
    """Exactly one assertion anywhere, in its place, and no ID twice (R3): nothing to wrap, nothing to mistake."""
    assertions = list(root.iter(ASSERTION))
    if len(assertions) != 1:
        raise AssertionCountWrong(expected="1", received=str(len(assertions)))
    if assertions[0].getparent() is not root:
        raise AssertionMisplaced()
    if len(assertions[0].get("ID", "")) > LONGEST_ID:
        raise MalformedResponse(expected=f"an ID of at most {LONGEST_ID} characters", received="a longer one")
    if assertions[0].get("Version") != "2.0":
        raise UnsupportedVersion(expected="2.0", received=show(assertions[0].get("Version")))
    ids = root.xpath(_FIND_IDS)
    if len(set(ids)) != len(ids):
        raise DuplicateIds()


@dataclass(frozen=True)
class _Signed:
    """What is signed: the response, the assertion, or both."""

    response: VerifiedElement | None
    assertion: VerifiedElement | None
    fingerprint: str


def _verify(guarded: GuardedResponse, *, keys: tuple[TrustedKey, ...]) -> _Signed:
    """Verify every signature there is; one at least must cover the assertion (R4). Both count if both are there."""
    verified: dict[str, VerifiedElement] = {}
    for form in guarded.unverified_signatures:
        _require_in_place(form, root=guarded.unverified_root)
        element = verify_signature(form, keys=keys)
        if element.root.tag in verified:
            raise AssertionCountWrong(expected="1 signature each", received="2")
        verified[element.root.tag] = element
    response, assertion = verified.get(RESPONSE), verified.get(ASSERTION)
    if response is None and assertion is None:
        raise UnsignedAssertion(expected="a signed assertion or a signed response", received="no signature")
    innermost = assertion or response
    return _Signed(
        response=response,
        assertion=assertion,
        fingerprint=innermost.certificate_fingerprint if innermost else "",
    )


def _require_in_place(form: SignatureForm, *, root: etree._Element) -> None:
    """The signature stands in the message itself or in its one assertion, not in something carried along (R3)."""
    signed = form.element.getparent()
    if signed is not root and (signed is None or signed.getparent() is not root):
        raise SignatureForbidden(what="it signs something that is only carried along")


def _the_assertion(response: VerifiedElement | None) -> etree._Element:
    """The one assertion of a signed response, from the octets that were signed."""
    found = [] if response is None else response.root.findall(ASSERTION)
    if len(found) != 1:
        raise AssertionCountWrong(expected="1", received=str(len(found)))
    return found[0]
