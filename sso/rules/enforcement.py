"""Whom enforcing SSO for a product touches, and whom it may lock out (spec 6.4). Pure: facts in, a reason out."""

from dataclasses import dataclass
from enum import StrEnum

# Only the parent's own organizations are asked whether a manager keeps a way in: were others asked, whoever makes an
# organization with an address of this domain could keep its holder from enforcing.
ELSEWHERE = "; organizations of others ask it of them too, even if they alone manage one"


class Standing(StrEnum):
    """How enforcing stands to one person; the first two are affected by it."""

    MAY_BE_LOCKED_OUT = "may_be_locked_out"
    MUST_USE_SSO = "must_use_sso"
    NOT_AFFECTED = "not_affected"


@dataclass(frozen=True)
class PersonFacts:
    """Somebody who belongs to an organization of the product.

    `is_served`: a connection of the parent serves the address's domain. `is_alone`: that the parent holds this domain
    verified and for itself. `belongs_here`: in an organization under the parent. `has_signed_in`: through the
    connection that serves the address. `unmapped_in` names the organizations in which the groups seen last give no
    role. `provider` is that connection's name; `requires_sso` says that staff required SSO of every member here.
    """

    domain: str
    is_served: bool = False
    is_alone: bool = False
    belongs_here: bool = True
    has_signed_in: bool = False
    unmapped_in: str = ""
    is_staff: bool = False
    provider: str = ""
    requires_sso: bool = False


@dataclass(frozen=True)
class Judged:
    """`remedy` is what to do before enforcing; '' where nothing has to be done."""

    standing: Standing
    reason: str
    remedy: str = ""


def judge_person(facts: PersonFacts) -> Judged:
    """What enforcing means for one person.

    An address counts by its domain: one that the parent holds alone in every organization of the product, a shared or
    lapsed one only under this parent (spec 6.3).
    """
    if reason := _why_not_affected(facts):
        return Judged(Standing.NOT_AFFECTED, reason)
    if facts.is_staff:
        return Judged(
            Standing.MAY_BE_LOCKED_OUT,
            "An account of support staff, which no identity provider signs in",
            "Give this work to another account",
        )
    elsewhere = "" if facts.belongs_here else ELSEWHERE
    if not facts.has_signed_in:
        return Judged(
            Standing.MAY_BE_LOCKED_OUT,
            f"Never signed in with {facts.provider}{elsewhere}",
            f"Assign them in {facts.provider} and have them try SSO",
        )
    if facts.unmapped_in:
        return Judged(
            Standing.MAY_BE_LOCKED_OUT,
            f"In no group that gives a role in {facts.unmapped_in}",
            f"Put them into a mapped group in {facts.provider}",
        )
    return Judged(Standing.MUST_USE_SSO, f"Signs in with {facts.provider} from the next sign-in on{elsewhere}")


def _why_not_affected(facts: PersonFacts) -> str:
    if not facts.is_served:
        then = "SSO is asked already" if facts.requires_sso else "email goes on working"
        return f"{facts.domain} isn't assigned to a connection; {then}"
    if not (facts.is_alone or facts.belongs_here):
        return f"{facts.domain} counts only in your own organizations"
    return ""
