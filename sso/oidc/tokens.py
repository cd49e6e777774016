"""Checks an ID token to the letter (OIDC Core s3.1.3.7, RFC 8725; R21–R23) and hands out what it proves.

The order is: form, algorithm, key, signature; then the claims, read from nothing but the octets that were signed.
PyJWT verifies the signature. It is given one key and one algorithm, both chosen here; what the token itself proposes
(`jwk`, `jku`, `x5c`, `x5u`) is not looked at.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from sso.oidc import names
from sso.oidc.errors import (
    AlgorithmNotAllowed,
    ClaimMissing,
    SignatureInvalid,
    SubjectUnusable,
    TokenExpired,
    TokenNotYetValid,
    TokenTooOld,
    TokenUnreadable,
    WrongAccessTokenHash,
    WrongAudience,
    WrongAuthorizedParty,
    WrongIssuer,
    WrongNonce,
    show,
)
from sso.oidc.reading_json import read_object

# "given the token's kid and algorithm, the provider's key": `keys.find_key` with its provider filled in.
KeyFinder = Callable[[str | None, str], jwt.PyJWK]

_LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
# The hash of each algorithm, for at_hash (OIDC Core s3.1.3.6; for Ed25519 that of its signature, RFC 8032).
_HASH_OF = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512, "DSA": hashlib.sha512}


@dataclass(frozen=True)
class Expected:
    """What the token has to fit: the provider's issuer, our client id, and the nonce of this very request."""

    issuer: str
    client_id: str
    nonce: str
    algorithms: tuple[str, ...]


@dataclass(frozen=True)
class VerifiedIdToken:
    """A person at an issuer, and every claim as it was signed. `sub` is unique and never given again there."""

    issuer: str
    subject: str
    claims: Mapping[str, Any]


@dataclass(frozen=True)
class _Parsed:
    algorithm: str
    key_id: str | None


def verify_id_token(
    token: str, *, expected: Expected, find_key: KeyFinder, access_token: str = "", now: datetime
) -> VerifiedIdToken:
    """Verify `token` and return what it proves. `access_token`: the one that came with it, for `at_hash`.

    Raises an OidcRejected for everything that is wrong with it, and what `find_key` raises.
    """
    header = _read_header(token, algorithms=expected.algorithms)
    claims = _verify_signature(token, key=find_key(header.key_id, header.algorithm), algorithm=header.algorithm)
    _check_issuer(claims, expected)
    _check_audience(claims, expected)
    _check_times(claims, now=now)
    _check_nonce(claims, expected)
    _check_access_token(claims, access_token, algorithm=header.algorithm)
    return VerifiedIdToken(issuer=expected.issuer, subject=_read_subject(claims), claims=claims)


def _read_header(token: str, *, algorithms: tuple[str, ...]) -> _Parsed:
    """Raises TokenUnreadable, AlgorithmNotAllowed."""
    if len(token) > names.LARGEST_TOKEN:
        raise TokenUnreadable(why="it is longer than 64 kB")
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        raise TokenUnreadable(why="it isn't a signed token of three parts")
    try:
        header = read_object(_decode(parts[0]))
    except ValueError as error:
        raise TokenUnreadable(why=f"of its header, {error}") from None
    algorithm, key_id, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    # Another token of the same issuer with the same claims (a logout token, an access token) says so here (RFC 8725
    # s3.11); `crit` names extensions that must be understood, and we understand none (RFC 7515 s4.1.11).
    if not isinstance(kind, str) or kind.upper() not in {"JWT", "APPLICATION/JWT"}:
        raise TokenUnreadable(why="it says that it is something else than a JWT", received=show(kind))
    if "crit" in header or "b64" in header:
        raise TokenUnreadable(why="it asks for extensions that aren't known here")
    if algorithm not in algorithms:
        raise AlgorithmNotAllowed(expected=", ".join(algorithms), received=show(algorithm))
    if not isinstance(key_id, str | None):
        raise TokenUnreadable(why="its kid isn't a text")
    return _Parsed(algorithm=algorithm, key_id=key_id)


def _verify_signature(token: str, *, key: jwt.PyJWK, algorithm: str) -> dict[str, Any]:
    """The claims, from the octets that the key signed. Raises SignatureInvalid, TokenUnreadable."""
    try:
        verified = jwt.api_jws.PyJWS(algorithms=[algorithm]).decode_complete(token, key=key, algorithms=[algorithm])
    except jwt.InvalidSignatureError as error:
        raise SignatureInvalid from error
    except (jwt.PyJWTError, ValueError, TypeError, NotImplementedError) as error:
        raise TokenUnreadable(why="its parts aren't base64url, or its key can't be used") from error
    try:
        return read_object(verified["payload"])
    except ValueError as error:
        raise TokenUnreadable(why=f"of its claims, {error}") from None


def _check_issuer(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise WrongIssuer(expected=expected.issuer, received=show(claims.get("iss")))


def _check_audience(claims: Mapping[str, Any], expected: Expected) -> None:
    """For us and for nobody else: a token that others receive as well is one that others can bring."""
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if audiences != [expected.client_id]:
        raise WrongAudience(expected=expected.client_id, received=show(audience))
    if "azp" in claims and claims["azp"] != expected.client_id:
        raise WrongAuthorizedParty(expected=expected.client_id, received=show(claims["azp"]))


def _check_times(claims: Mapping[str, Any], *, now: datetime) -> None:
    expires_at, issued_at = _moment(claims, "exp"), _moment(claims, "iat")
    clock = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now >= expires_at + names.CLOCK_SKEW:
        raise TokenExpired(expected=clock, received=f"{expires_at:%Y-%m-%d %H:%M:%S} UTC")
    begins = [issued_at, _moment(claims, "nbf")] if "nbf" in claims else [issued_at]
    if max(begins) > now + names.CLOCK_SKEW:
        raise TokenNotYetValid(expected=clock, received=f"{max(begins):%Y-%m-%d %H:%M:%S} UTC")
    if now - issued_at > names.OLDEST_TOKEN + names.CLOCK_SKEW:
        raise TokenTooOld(expected=clock, received=f"{issued_at:%Y-%m-%d %H:%M:%S} UTC")


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    """A NumericDate (RFC 7519 s2). Raises ClaimMissing for what isn't one."""
    value = claims.get(name)
    # A boolean is a number to Python.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        raise ClaimMissing(expected=name, received=show(value))
    return datetime.fromtimestamp(0, tz=UTC) + timedelta(seconds=value)


def _check_nonce(claims: Mapping[str, Any], expected: Expected) -> None:
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        raise WrongNonce(received="another one" if "nonce" in claims else "none")


def _check_access_token(claims: Mapping[str, Any], access_token: str, *, algorithm: str) -> None:
    """`at_hash` is the left half of the access token's hash (OIDC Core s3.1.3.8); the code flow may leave it out."""
    if "at_hash" not in claims:
        return
    digest = _HASH_OF[algorithm[-3:]](access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    said = claims["at_hash"]
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), half.encode()):
        raise WrongAccessTokenHash


def _read_subject(claims: Mapping[str, Any]) -> str:
    """Raises SubjectUnusable. Kept as it is: compared byte for byte."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= names.LONGEST_SUBJECT:
        raise SubjectUnusable(received=show(subject))
    if not subject.isascii() or not subject.isprintable():
        raise SubjectUnusable(received=show(subject))
    return subject


def _decode(part: str) -> bytes:
    """Base64url without padding (RFC 7515 s2). Raises ValueError."""
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("it isn't base64url") from None
