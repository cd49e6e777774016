"""The one client for every address that a tenant gives: metadata, discovery, keys, token and userinfo endpoints.

Whoever may type an address here could point the platform at its own inside, at a machine that never stops talking, or
at somebody else's keys. So (R45, R52): https alone, the name resolved once and every address judged, the connection
made to exactly the judged address while TLS checks the real name, redirects judged again or refused, five seconds in
all, one mebibyte in all, no proxies or cookies from anywhere. Everything that can go wrong is a `FetchFailed`.
"""

import http.client
import ssl
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn
from urllib.parse import urljoin

import urllib3
from urllib3 import exceptions

from identity_platform.outgoing_addresses import Target, read_url, resolve
from identity_platform.outgoing_connections import open_pool
from identity_platform.outgoing_errors import (
    TOTAL_SECONDS,
    AddressNotAllowed,
    CertificateInvalid,
    FetchFailed,
    NotHttps,
    RedirectNotAllowed,
    TooLarge,
    TooManyRedirects,
    TooSlow,
    UnexpectedStatus,
    Unreachable,
    UnreadableAnswer,
    UnusableAddress,
)

__all__ = [
    "AddressNotAllowed",
    "CertificateInvalid",
    "FetchFailed",
    "Fetched",
    "NotHttps",
    "RedirectNotAllowed",
    "TooLarge",
    "TooManyRedirects",
    "TooSlow",
    "UnexpectedStatus",
    "Unreachable",
    "UnreadableAnswer",
    "UnusableAddress",
    "fetch",
]

Purpose = Literal["metadata", "discovery", "jwks", "token", "userinfo"]

LARGEST_BODY = 1024 * 1024  # octets, before and after decompression
MOST_REDIRECTS = 3

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Documents that only describe may move; keys, tokens and claims come from the configured address or not at all.
_FOLLOWS_REDIRECTS: frozenset[Purpose] = frozenset({"metadata", "discovery"})
# These endpoints explain a refusal in the body of a 4xx (RFC 6749 s5.2, RFC 6750 s3), which their readers need.
_ANY_STATUS: frozenset[Purpose] = frozenset({"token", "userinfo"})


