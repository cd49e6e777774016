"""The exact checks of an assertion that was verified: who, for whom, where, in answer to what, and when.

Web Browser SSO profile, Profiles s4.1.4.2 and s4.1.4.3; Core s2.4 and s2.5. Each function raises the refusal that
applies. They are stricter than python3-saml, which compares the destination by prefix and the recipient by substring,
and skips what is absent; tests/sso/saml/test_second_opinion.py keeps the list of what it lets pass.
"""

from datetime import datetime

from lxml import etree

from .assertion import read_text
from .errors import (
    AuthnStatementWrong,
    Expired,
    MissingAudience,
    MissingDestination,
    MissingExpiry,
    MissingRecipient,
    NotYetValid,
    SubjectConfirmationWrong,
    UnknownCondition,
    UnreadableTime,
    UnsolicitedResponse,
    WrongAudience,
    WrongDestination,
    WrongIssuer,
    WrongRecipient,
    WrongRequest,
    show,
)
from .names import ANSWER_LIFETIME, BEARER, CLOCK_SKEW, FORMAT_ENTITY, ISSUER, SAML
from .times import read_time, say_time

_CONDITIONS = f"{{{SAML}}}Conditions"
_AUDIENCE_RESTRICTION = f"{{{SAML}}}AudienceRestriction"
_AUDIENCE = f"{{{SAML}}}Audience"
# ProxyRestriction limits assertions made from this one; we make none.
_KNOWN_CONDITIONS = {_AUDIENCE_RESTRICTION, f"{{{SAML}}}OneTimeUse", f"{{{SAML}}}ProxyRestriction"}
_CONFIRMATIONS = f"{{{SAML}}}Subject/{{{SAML}}}SubjectConfirmation"
_CONFIRMATION_DATA = f"{{{SAML}}}SubjectConfirmationData"
_AUTHN_STATEMENT = f"{{{SAML}}}AuthnStatement"


def require_issuer(element: etree._Element, *, expected: str, may_be_absent: bool = False) -> None:
    """The Issuer is the connection's identity provider, byte for byte (R18). Only a response may leave it out."""
    issuers = element.findall(ISSUER)
    if not issuers and may_be_absent:
        return
    received = [read_text(issuer) for issuer in issuers]
    if received != [expected] or issuers[0].get("Format", FORMAT_ENTITY) != FORMAT_ENTITY:
        raise WrongIssuer(expected=expected, received=show(", ".join(received) or None))


def require_audience(assertion: etree._Element, *, expected: str) -> None:
    """Conditions name our entity id in each AudienceRestriction (Core s2.5.1.4), and hold nothing unknown (R15)."""
    conditions = assertion.findall(_CONDITIONS)
    if len(conditions) != 1:
        raise MissingAudience(expected=expected, received=show(None))
    for condition in conditions[0]:
        if condition.tag not in _KNOWN_CONDITIONS:
            raise UnknownCondition(received=show(etree.QName(condition).localname))
    restrictions = conditions[0].findall(_AUDIENCE_RESTRICTION)
    if not restrictions:
        raise MissingAudience(expected=expected, received=show(None))
    for restriction in restrictions:
        audiences = [read_text(audience) for audience in restriction.iterchildren(_AUDIENCE)]
        if expected not in audiences:
            raise WrongAudience(expected=expected, received=show(", ".join(audiences)))


def require_destination(response: etree._Element, *, expected: str, is_signed: bool) -> None:
    """Destination equals our ACS exactly, and is there if the response is signed (Bindings s3.5.5.2; R16)."""
    destination = response.get("Destination")
    if destination is None:
        if is_signed:
            raise MissingDestination(expected=expected, received=show(None))
    elif destination != expected:
        raise WrongDestination(expected=expected, received=show(destination))


def find_confirmation(assertion: etree._Element) -> etree._Element:
    """The SubjectConfirmationData of the one bearer confirmation. Other methods are of no use to a browser."""
    bearers = [node for node in assertion.findall(_CONFIRMATIONS) if node.get("Method") == BEARER]
    if len(bearers) != 1:
        raise SubjectConfirmationWrong(what="here are " + (f"{len(bearers)}" if bearers else "none"))
    data: etree._Element | None = bearers[0].find(_CONFIRMATION_DATA)
    if data is None:
        raise SubjectConfirmationWrong(what="this one has no data")
    return data


