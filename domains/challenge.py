"""The record that proves a domain (spec 4.2): where it sits, what it says, how it is typed at a DNS host."""

import secrets
from dataclasses import dataclass

from django.conf import settings

from domains.names import is_at_or_below, registrable_domain

TOKEN_OCTETS = 16  # 128 bit (R36), 32 hex digits: no mixed case, nothing that a console would quote or split


@dataclass(frozen=True)
class Challenge:
    """`domain` is the claimed name in A-labels; the record proves this name and none below it."""

    domain: str
    token: str
    prefix: str

    @property
    def name(self) -> str:
        """The full name of the TXT record. The underscore keeps it apart from every host name."""
        return f"_{self.prefix}-challenge.{self.domain}"

    @property
    def value(self) -> str:
        return f"{self.value_prefix}{self.token}"

    @property
    def value_prefix(self) -> str:
        return f"{self.prefix}-domain-verification="

    def name_within(self, zone: str) -> str:
        """What is typed where the DNS host adds the zone's name by itself.

        An unknown zone ('') is taken for the domain that was registered.
        """
        zone = zone or registrable_domain(self.domain)
        return self.name.removesuffix(f".{zone}") if is_at_or_below(self.domain, zone) else self.name


def challenge_for(domain: str, *, token: str) -> Challenge:
    return Challenge(domain=domain, token=token, prefix=settings.DOMAIN_CHALLENGE_PREFIX)


def make_token() -> str:
    return secrets.token_hex(TOKEN_OCTETS)
