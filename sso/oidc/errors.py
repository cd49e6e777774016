"""Everything an OpenID sign-in can be refused for, one class per cause; status.py has those the provider itself refuses
for.

`check` is the step of CHECKS at which the refusal stops. Whoever signs in sees a short text and a reference; message,
remedy, expected and received are for whoever has to mend it. Nothing here carries a code, a token, a secret, or what an
endpoint wrote into its error (R28).
"""

from sso.errors import SignInRefused
from sso.oidc.status import ProviderBusy

# In the order in which they are made.
CHECKS = (
    "discovery",
    "answered",
    "code",
    "token",
    "algorithm",
    "key",
    "signature",
    "issuer",
    "audience",
    "time",
    "request",
    "subject",
)

# What a stranger wrote is shown to managers, so it is kept short.
LONGEST_SHOWN = 300


def show(value: object) -> str:
    """What came from outside, fit to be shown: one line, short, without control characters."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else repr(value)
    printable = "".join(letter if letter.isprintable() else " " for letter in text[: LONGEST_SHOWN + 1]).strip()
    return printable if len(printable) <= LONGEST_SHOWN else printable[:LONGEST_SHOWN] + "…"


class OidcRejected(SignInRefused):
    """An answer that signs nobody in."""


class EndpointFailed(ProviderBusy):
    """The provider couldn't be asked at all; `received` is the code of what `guarded_client` says (R45, R52)."""

    check = "discovery"
    code = "oidc_endpoint_failed"
    message = "The OpenID provider couldn't be asked: {why}"
    remedy = "Try again; if it stays, look whether {expected} can be reached from this platform."


# -- discovery: what the provider says of itself (OIDC Discovery s4.3) -------------------------------------------------


class DiscoveryUnreadable(OidcRejected):
    check = "discovery"
    code = "oidc_discovery_unreadable"
    message = "The OpenID provider's configuration can't be used: {why}."
    remedy = "Open {expected} in a browser: it must show the provider's configuration as JSON, with every endpoint."


class DiscoveryIssuerDiffers(OidcRejected):
    """A provider speaks for its own issuer alone; compared byte for byte, the trailing slash included (R21)."""

    check = "discovery"
    code = "oidc_discovery_issuer"
    message = "The configuration at this address belongs to another issuer."
    remedy = "Enter the issuer exactly as the provider writes it: {received}."


class NoCommonAlgorithm(OidcRejected):
    check = "discovery"
    code = "oidc_no_common_algorithm"
    message = "The OpenID provider signs ID tokens in no way that is accepted here."
    remedy = "Let it sign with one of {expected}."


class NoClientAuthentication(OidcRejected):
    check = "discovery"
    code = "oidc_no_client_authentication"
    message = "The OpenID provider takes the client's secret in no way that is known here."
    remedy = "Let it accept {expected}."


# -- answered: what the browser brought back ---------------------------------------------------------------------------


class AnswerUnreadable(OidcRejected):
    check = "answered"
    code = "oidc_answer_unreadable"
    message = "The OpenID provider sent back neither a code nor a reason."
    remedy = "Try again from the sign-in page."
    status = 400


class AnswerOfOtherIssuer(OidcRejected):
    """RFC 9207: another provider's answer, whose code must not be carried to this one (mix-up, R27)."""

    check = "answered"
    code = "oidc_answer_of_other_issuer"
    message = "This answer comes from another OpenID provider than the one that was asked."
    remedy = "Start again. If it stays, find out who sent the person here: this is what an attack looks like."


# -- code: exchanged at the token endpoint (OIDC Core s3.1.3) ----------------------------------------------------------


class ClientNotAccepted(OidcRejected):
    check = "code"
    code = "oidc_client_not_accepted"
    message = "The OpenID provider doesn't accept this platform's client ID and secret."
    remedy = "Make a new client secret at the provider and enter it here; the old one may have expired."


class CodeNotAccepted(OidcRejected):
    check = "code"
    code = "oidc_code_not_accepted"
    message = "The OpenID provider didn't accept the code it had given."
    remedy = (
        "Start again; a code is good once and for a short time. If it stays, compare the redirect URI at the provider."
    )


