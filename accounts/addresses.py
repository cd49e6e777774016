"""Email addresses in the one form in which they are stored and compared: lower case, domain as A-labels.

Everything that reads an address from outside (a form, a SAML attribute, SCIM) goes through `normalise_address`.
"""

import re
import unicodedata

import idna

from identity_platform.errors import PlatformError

MAX_ADDRESS_LENGTH = 254  # RFC 5321 s4.5.3.1.3
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)


class NotAnAddress(PlatformError):
    """Not exactly one plain address: empty, several, with a display name, line breaks, or an impossible domain."""

    code = "not_an_address"
    message = "This isn't one email address."
    remedy = "Type an address like name@company.com."
    field = "email"


def normalise_address(text: str) -> str:
    """One address in its stored form. Raises NotAnAddress.

    Quoted local parts and internationalised local parts are refused: no identity provider of this field sends them,
    and look-alikes of somebody's address would hide behind them (R53).
    """
    candidate = text.strip()
    if not candidate or len(candidate) > MAX_ADDRESS_LENGTH or candidate.count("@") != 1:
        raise NotAnAddress
    if any(unicodedata.category(character).startswith(("C", "Z")) for character in candidate):
        raise NotAnAddress
    local, _, domain = candidate.partition("@")
    # Asked before lower(): that turns the Kelvin sign into a k, and one letter would stand for another (R53).
    if not local.isascii():
        raise NotAnAddress
    local = local.lower()
    if not _LOCAL.fullmatch(local) or len(local) > 64:
        raise NotAnAddress
    return f"{local}@{normalise_host(domain)}"


def normalise_host(domain: str) -> str:
    """A domain of at least two labels as lower-case A-labels (UTS 46, IDNA 2008). Raises NotAnAddress."""
    try:
        encoded = idna.encode(domain.rstrip("."), uts46=True, std3_rules=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        raise NotAnAddress from None
    if "." not in encoded or len(encoded) > 253 or encoded.rpartition(".")[2].isdigit():
        raise NotAnAddress
    return encoded


def domain_of(address: str) -> str:
    """The domain of a stored address."""
    return address.rpartition("@")[2]
