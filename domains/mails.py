"""What the parent's identity managers are told about its domains, by outbox."""

from datetime import datetime

from domains.challenge import challenge_for
from domains.models import ClaimState, DomainClaim
from domains.names import to_display
from domains.rules import ABSENCE_UNTIL_LAPSE, Happening
from orgs import mails

_SUBJECTS = {
    Happening.VERIFIED: ("domain_verified", "{domain} is verified"),
    Happening.RECOVERED: ("domain_recovered", "{domain} is verified again"),
    Happening.LAPSED: ("domain_lapsed", "{domain} has lapsed: its DNS record is missing"),
}
_MISSING_BEFORE_LAPSE = ("domain_lapsing", "The DNS record of {domain} is missing")


def tell_managers(claim: DomainClaim, happening: Happening) -> None:
    """Post one mail to each identity manager, if this is something they are told. Inside the change's transaction."""
    if happening is Happening.MISSING:
        template, subject = _MISSING_BEFORE_LAPSE if claim.state == ClaimState.VERIFIED else _SUBJECTS[Happening.LAPSED]
    elif happening in _SUBJECTS:
        template, subject = _SUBJECTS[happening]
    else:
        return
    domain = to_display(claim.name)
    challenge = challenge_for(claim.name, token=claim.token)
    mails.tell_managers(
        claim.parent,
        template=template,
        subject=subject.format(domain=domain),
        domain=domain,
        record_name=challenge.name,
        record_value=challenge.value,
        missing_since=_day(claim.absent_since),
        lapses_at=_day(claim.absent_since + ABSENCE_UNTIL_LAPSE if claim.absent_since else None),
    )


def _day(moment: datetime | None) -> str:
    return f"{moment:%-d %B %Y, %H:%M} UTC" if moment else ""
