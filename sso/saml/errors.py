"""Everything a SAML response can be refused for, one class per cause; status_errors.py has those the identity provider
itself refuses for.

`check` is the step of CHECKS at which the refusal stops: the test page shows the steps before it as passed and those
after it as not checked. Whoever signs in sees none of this but a reference; managers see message, remedy, expected and
received.
"""

from typing import ClassVar

from identity_platform.errors import PlatformError

# In the order in which they are made. The reader of responses makes those up to "time"; the record of used assertions,
# the claim mapping and provisioning make the rest.
CHECKS = (
    "answered",
    "signature",
    "issuer",
    "audience",
    "recipient",
    "request",
    "time",
    "one_use",
    "subject",
    "email",
    "domain",
    "attributes",
    "groups",
)

# What a stranger wrote is shown to managers, so it is kept short.
LONGEST_SHOWN = 300


def show(value: str | None) -> str:
    """What came from outside, fit to be shown: one line, short, without control characters."""
    if value is None:
        return "nothing"
    printable = "".join(letter if letter.isprintable() else " " for letter in value[: LONGEST_SHOWN + 1]).strip()
    return printable if len(printable) <= LONGEST_SHOWN else printable[:LONGEST_SHOWN] + "…"


class AssertionRejected(PlatformError):
    """A response that signs nobody in."""

    check: ClassVar[str]
    status = 403


# -- answered: is this a SAML response that says yes? ------------------------------------------------------------------


class MalformedResponse(AssertionRejected):
    check = "answered"
    code = "saml_malformed"
    message = "What arrived isn't a readable SAML response."
    remedy = "Try again from the sign-in page; if it stays, send the raw message to your identity provider's support."
    status = 400


class ResponseTooLarge(AssertionRejected):
    check = "answered"
    code = "saml_too_large"
    message = "The response is larger than {expected}."
    remedy = "In your identity provider, send fewer groups: only those assigned to this application, or filter by name."
    status = 413


class DoctypeForbidden(AssertionRejected):
    check = "answered"
    code = "saml_doctype"
    message = "The response contains a document type, entities or processing instructions, which SAML has no use for."
    remedy = "Nothing a normal identity provider sends looks like this: find out who built this message."
    status = 400


class ResponseTooComplex(AssertionRejected):
    check = "answered"
    code = "saml_too_complex"
    message = "The response has more {what} than any sign-in needs."
    remedy = "In your identity provider, send fewer attributes and groups."
    status = 400


class SchemaViolated(AssertionRejected):
    check = "answered"
    code = "saml_schema"
    message = "The response breaks the SAML 2.0 schema."
    remedy = "Send the raw message to your identity provider's support; the first fault is: {received}"
    status = 400


class UnsupportedVersion(AssertionRejected):
    check = "answered"
    code = "saml_version"
    message = "The message isn't SAML 2.0."
    remedy = "In your identity provider, choose SAML 2.0 for this application."


class EncryptedAssertionUnsupported(AssertionRejected):
    check = "answered"
    code = "saml_encrypted"
    message = "The identity provider encrypted the {what}, and this connection has no key to decrypt it."
    remedy = (
        "In your identity provider, turn assertion encryption off for this application (it may be named Encrypt "
        "Assertion or Token Encryption)."
    )


# -- signature: did the identity provider say it, and just this? -------------------------------------------------------


class NoTrustedCertificate(AssertionRejected):
    check = "signature"
    code = "saml_no_certificate"
    message = "This connection has no certificate to check a signature with."
    remedy = "On the connection's page, add the identity provider's signing certificate or its metadata."


class AssertionCountWrong(AssertionRejected):
    check = "signature"
    code = "saml_assertion_count"
    message = "The response must contain exactly one assertion."
    remedy = "In your identity provider, set this application to send one assertion for each sign-in."


class AssertionMisplaced(AssertionRejected):
    check = "signature"
    code = "saml_assertion_misplaced"
    message = "The assertion isn't where SAML puts it: directly in the response."
    remedy = "No normal identity provider builds a message like this: find out what changes it on its way."


class DuplicateIds(AssertionRejected):
    check = "signature"
    code = "saml_duplicate_id"
    message = "Two elements of the response carry the same ID, so a signature could mean either."
    remedy = "No normal identity provider builds a message like this: find out what changes it on its way."


class UnsignedAssertion(AssertionRejected):
    check = "signature"
    code = "saml_unsigned"
    message = "Neither the assertion nor the response around it is signed."
    remedy = "In your identity provider, turn on signing of assertions (or of responses) for this application."


class SignatureForbidden(AssertionRejected):
    """A signature of a form that SAML doesn't allow, found before anything is computed (R3, R49)."""

    check = "signature"
    code = "saml_signature_form"
    message = "A signature has a form that isn't allowed: {what}."
    remedy = (
        "In your identity provider, use the standard SAML signature: enveloped, exclusive canonicalization, one "
        "reference."
    )


class WeakAlgorithm(AssertionRejected):
    check = "signature"
    code = "saml_weak_algorithm"
    message = "The signature was made with an algorithm that is too weak or not supported."
    remedy = "In your identity provider, set the signature algorithm to RSA-SHA256 and the digest to SHA-256."


class ContentAltered(AssertionRejected):
    check = "signature"
    code = "saml_altered"
    message = "The content isn't what the identity provider signed."
    remedy = "Something changed the message on its way: a proxy, a browser extension, or an attacker."


