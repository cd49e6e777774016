"""DNS names as people type them, in the one form in which they are stored; and names that nobody may claim.

Pure: plain text in, a name or a typed refusal out. Stored form: lower-case A-labels without a trailing dot (IDNA 2008
after the mapping of UTS 46), at least two labels.
"""

import ipaddress
import re
from functools import lru_cache
from pathlib import Path

import idna
from publicsuffixlist import PublicSuffixList

from domains.errors import (
    AddressNotDomain,
    DomainTooLong,
    NotADomain,
    PublicMailDomain,
    PublicSuffix,
    SingleLabel,
    SpecialUseDomain,
)

LONGEST_NAME = 253  # RFC 1035 s2.3.4, without the root's dot
LONGEST_LABEL = 63
LONGEST_TEXT = 2000  # what a URL may measure; IDNA takes quadratic time, so longer text isn't looked at
_DATA = Path(__file__).parent / "data"

_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//|mailto:", re.IGNORECASE)
# Where the host ends, in a URL or an address with parameters; "\" because browsers read it as "/".
_AFTER_HOST = re.compile(r"[/?#\\]")
_PORT = re.compile(r":[0-9]*\Z")
# WHATWG URL s3.5: a host whose last label is a number is an IPv4 address or nothing.
_LAST_LABEL_IS_A_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


def normalise_domain(text: str, *, allow_reserved: bool) -> str:
    """The domain that `text` means: typed, or pasted as an address or a URL. Safe to repeat.

    `allow_reserved` admits names reserved for documentation and tests (settings.ALLOW_RESERVED_DOMAINS).
    Raises one subclass of DomainRefused for each reason.
    """
    if len(text) > LONGEST_TEXT:
        raise DomainTooLong
    name = _to_a_labels(_cut_out_host(text))
    _refuse_unclaimable(name, allow_reserved=allow_reserved)
    return name


def to_display(name: str) -> str:
    """The name as its owner writes it (U-labels); the stored form where that isn't possible."""
    try:
        return idna.decode(name)
    except idna.IDNAError:
        return name


def is_public_suffix(name: str) -> bool:
    """Whether different organizations have names directly under this one, at a registry or at a hoster."""
    return _public_suffixes().is_public(name)


def registrable_domain(name: str) -> str:
    """The public suffix and one label more: the name that was registered; the last two labels where none is known."""
    return _public_suffixes().privatesuffix(name) or ".".join(name.split(".")[-2:])


def is_at_or_below(name: str, ancestor: str) -> bool:
    return name == ancestor or name.endswith(f".{ancestor}")


def _cut_out_host(text: str) -> str:
    candidate = text.strip()
    if scheme := _SCHEME.match(candidate):
        candidate = candidate[scheme.end() :]
    candidate = _AFTER_HOST.split(candidate, maxsplit=1)[0]
    candidate = candidate.rpartition("@")[2].strip("<> \t")
    if _is_ip_address(candidate):
        raise AddressNotDomain(received=candidate)
    return _PORT.sub("", candidate)


def _to_a_labels(host: str) -> str:
    shown = host[:LONGEST_NAME]
    try:
        # The mapping knows full-width letters and the dots of other scripts; what is no letter, digit or hyphen fails.
        mapped = idna.uts46_remap(host, std3_rules=True, transitional=False)
    except (idna.IDNAError, UnicodeError):
        raise NotADomain(received=shown) from None
    mapped = mapped.removesuffix(".")
    if _is_ip_address(mapped) or (mapped and _LAST_LABEL_IS_A_NUMBER.fullmatch(mapped)):
        raise AddressNotDomain(received=shown)
    labels = mapped.split(".")
    if any(_wire_length(label) > LONGEST_LABEL for label in labels):
        raise DomainTooLong
    try:
        name = ".".join(idna.alabel(label).decode("ascii") for label in labels).lower()
    except (idna.IDNAError, UnicodeError):
        raise NotADomain(received=shown) from None
    if len(name) > LONGEST_NAME:
        raise DomainTooLong
    return name


def _refuse_unclaimable(name: str, *, allow_reserved: bool) -> None:
    reserved = _listed(name, "special_use_domains.txt")
    if not allow_reserved:
        reserved = reserved or _listed(name, "documentation_domains.txt")
    if reserved:
        raise SpecialUseDomain(received=reserved)
    if provider := _listed(name, "public_mail_domains.txt"):
        raise PublicMailDomain(received=provider)
    if is_public_suffix(name):
        raise PublicSuffix(received=name)
    if "." not in name:
        raise SingleLabel(received=name)


def _is_ip_address(candidate: str) -> bool:
    try:
        ipaddress.ip_address(candidate.strip("[]").partition("%")[0])
    except ValueError:
        return candidate.startswith("[")
    return True


def _wire_length(label: str) -> int:
    """Octets of the A-label (RFC 5890 s2.3.2.1): what stands in DNS, not what is read."""
    return len(label) if label.isascii() else len(label.encode("punycode")) + len("xn--")


def _listed(name: str, file: str) -> str:
    """The entry of the file that is the name or stands above it, or ''."""
    entries = _read_names(file)
    labels = name.split(".")
    return next((above for start in range(len(labels)) if (above := ".".join(labels[start:])) in entries), "")


@lru_cache
def _read_names(file: str) -> frozenset[str]:
    lines = (_DATA / file).read_text(encoding="ascii").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


@lru_cache
def _public_suffixes() -> PublicSuffixList:
    """The list that comes with the package, both divisions; never fetched, so that a check needs no network.

    Endings that aren't on it are no suffixes here: `northwind` alone is a name without an ending.
    """
    return PublicSuffixList(accept_unknown=False)
