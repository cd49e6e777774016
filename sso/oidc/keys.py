"""The keys by which an OpenID provider signs (RFC 7517), from its own key set alone (R22)."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from identity_platform.errors import PlatformError
from sso.oidc import endpoints, names
from sso.oidc.discovery import Provider
from sso.oidc.errors import KeysUnreadable, KeyUnknown, show
from sso.oidc.reading_json import read_object
from sso.oidc.remembered import Remembered

# Providers change keys without notice, and say by Cache-Control how long a set is good; within these bounds it counts.
SHORTEST_FRESH = timedelta(hours=1)
LONGEST_FRESH = timedelta(hours=24)
USABLE_FOR = timedelta(hours=48)
# An unknown `kid` may mean new keys, or somebody who makes up tokens to have us ask at length.
ASK_ANEW_AFTER = timedelta(minutes=5)

_TYPE_OF = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_CURVE_OF = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age=(\d{1,9})\s*(?:,|$)", re.IGNORECASE)

_remembered: Remembered[tuple["SigningKey", ...]] = Remembered(most=1000)


@dataclass(frozen=True)
class SigningKey:
    """One entry of a key set: what it says of itself, unparsed until a token names it."""

    key_id: str | None
    algorithm: str | None
    jwk: dict[str, Any]

    def fits(self, algorithm: str) -> bool:
        """Whether it may verify this algorithm: type, curve, and `alg` where it names one (RFC 7517 s4.4)."""
        if self.algorithm not in {None, algorithm}:
            return False
        return self.jwk.get("kty") == _TYPE_OF[algorithm[:2]] and _CURVE_OF.get(algorithm) in {
            None,
            self.jwk.get("crv"),
        }


def find_key(provider: Provider, *, key_id: str | None, algorithm: str, now: datetime) -> jwt.PyJWK:
    """The provider's key of this id that fits the algorithm. Not to be called inside a transaction.

    A miss asks the provider once more, at most every five minutes. A token without `kid` is answered where exactly one
    key fits. Raises KeyUnknown, KeysUnreadable, EndpointFailed.
    """
    kept = _remembered.find(
        provider.jwks_uri,
        fetch=lambda: _fetch(provider),
        fresh_for=LONGEST_FRESH,
        usable_for=USABLE_FOR,
        now=now,
    )
    found = choose_key(kept.value, key_id=key_id, algorithm=algorithm)
    if found is None and now - kept.asked_at >= ASK_ANEW_AFTER:
        try:
            kept = _remembered.find(
                provider.jwks_uri,
                fetch=lambda: _fetch(provider),
                fresh_for=LONGEST_FRESH,
                usable_for=USABLE_FOR,
                now=now,
                anew=True,
            )
        except PlatformError as error:
            raise KeyUnknown(received=show(key_id)) from error
        found = choose_key(kept.value, key_id=key_id, algorithm=algorithm)
    if found is None:
        known = ", ".join(show(key.key_id) for key in kept.value[:8])
        raise KeyUnknown(expected=f"one of {known}", received=show(key_id))
    return _parse(found, algorithm=algorithm, provider=provider)


def forget_keys() -> None:
    """Ask for every key set anew at the next sign-in."""
    _remembered.clear()


def read_keys(document: bytes, *, address: str) -> tuple[SigningKey, ...]:
    """The keys for signatures in a JWK set; what is for encryption, symmetric or odd is left out (RFC 7517 s5).

    Raises KeysUnreadable where none is left.
    """
    try:
        entries = read_object(document).get("keys")
    except ValueError as error:
        raise KeysUnreadable(expected=address, why=str(error)) from None
    if not isinstance(entries, list) or len(entries) > names.MOST_KEYS:
        raise KeysUnreadable(expected=address, why=f"it has no list of at most {names.MOST_KEYS} keys")
    keys = tuple(key for entry in entries if (key := _read(entry)) is not None)
    if not keys:
        raise KeysUnreadable(expected=address, why="it has no key that could sign")
    return keys


def choose_key(keys: tuple[SigningKey, ...], *, key_id: str | None, algorithm: str) -> SigningKey | None:
    """The one key that is meant: of this id, or the only one that fits where the token names none. None if unclear."""
    fitting = [key for key in keys if key.fits(algorithm) and key_id in {None, key.key_id}]
    return fitting[0] if len(fitting) == 1 else None


def _fetch(provider: Provider) -> tuple[tuple[SigningKey, ...], timedelta]:
    answer = endpoints.get(provider.jwks_uri, purpose="jwks", accept="application/jwk-set+json, application/json")
    keys = read_keys(answer.body, address=provider.jwks_uri)
    said = _MAX_AGE.search(answer.headers.get("cache-control", ""))
    wanted = timedelta(seconds=int(said[1])) if said else LONGEST_FRESH
    return keys, max(SHORTEST_FRESH, wanted)


def _read(entry: object) -> SigningKey | None:
    if not isinstance(entry, dict) or entry.get("kty") not in _TYPE_OF.values():
        return None
    key_id, algorithm, operations = entry.get("kid"), entry.get("alg"), entry.get("key_ops", ["verify"])
    if entry.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    if not isinstance(key_id, str | None) or not isinstance(algorithm, str | None):
        return None
    # A provider that publishes a private key by mistake: only its public half is ever read.
    public = {name: entry[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in entry}
    return SigningKey(key_id=key_id, algorithm=algorithm, jwk=public)


def _parse(key: SigningKey, *, algorithm: str, provider: Provider) -> jwt.PyJWK:
    unusable = KeysUnreadable(expected=provider.jwks_uri, why=f"the key {show(key.key_id)} isn't one")
    try:
        parsed = jwt.PyJWK(key.jwk, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise unusable from error
    if isinstance(parsed.key, RSAPublicKey) and parsed.key.key_size < names.SMALLEST_RSA_KEY:
        raise KeysUnreadable(
            expected=provider.jwks_uri, why=f"the key {show(key.key_id)} is shorter than {names.SMALLEST_RSA_KEY} bit"
        )
    return parsed
