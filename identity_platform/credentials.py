"""Secrets: made from 256 random bits, stored as hashes where we only compare, encrypted where we must read them again.

Tokens carry their full entropy, so a plain SHA-256 is enough to store them; six-digit codes don't, so they are keyed
with the deployment's secret. Encryption is AES-256-GCM with a ring of keys: the first encrypts, all decrypt.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

_NONCE_BYTES = 12


class Undecryptable(RuntimeError):
    """No key of the ring opens this value: a key was removed too early, or the value was tampered with."""


def make_token() -> str:
    """A new bearer secret of 256 random bits, URL-safe, 43 characters."""
    return secrets.token_urlsafe(32)


def make_code() -> str:
    """A new six-digit code for a person to type; weak by nature, so its wrong tries are counted."""
    return f"{secrets.randbelow(1_000_000):06d}"


def hash_token(token: str) -> str:
    """What is stored of a token made by `make_token`: 64 hex digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def hash_code(code: str, *, salt: str) -> str:
    """What is stored of a short code: keyed, so that a leaked table doesn't give six digits away, and salted by row."""
    key = hashlib.sha256(b"code:" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, f"{salt}:{code}".encode(), hashlib.sha256).hexdigest()


def is_same(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def encrypt(plain: str, *, purpose: str) -> str:
    """Encrypt for storage. `purpose` (table and column) is authenticated, so a value can't be moved elsewhere."""
    key_id, key = next(iter(_ring(tuple(settings.ENCRYPTION_KEYS)).items()))
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, plain.encode(), purpose.encode())
    return f"v1:{key_id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def decrypt(stored: str, *, purpose: str) -> str:
    """The inverse of `encrypt`. Raises Undecryptable."""
    version, _, rest = stored.partition(":")
    key_id, _, body = rest.partition(":")
    key = _ring(tuple(settings.ENCRYPTION_KEYS)).get(key_id)
    if version != "v1" or key is None:
        raise Undecryptable(f"no key {key_id!r} in ENCRYPTION_KEYS")
    blob = base64.urlsafe_b64decode(body)
    try:
        return AESGCM(key).decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], purpose.encode()).decode()
    except InvalidTag:
        raise Undecryptable("the value was not sealed for this purpose or was changed") from None


@lru_cache(maxsize=4)
def _ring(keys: Sequence[str]) -> dict[str, bytes]:
    """Keys by id, in order. The id is derived from the key, so that a ring can be reordered freely."""
    ring = {}
    for text in keys:
        key = hashlib.sha256(b"encryption:" + text.encode()).digest()
        ring[hashlib.sha256(key).hexdigest()[:8]] = key
    return ring