class SignedByUnknownCertificate(AssertionRejected):
    """`received` is the fingerprint of the certificate that the message itself names, which proves nothing."""

    check = "signature"
    code = "saml_unknown_certificate"
    message = "The signature doesn't match any certificate of this connection."
    remedy = (
        "If your identity provider has a new signing certificate, add it on the connection's page; keep the old "
        "one until it is out of use."
    )


class VoidCanonicalForm(AssertionRejected):
    check = "signature"
    code = "saml_canonicalization"
    message = "The response uses namespaces in a way that can't be checked safely."
    remedy = "No normal identity provider builds a message like this: find out what changes it on its way."


class RefusedByToolkit(AssertionRejected):
    """python3-saml refuses what our own checks let pass; the stricter verdict counts (spec 5.9)."""

    check = "signature"
    code = "saml_toolkit_refused"
    message = "The second, independent check of the response refused it."
    remedy = "Send the raw message and the reference to support: {received}"


# -- issuer, audience, recipient, request ------------------------------------------------------------------------------


class WrongIssuer(AssertionRejected):
    check = "issuer"
    code = "saml_wrong_issuer"
    message = "The response comes from another identity provider than this connection's."
    remedy = (
        "On the connection's page, set the identity provider's entity ID to {received}, if that is yours; or sign "
        "in at the right one."
    )


class MissingAudience(AssertionRejected):
    check = "audience"
    code = "saml_missing_audience"
    message = "The assertion doesn't say which service it is meant for."
    remedy = "In your identity provider, set Audience (SP entity ID) to {expected}."


class WrongAudience(AssertionRejected):
    check = "audience"
    code = "saml_wrong_audience"
    message = "The identity provider addressed this sign-in to a different service."
    remedy = "In your identity provider, set Audience (SP entity ID) to {expected}."


class UnknownCondition(AssertionRejected):
    check = "audience"
    code = "saml_unknown_condition"
    message = "The assertion carries a condition that this service doesn't know, so it can't be met."
    remedy = "In your identity provider, remove custom conditions from this application."


class MissingDestination(AssertionRejected):
    check = "recipient"
    code = "saml_missing_destination"
    message = "The signed response doesn't say where it was sent."
    remedy = "In your identity provider, set Destination to {expected}."


class WrongDestination(AssertionRejected):
    check = "recipient"
    code = "saml_wrong_destination"
    message = "The response was meant for a different address."
    remedy = "In your identity provider, set ACS URL and Destination to {expected}, exactly."


class SubjectConfirmationWrong(AssertionRejected):
    check = "recipient"
    code = "saml_confirmation"
    message = "The assertion must have exactly one bearer subject confirmation with its data, and {what}."
    remedy = "In your identity provider, use the standard web browser single sign-on profile for this application."


class MissingRecipient(AssertionRejected):
    check = "recipient"
    code = "saml_missing_recipient"
    message = "The assertion doesn't say which address it may be used at."
    remedy = "In your identity provider, set Recipient to {expected}."


class WrongRecipient(AssertionRejected):
    check = "recipient"
    code = "saml_wrong_recipient"
    message = "The assertion may be used at a different address only."
    remedy = "In your identity provider, set ACS URL and Recipient to {expected}, exactly."


class UnsolicitedResponse(AssertionRejected):
    check = "request"
    code = "saml_unsolicited"
    message = "The response doesn't say which request it answers."
    remedy = "Start at the sign-in page. If you did, your identity provider drops InResponseTo: tell its support."


class WrongRequest(AssertionRejected):
    check = "request"
    code = "saml_wrong_request"
    message = "The response answers another request than the one this browser began."
    remedy = "Start again at the sign-in page, in one tab."


# -- time --------------------------------------------------------------------------------------------------------------


class UnreadableTime(AssertionRejected):
    check = "time"
    code = "saml_unreadable_time"
    message = "The time in {what} isn't one in UTC."
    remedy = "Send the raw message to your identity provider's support: SAML wants times such as 2026-01-31T12:00:00Z."


class NotYetValid(AssertionRejected):
    check = "time"
    code = "saml_not_yet_valid"
    message = "The response is valid only in the future ({what})."
    remedy = "Correct the clock of your identity provider's server: it runs ahead by more than two minutes."


class Expired(AssertionRejected):
    check = "time"
    code = "saml_expired"
    message = "The response isn't valid any more ({what})."
    remedy = "Sign in again without a long pause; if it stays, the identity provider's clock runs behind."


class MissingExpiry(AssertionRejected):
    check = "time"
    code = "saml_missing_expiry"
    message = "The subject confirmation has no end (NotOnOrAfter)."
    remedy = "In your identity provider, use the standard web browser single sign-on profile for this application."


class AuthnStatementWrong(AssertionRejected):
    check = "time"
    code = "saml_authn_statement"
    message = "The assertion must say exactly once when and how the person signed in."
    remedy = "In your identity provider, set this application to send one authentication statement."


# -- one use -----------------------------------------------------------------------------------------------------------


class AssertionReplayed(AssertionRejected):
    """Raised by whoever keeps the record of used assertions (R14)."""

    check = "one_use"
    code = "saml_replayed"
    message = "This response was used before."
    remedy = "Start again at the sign-in page; going back in the browser sends an old answer."


# -- subject: what the reader itself can see of it ---------------------------------------------------------------------


class EncryptedSubjectUnsupported(AssertionRejected):
    check = "subject"
    code = "saml_encrypted_subject"
    message = "The identity provider encrypted the {what} inside the assertion."
    remedy = "In your identity provider, send NameID and attributes unencrypted inside the assertion."
