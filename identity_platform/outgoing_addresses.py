"""Which addresses the platform opens for a tenant: reading a URL, resolving its name once, judging what came out (R45).

A name is judged by what it resolves to, so decimal, octal and hexadecimal spellings of an address are refused as a
spelling and would be refused as an address as well.
"""

import ipaddress
import queue
import re
import socket
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import idna
from django.conf import settings

from identity_platform.outgoing_errors import AddressNotAllowed, NotHttps, TooSlow, Unreachable, UnusableAddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST_URL = 2048

# Special-purpose networks of the IANA registries (RFC 6890 and later), written out because Python's `is_global` changes
# between versions; and 168.63.129.16, a public-looking address at which one cloud answers its machines with secrets.
_REFUSED_IPV4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# IPv6 is the other way round: global unicast is one block, and these parts of it are special (6to4 and Teredo, which
# carry an IPv4 address inside, documentation, protocol assignments).
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_IPV6 = tuple(
    ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# The well-known prefix of NAT64 (RFC 6052): in an IPv6-only network every IPv4 service has such an address.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# A tenant may make us wait for slow name servers, but not with more threads than these at once in one process.
_lookups = threading.BoundedSemaphore(32)

_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_LAST_LABEL_IS_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


@dataclass(frozen=True)
class Target:
    """Where a URL points, read once: `host` is a name in A-labels or an IP address; `path` begins with a slash and
    carries the query; `url` is the address put together again from these parts."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        return f"{self.origin}{self.path}"

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return f"{self.scheme}://{host}" + ("" if self.port == usual else f":{self.port}")


def read_url(url: str) -> Target:
    """The parts of an absolute URL. Raises UnusableAddress or NotHttps.

    Whatever readers of URLs disagree about (spaces, backslashes, control characters, user names, numbers that are
    addresses) is refused rather than interpreted. A fragment is dropped.
    """
    if len(url) > LONGEST_URL:
        raise UnusableAddress(host="", why="it is too long")
    if "\\" in url or any(not character.isprintable() or character.isspace() for character in url):
        raise UnusableAddress(host="", why="it holds spaces, backslashes or invisible characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UnusableAddress(host="", why="it is not a URL") from None
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise UnusableAddress(host="", why="it doesn't begin with https:// and a host")
    if "@" in parts.netloc:
        raise UnusableAddress(host="", why="it holds a user name or a password")
    host = _read_host(parts.hostname)
    if parts.scheme == "http" and not settings.ALLOW_HTTP_IDENTITY_PROVIDERS:
        raise NotHttps(host=host)
    port = port if port is not None else {"https": 443, "http": 80}[parts.scheme]
    # Below 1024 live mail, directories, shells: nothing there speaks to a browser, so no identity provider does.
    if port not in {443, 80} and port < 1024:
        raise UnusableAddress(host=host, why=f"port {port} doesn't belong to a web server")
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        path.encode("ascii")
    except UnicodeError:
        raise UnusableAddress(host=host, why="its path holds letters that must be percent-encoded") from None
    return Target(scheme=parts.scheme, host=host, port=port, path=path)


def _read_host(hostname: str) -> str:
    if ":" in hostname:
        try:
            return str(ipaddress.IPv6Address(hostname)) if "%" not in hostname else _refuse_host(hostname)
        except ValueError:
            _refuse_host(hostname)
    name = hostname.rstrip(".").lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError:
            _refuse_host(hostname)
    if _LAST_LABEL_IS_A_NUMBER.fullmatch(name):
        # WHATWG URL s3.5: such a host is an IPv4 address or nothing. Only the usual spelling is taken.
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            _refuse_host(hostname)
    if len(name) > 253 or not _HOST_NAME.fullmatch(name):
        _refuse_host(hostname)
    return name


def _refuse_host(hostname: str) -> str:
    raise UnusableAddress(host=hostname[:253], why="its host is neither a name nor a plain IP address")


def resolve(target: Target, *, deadline: float) -> tuple[Address, ...]:
    """The addresses of the target's host, each of them allowed, in the resolver's order.

    `deadline` is in seconds of `time.monotonic`. One forbidden address among several refuses all: a name that answers
    both is either broken or an attack on exactly this check. Raises AddressNotAllowed, Unreachable, TooSlow.
    """
    addresses = _look_up(target, deadline=deadline)
    if not addresses:
        raise Unreachable(host=target.host, why="the name doesn't exist or has no address")
    if not all(is_allowed(address) for address in addresses):
        raise AddressNotAllowed(host=target.host)
    return addresses


def is_allowed(address: Address) -> bool:
    """True for public addresses and for those that the operator listed in ALLOWED_PRIVATE_NETWORKS."""
    inner = unwrap(address)
    networks = (ipaddress.ip_network(network) for network in settings.ALLOWED_PRIVATE_NETWORKS)
    if any(inner in network for network in networks if network.version == inner.version):
        return True
    if isinstance(inner, ipaddress.IPv4Address):
        return not any(inner in network for network in _REFUSED_IPV4)
    return inner in _GLOBAL_IPV6 and not any(inner in network for network in _REFUSED_IPV6)


def unwrap(address: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped or NAT64 one: the packet ends there, so that is what is judged."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _look_up(target: Target, *, deadline: float) -> tuple[Address, ...]:
    """Ask the system's resolver, but no longer than until the deadline: `getaddrinfo` itself has no time limit."""
    try:
        return (ipaddress.ip_address(target.host),)
    except ValueError:
        pass
    too_slow = TooSlow(host=target.host)
    if not _lookups.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise too_slow
    answers: queue.SimpleQueue[tuple[Address, ...]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(_ask_resolver(target.host, target.port))
        finally:
            _lookups.release()

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    try:
        return answers.get(timeout=max(0.001, deadline - time.monotonic()))
    except queue.Empty:
        raise too_slow from None


def _ask_resolver(host: str, port: int) -> tuple[Address, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    # A scope ("fe80::1%eth0") is cut off; link-local addresses are refused in any case.
    texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    return tuple(ipaddress.ip_address(text) for text in texts)