def require_recipient(confirmation: etree._Element, *, expected: str) -> None:
    """Recipient is there and equals our ACS exactly (R16)."""
    recipient = confirmation.get("Recipient")
    if recipient is None:
        raise MissingRecipient(expected=expected, received=show(None))
    if recipient != expected:
        raise WrongRecipient(expected=expected, received=show(recipient))


def require_request(confirmation: etree._Element, *, response: etree._Element, request_id: str) -> None:
    """The signed confirmation answers this request, and the response, if it says so at all, the same one (R13).

    The response's own attribute may stand outside every signature, where anybody can take it away.
    """
    answered = confirmation.get("InResponseTo")
    if answered is None or not request_id:
        raise UnsolicitedResponse(expected=request_id, received=show(None))
    if answered != request_id or response.get("InResponseTo", request_id) != request_id:
        raise WrongRequest(expected=request_id, received=show(f"{answered}, {response.get('InResponseTo', 'nothing')}"))


def require_fresh_confirmation(confirmation: etree._Element, *, now: datetime) -> datetime:
    """The end of the bearer confirmation, which must lie ahead; a beginning isn't allowed (Profiles s4.1.4.2; R17)."""
    end = read_time(confirmation, "NotOnOrAfter")
    if end is None:
        raise MissingExpiry(expected="NotOnOrAfter", received=show(None))
    if confirmation.get("NotBefore") is not None:
        raise SubjectConfirmationWrong(what="this one has a NotBefore, which the profile forbids")
    _require_ahead(end, what="SubjectConfirmationData NotOnOrAfter", now=now)
    return end


def require_fresh_assertion(assertion: etree._Element, *, now: datetime) -> datetime:
    """When the assertion was issued: lately, and its Conditions hold now (R17)."""
    issued_at = read_time(assertion, "IssueInstant")
    if issued_at is None:
        raise UnreadableTime(what="IssueInstant")
    _require_past(issued_at, what="IssueInstant", now=now)
    if now - CLOCK_SKEW - ANSWER_LIFETIME >= issued_at:
        raise Expired(
            what="IssueInstant",
            expected=f"issued after {say_time(now - CLOCK_SKEW - ANSWER_LIFETIME)}",
            received=say_time(issued_at),
        )
    for conditions in assertion.iterchildren(_CONDITIONS):
        not_before = read_time(conditions, "NotBefore")
        if not_before is not None:
            _require_past(not_before, what="Conditions NotBefore", now=now)
        not_on_or_after = read_time(conditions, "NotOnOrAfter")
        if not_on_or_after is not None:
            _require_ahead(not_on_or_after, what="Conditions NotOnOrAfter", now=now)
    return issued_at


def require_authentication(assertion: etree._Element, *, now: datetime) -> tuple[datetime, datetime | None]:
    """When the person proved who they are there, and when that session ends, if said (Core s2.7.2).

    The end must lie ahead at sign-in; it doesn't shorten our own session.
    """
    statements = assertion.findall(_AUTHN_STATEMENT)
    if len(statements) != 1:
        raise AuthnStatementWrong(expected="1", received=str(len(statements)))
    authn_instant = read_time(statements[0], "AuthnInstant")
    if authn_instant is None:
        raise UnreadableTime(what="AuthnInstant")
    _require_past(authn_instant, what="AuthnInstant", now=now)
    end = read_time(statements[0], "SessionNotOnOrAfter")
    if end is not None:
        _require_ahead(end, what="SessionNotOnOrAfter", now=now)
    return authn_instant, end


# The skew is taken from `now` and never added to a time of the message: the year 9999 would overflow.


def _require_ahead(end: datetime, *, what: str, now: datetime) -> None:
    if now - CLOCK_SKEW >= end:
        raise Expired(what=what, expected=f"after {say_time(now - CLOCK_SKEW)}", received=say_time(end))


def _require_past(beginning: datetime, *, what: str, now: datetime) -> None:
    if beginning > now + CLOCK_SKEW:
        raise NotYetValid(what=what, expected=f"until {say_time(now + CLOCK_SKEW)}", received=say_time(beginning))
