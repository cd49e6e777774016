"""What a connection trusts, and its parsed form, kept from one response to the next."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .certificates import CertificateRejected, PublicKey, read_certificate, read_public_key
from .errors import NoTrustedCertificate

# Connections whose parsed keys and settings are kept, in each process. One costs some 20 kB.
MOST_CACHED_CONNECTIONS = 512

Value = TypeVar("Value")


@dataclass(frozen=True)
class ResponseTrust:
    """The stored facts that a response is judged by; they come from the connection, never from the message (R7, R18).

    `certificates` are PEM texts; one that has expired still counts (the caller raises the alarm, spec 5.5).
    `cache_key` names the connection's revision; caches compare every field, so a key that fails to change is harmless.
    """

    cache_key: str
    idp_entity_id: str
    sp_entity_id: str
    acs_url: str
    certificates: tuple[str, ...]


@dataclass(frozen=True)
class TrustedKey:
    """`kind` is "rsa" or "ec"; `fingerprint` is the SHA-256 of the certificate, in hex."""

    key: PublicKey
    kind: str
    fingerprint: str


class BoundedCache(Generic[Value]):
    """Remembers what was built for the trusts used last; safe between threads (two may build the same one once)."""

    def __init__(self, size: int = MOST_CACHED_CONNECTIONS) -> None:
        self._size = size
        self._values: OrderedDict[ResponseTrust, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get_or_build(self, trust: ResponseTrust, build: Callable[[ResponseTrust], Value]) -> Value:
        with self._lock:
            if trust in self._values:
                self._values.move_to_end(trust)
                return self._values[trust]
        value = build(trust)
        with self._lock:
            self._values[trust] = value
            self._values.move_to_end(trust)
            while len(self._values) > self._size:
                self._values.popitem(last=False)
        return value

    def __len__(self) -> int:
        return len(self._values)


_keys: BoundedCache[tuple[TrustedKey, ...]] = BoundedCache()


def load_trusted_keys(trust: ResponseTrust) -> tuple[TrustedKey, ...]:
    """The public keys of the connection's certificates, in their order.

    Raises NoTrustedCertificate if there is none, or if one of them can't be used: an empty list is an error, never a
    reason to skip the check (R4).
    """
    return _keys.get_or_build(trust, _load_keys)


def _load_keys(trust: ResponseTrust) -> tuple[TrustedKey, ...]:
    if not trust.certificates:
        raise NoTrustedCertificate()
    return tuple(_load_key(text) for text in trust.certificates)


def _load_key(text: str) -> TrustedKey:
    try:
        certificate = read_certificate(text)
        key = read_public_key(certificate.pem)
    except CertificateRejected as error:
        raise NoTrustedCertificate(received=str(error)) from error
    return TrustedKey(key=key, kind=certificate.key_kind, fingerprint=certificate.fingerprint)