class TokenEndpointFailed(OidcRejected):
    check = "code"
    code = "oidc_token_endpoint_failed"
    message = "The OpenID provider's token endpoint answered with something that can't be used: {why}."
    remedy = "Try again; if it stays, look at the provider's own logs."


# -- token, algorithm, key, signature (OIDC Core s3.1.3.7; RFC 8725) ---------------------------------------------------


class TokenUnreadable(OidcRejected):
    check = "token"
    code = "oidc_token_unreadable"
    message = "The ID token can't be read: {why}."
    remedy = "A provider that follows OpenID Connect Core doesn't send this; report it to its makers."


class AlgorithmNotAllowed(OidcRejected):
    """`none`, HMAC and whatever else the provider doesn't announce or we don't accept (R22)."""

    check = "algorithm"
    code = "oidc_algorithm_not_allowed"
    message = "The ID token is signed in a way that isn't accepted."
    remedy = "Let the provider sign ID tokens with one of {expected}."


class KeysUnreadable(OidcRejected):
    check = "key"
    code = "oidc_keys_unreadable"
    message = "The OpenID provider's keys can't be read: {why}."
    remedy = "Open {expected} in a browser: it must show a JWK set with the keys that sign ID tokens."


class KeyUnknown(OidcRejected):
    """Neither among the keys at hand nor among those fetched because of it (R22)."""

    check = "key"
    code = "oidc_key_unknown"
    message = "The ID token is signed with a key that the OpenID provider doesn't publish."
    remedy = "If the provider has just changed its keys, try again in five minutes."


class SignatureInvalid(OidcRejected):
    check = "signature"
    code = "oidc_signature_invalid"
    message = "The ID token's signature doesn't fit the key it names."
    remedy = "Find out what changed the token on its way; a genuine one always fits."


# -- claims, read only after the signature was verified ----------------------------------------------------------------


class WrongIssuer(OidcRejected):
    check = "issuer"
    code = "oidc_wrong_issuer"
    message = "The ID token was made by another issuer."
    remedy = "Enter the issuer exactly as the provider writes it: {received}."


class WrongAudience(OidcRejected):
    check = "audience"
    code = "oidc_wrong_audience"
    message = "The ID token was made for another client."
    remedy = "Compare the client ID here with the one at the provider; it must be made for {expected} alone."


class WrongAuthorizedParty(OidcRejected):
    check = "audience"
    code = "oidc_wrong_authorized_party"
    message = "The ID token was given to another client than this one."
    remedy = "Compare the client ID here with the one at the provider."


class TokenExpired(OidcRejected):
    check = "time"
    code = "oidc_token_expired"
    message = "The ID token was good until {received}; it is {expected} now."
    remedy = "Start again. If it stays, set the provider's clock."


class TokenNotYetValid(OidcRejected):
    check = "time"
    code = "oidc_token_not_yet_valid"
    message = "The ID token is good from {received} on; it is {expected} now."
    remedy = "Set the provider's clock: it runs ahead."


class TokenTooOld(OidcRejected):
    check = "time"
    code = "oidc_token_too_old"
    message = "The ID token was made at {received}; it is {expected} now."
    remedy = "Start again. If it stays, set the provider's clock: it runs behind."


class ClaimMissing(OidcRejected):
    """A claim that every ID token has is absent or not of its type (OIDC Core s2)."""

    check = "token"
    code = "oidc_claim_missing"
    message = "The ID token has no usable {expected}."
    remedy = "A provider that follows OpenID Connect Core doesn't send this; report it to its makers."


class WrongNonce(OidcRejected):
    """The token answers another request, or none: a token taken elsewhere is injected (R23)."""

    check = "request"
    code = "oidc_wrong_nonce"
    message = "The ID token doesn't belong to the sign-in that was begun here."
    remedy = "Start again. If it stays, find out who sent the person here: this is what an attack looks like."


class WrongAccessTokenHash(OidcRejected):
    check = "request"
    code = "oidc_wrong_at_hash"
    message = "The ID token came with an access token that it wasn't made with."
    remedy = "A provider that follows OpenID Connect Core doesn't send this; report it to its makers."


class SubjectUnusable(OidcRejected):
    check = "subject"
    code = "oidc_subject_unusable"
    message = "The ID token doesn't say who signed in."
    remedy = "The claim sub has to be one text of 1 to 255 ASCII characters (OpenID Connect Core s2)."