@dataclass(frozen=True)
class Fetched:
    """An answer, read in full. `headers` has lower-case names; `url` is where redirects ended."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


def fetch(
    url: str,
    *,
    purpose: Purpose,
    method: Literal["GET", "POST"] = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Fetched:
    """Ask `url` and return the whole answer, within 5 seconds and 1 MiB.

    For metadata, discovery and JWKS every status but 200 raises UnexpectedStatus; token and userinfo answers are
    returned whatever their status. Must not be called inside a transaction. Raises a FetchFailed.
    """
    deadline = time.monotonic() + TOTAL_SECONDS
    target = read_url(url)
    sent = dict(headers or {})
    for _ in range(MOST_REDIRECTS + 1):
        answer = _ask(target, method=method, body=body, headers=sent, deadline=deadline)
        if answer.status not in _REDIRECTS:
            break
        if purpose not in _FOLLOWS_REDIRECTS or method != "GET":
            raise RedirectNotAllowed(host=target.host)
        following = _read_location(answer, asked=target)
        if following.origin != target.origin:
            sent = {name: value for name, value in sent.items() if name.lower() != "authorization"}
        target = following
    else:
        raise TooManyRedirects(host=target.host, limit=MOST_REDIRECTS)
    if answer.status != 200 and purpose not in _ANY_STATUS:
        raise UnexpectedStatus(host=target.host, expected="200", received=str(answer.status))
    return answer


def _read_location(answer: Fetched, *, asked: Target) -> Target:
    try:
        return read_url(urljoin(asked.url, answer.headers.get("location", "")))
    except ValueError:
        raise UnreadableAnswer(host=asked.host, why="it redirects to something that is no address") from None


def _ask(target: Target, *, method: str, body: bytes | None, headers: Mapping[str, str], deadline: float) -> Fetched:
    """One request and its answer, redirects not followed, on a connection of its own."""
    pool = open_pool(target, resolve(target, deadline=deadline), deadline=deadline)
    try:
        response = pool.urlopen(
            method,
            target.path,
            body=body,
            headers={"user-agent": "identity-platform", **headers, "accept-encoding": "identity"},
            redirect=False,
            retries=False,
            timeout=urllib3.Timeout(total=max(0.001, deadline - time.monotonic())),
            preload_content=False,
            decode_content=False,
        )
        raw = _read_capped(response, host=target.host)
    except (exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
        _translate(error, host=target.host, deadline=deadline)
    finally:
        pool.close()
    return Fetched(
        status=response.status,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=_decompress(raw, encoding=response.headers.get("content-encoding", ""), host=target.host),
        url=target.url,
    )


def _read_capped(response: urllib3.BaseHTTPResponse, *, host: str) -> bytes:
    """The body as sent. It is read until nothing comes: only that read notices a body shorter than announced."""
    raw = bytearray()
    try:
        while piece := response.read(65536, decode_content=False):
            raw += piece
            if len(raw) > LARGEST_BODY:
                raise TooLarge(host=host, limit="1 MiB")
    finally:
        response.close()
    return bytes(raw)


def _decompress(raw: bytes, *, encoding: str, host: str) -> bytes:
    """What the body says. No compression was asked for, but some servers compress whatever one asks."""
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"} or not raw:
        return raw
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise UnreadableAnswer(host=host, why="it is compressed in a way that was not asked for")
    inflating = zlib.decompressobj(wbits=47)  # the format, gzip or zlib, is seen from its first octets
    try:
        # Inflating stops at the limit, so a small body that stands for gigabytes costs one mebibyte.
        inflated = inflating.decompress(raw, LARGEST_BODY + 1)
    except zlib.error:
        raise UnreadableAnswer(host=host, why="its compression is broken") from None
    if len(inflated) > LARGEST_BODY:
        raise TooLarge(host=host, limit="1 MiB")
    if not inflating.eof or inflating.unused_data:
        raise UnreadableAnswer(host=host, why="its compression is broken")
    return inflated


def _translate(error: Exception, *, host: str, deadline: float) -> NoReturn:
    """Raise our refusal for what urllib3, http.client, ssl or the socket complained about."""
    causes = [error, *_causes(error)]
    if time.monotonic() >= deadline or any(_is_timeout(cause) for cause in causes):
        raise TooSlow(host=host) from error
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise CertificateInvalid(host=host, why=cause.verify_message.rstrip(".")) from error
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        raise CertificateInvalid(host=host, why="no secure connection could be agreed on") from error
    if any(isinstance(cause, exceptions.NewConnectionError) for cause in causes):
        raise Unreachable(host=host, why="nothing accepts connections there") from error
    if any(isinstance(cause, ConnectionError) for cause in causes):
        raise Unreachable(host=host, why="the connection broke off") from error
    raise UnreadableAnswer(host=host, why="it isn't proper HTTP") from error


def _is_timeout(error: BaseException) -> bool:
    # urllib3 derives NewConnectionError, a refused connection, from its time-out.
    urllib3_says_so = isinstance(error, exceptions.TimeoutError) and not isinstance(
        error, exceptions.NewConnectionError
    )
    return urllib3_says_so or isinstance(error, TimeoutError)


def _causes(error: BaseException) -> list[BaseException]:
    """The errors that led to this one, nearest first; urllib3 also keeps them as `reason` or as the second argument."""
    found: list[BaseException] = []
    waiting: list[Any] = [error]
    while waiting and len(found) < 16:
        current = waiting.pop(0)
        for cause in (current.__cause__, current.__context__, getattr(current, "reason", None), *current.args):
            if isinstance(cause, BaseException) and cause is not error and cause not in found:
                found.append(cause)
                waiting.append(cause)
    return found
