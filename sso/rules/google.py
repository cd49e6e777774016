"""When a sign-in at Google proves an address, and whose account it then is (spec 6.6). Pure.

Google lets anybody make an account for any address they can read once. Such an account lives on when the mailbox has
passed to somebody else, or the company's domain to another company, and still says `email_verified`. So that claim
alone is worth nothing: Google knows only for the mailboxes it runs (gmail.com), and for accounts that a company manages
there (`hd` is present).
"""

from dataclasses import dataclass
from enum import StrEnum

from accounts.addresses import domain_of

# Both names lead to the same mailboxes.
GMAIL_DOMAINS = frozenset({"gmail.com", "googlemail.com"})


class Reason(StrEnum):
    GMAIL = "gmail"
    MANAGED = "managed_account"
    NOT_VERIFIED = "email_not_verified"
    NOT_AUTHORITATIVE = "not_authoritative"


@dataclass(frozen=True)
class Verdict:
    accepted: bool
    reason: Reason


def judge_address(email: str, *, email_verified: object, hosted_domain: object) -> Verdict:
    """Whether Google's word for `email` (in its stored form) counts; the rest as the claims have it."""
    if email_verified is not True:  # a text "true" is not what Google signs
        return Verdict(accepted=False, reason=Reason.NOT_VERIFIED)
    if domain_of(email) in GMAIL_DOMAINS:
        return Verdict(accepted=True, reason=Reason.GMAIL)
    # `hd` is the company's main domain; an address in another of its domains carries it too, so they needn't be equal.
    if isinstance(hosted_domain, str) and hosted_domain:
        return Verdict(accepted=True, reason=Reason.MANAGED)
    return Verdict(accepted=False, reason=Reason.NOT_AUTHORITATIVE)


class Tie(StrEnum):
    """What is to be done with a subject."""

    TIED = "tied"
    TIE_NOW = "tie_now"
    CLOSED = "account_closed"
    OTHER_SUBJECT = "user_has_other_subject"


def judge_tie(*, subject: str, tied_user_is_erased: bool | None, subject_of_address: str | None) -> Tie:
    """Whose account this is. `tied_user_is_erased`: None if nobody is tied to the subject; `subject_of_address`: the
    one to which the user with the claimed address is tied, if there is such a user and they are.

    A known subject goes by its tie, whatever address it brings (R25); a new one never takes a tied user over (R30).
    """
    if tied_user_is_erased is not None:
        return Tie.CLOSED if tied_user_is_erased else Tie.TIED
    if subject_of_address is not None and subject_of_address != subject:
        return Tie.OTHER_SUBJECT
    return Tie.TIE_NOW
