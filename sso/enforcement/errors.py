"""The refusals of enforcing SSO. Each stands on the page with what to do first."""

from collections.abc import Sequence
from datetime import UTC, datetime

from domains.models import DomainClaim
from identity_platform.errors import PlatformError


class DomainsNotProven(PlatformError):
    """The record of a domain wasn't found at this moment (R36). Carries the claims, each with what its servers said."""

    code = "domains_not_proven"
    message = "The DNS record of {domains} couldn't be confirmed just now, so nothing was changed."
    remedy = "See what each name server said, put the record in place, then try again."
    status = 409

    def __init__(self, claims: Sequence[DomainClaim]) -> None:
        super().__init__(domains=", ".join(claim.name for claim in claims))
        self.claims = tuple(claims)


class AskedToTryToday(PlatformError):
    code = "asked_to_try_today"
    message = "These people were asked less than a day ago."
    remedy = "They can be asked again from {again} on."
    status = 429

    def __init__(self, *, again_at: datetime) -> None:
        super().__init__(again=f"{again_at.astimezone(UTC):%-d %B %Y, %H:%M} UTC")
