"""How somebody may sign in, in two steps (spec 6.1–6.3). Pure: facts in, an answer with its reason out.

**Offer** knows the address's domain and the product only, and is alike for known and unknown addresses.
**Admit** comes after a proof and knows the person: `admit_sign_in` is asked by every completion, `admit` by the door.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from accounts.models import Way

ProductId = int


@dataclass(frozen=True)
class DomainHold:
    """That a parent holds the domain of an address, and what serves it. `is_lapsed` and `is_shared` as in spec 4."""

    parent_id: uuid.UUID
    connection_id: uuid.UUID | None = None
    is_live: bool = False
    is_lapsed: bool = False
    is_shared: bool = False
    enforced_products: frozenset[ProductId] = frozenset()
    proofs_valid_from: datetime | None = None

    @property
    def serves(self) -> bool:
        """Whether its people can be sent to SSO: until it is assigned, a domain counts as unverified (spec 4.5)."""
        return self.connection_id is not None and self.is_live


class Reason(StrEnum):
    NOT_HELD = "domain_not_held"
    SSO_OPTIONAL = "sso_optional"
    SSO_ENFORCED = "sso_enforced"
    SHARED = "domain_shared"
    PROOF_COUNTS = "proof_counts"
    NO_PROOF = "no_proof_counts"
    NEEDS_SSO_HERE = "organization_requires_sso"
    NEEDS_SSO_OF_HOLDER = "domain_holder_requires_sso"
    STAFF = "staff"
    NOT_STAFF = "not_staff"
    STAFF_BY_CONNECTION = "staff_by_connection"
    SERVED = "domain_served_by_connection"
    NOT_SERVED = "domain_not_served_by_connection"
    LAPSED = "domain_lapsed"


# The door's answers that SSO alone, and through the connection they name, can change.
NEEDING_SSO = frozenset({Reason.NEEDS_SSO_HERE, Reason.NEEDS_SSO_OF_HOLDER})


@dataclass(frozen=True)
class Offer:
    """The ways to show: emailed sign-in (and password), and the connections of *Continue with SSO*."""

    email: bool
    connections: tuple[uuid.UUID, ...]
    reason: Reason


def offer(holds: tuple[DomainHold, ...], *, product: ProductId | None, products: frozenset[ProductId]) -> Offer:
    """The ways to sign in for an address whose domain these parents hold.

    Without a product all ways open for any product are offered; each organization then asks for its own proof.
    A shared name leaves email open: enforcement counts at each parent's organizations (spec 6.1).
    """
    serving = tuple(hold for hold in holds if hold.serves)
    connections = tuple(hold.connection_id for hold in serving if hold.connection_id)
    if not serving:
        return Offer(email=True, connections=(), reason=Reason.NOT_HELD)
    exclusive = [hold for hold in serving if not hold.is_shared]
    if not exclusive:
        return Offer(email=True, connections=connections, reason=Reason.SHARED)
    asked = frozenset({product}) if product is not None else products
    if all(asked <= hold.enforced_products for hold in exclusive) and asked:
        return Offer(email=False, connections=connections, reason=Reason.SSO_ENFORCED)
    return Offer(email=True, connections=connections, reason=Reason.SSO_OPTIONAL)


@dataclass(frozen=True)
class SignInFacts:
    """Somebody proved to be the person behind an address, in this way, and wants a session (or a proof for theirs).

    `holds` are those of the address's domain. The rest is told where the way needs it: whose the connection is and
    whether the person was tied or a member there before (SSO), whether the account is one of staff (staff, SSO).
    """

    way: Way
    holds: tuple[DomainHold, ...]
    product: ProductId | None
    products: frozenset[ProductId]
    connection_id: uuid.UUID | None = None
    connection_parent_id: uuid.UUID | None = None
    is_staff: bool = False
    is_known_there: bool = False


@dataclass(frozen=True)
class Verdict:
    """`connection_id` names where a missing SSO proof can be given, `parent_id` who asks for it, if they are known."""

    admitted: bool
    reason: Reason
    connection_id: uuid.UUID | None = None
    parent_id: uuid.UUID | None = None


def admit_sign_in(facts: SignInFacts) -> Verdict:
    """Whether a proof may become a session at all (spec 6.1, 5.8, 9.1); each organization then judges it by itself."""
    if facts.way == Way.STAFF:
        return Verdict(admitted=facts.is_staff, reason=Reason.STAFF if facts.is_staff else Reason.NOT_STAFF)
    if facts.way == Way.SSO:
        return _admit_sso(facts)
    offered = offer(facts.holds, product=facts.product, products=facts.products)
    if offered.email:
        return Verdict(admitted=True, reason=offered.reason)
    asking = next(hold for hold in facts.holds if hold.serves and not hold.is_shared)
    return Verdict(
        admitted=False, reason=offered.reason, connection_id=asking.connection_id, parent_id=asking.parent_id
    )


def _admit_sso(facts: SignInFacts) -> Verdict:
    """An address in an assigned domain of the connection's own parent; a lapsed one takes in nobody new (spec 4.6)."""
    where = {"connection_id": facts.connection_id, "parent_id": facts.connection_parent_id}
    if facts.is_staff:
        return Verdict(admitted=False, reason=Reason.STAFF_BY_CONNECTION, **where)
    serving = [
        hold
        for hold in facts.holds
        if hold.serves and hold.connection_id == facts.connection_id and hold.parent_id == facts.connection_parent_id
    ]
    if not serving:
        return Verdict(admitted=False, reason=Reason.NOT_SERVED, **where)
    if all(hold.is_lapsed for hold in serving) and not facts.is_known_there:
        return Verdict(admitted=False, reason=Reason.LAPSED, **where)
    return Verdict(admitted=True, reason=Reason.SERVED, **where)


@dataclass(frozen=True)
class ProofFacts:
    """One proof of a session, with what is known of its connection."""

    way: Way
    proved_at: datetime
    connection_id: uuid.UUID | None = None
    connection_parent_id: uuid.UUID | None = None
    connection_is_retired: bool = False
    connection_proofs_valid_from: datetime | None = None
    longest_gap: timedelta = timedelta(0)


@dataclass(frozen=True)
class Enforced:
    """That a parent enforces SSO for the product. Email proofs from before `enforced_at` count on if it chose *keep*,
    from `email_proofs_valid_from` if it chose *end* (spec 6.4)."""

    enforced_at: datetime
    email_proofs_valid_from: datetime | None = None


@dataclass(frozen=True)
class SessionPolicy:
    lifetime: timedelta
    idle: timedelta
    proofs_valid_from: datetime | None = None


@dataclass(frozen=True)
class AdmitFacts:
    """Somebody with these proofs wants into an organization (of `own_parent_id`, if it has a parent).

    `own_hold` is the parent's own hold of the address's domain; `holder` another parent's, verified and unshared.
    `enforced_here` and `enforced_by_holder` are about the organization's product. `member_proofs_valid_from` is where
    a manager ended this person's sessions in the organization.
    """

    proofs: tuple[ProofFacts, ...]
    last_seen_at: datetime
    policy: SessionPolicy
    own_parent_id: uuid.UUID | None = None
    own_hold: DomainHold | None = None
    enforced_here: Enforced | None = None
    requires_sso_of_everybody: bool = False
    holder: DomainHold | None = None
    enforced_by_holder: Enforced | None = None
    member_proofs_valid_from: datetime | None = None


def admit(facts: AdmitFacts, *, now: datetime) -> Verdict:
    """Whether these proofs open the organization: both policies of spec 6.3 are met, each by a proof that counts."""
    counting = [proof for proof in facts.proofs if _counts(proof, facts=facts, now=now)]
    # Two demands of one parent, each judged by itself: only what *enforce* asks is met by a proof it kept (spec 6.2).
    demands: list[Enforced | None] = [None] if facts.requires_sso_of_everybody else []
    demands += [facts.enforced_here] if _is_affected(facts) else []
    if not all(any(_satisfies(proof, facts.own_parent_id, demand) for proof in counting) for demand in demands):
        connection = facts.own_hold.connection_id if facts.own_hold else None
        return Verdict(admitted=False, reason=Reason.NEEDS_SSO_HERE, connection_id=connection)
    holder, theirs = facts.holder, facts.enforced_by_holder
    holder_asks = holder is not None and holder.serves and theirs is not None
    if holder and holder_asks and not any(_satisfies(proof, holder.parent_id, theirs) for proof in counting):
        return Verdict(admitted=False, reason=Reason.NEEDS_SSO_OF_HOLDER, connection_id=holder.connection_id)
    if not counting:
        return Verdict(admitted=False, reason=Reason.NO_PROOF)
    return Verdict(admitted=True, reason=Reason.PROOF_COUNTS)


def admit_recently(facts: AdmitFacts, *, within: timedelta, now: datetime) -> Verdict:
    """Whether the proofs of the last `within` would open the organization by themselves (spec 6.5: a recent sign-in).

    Judged like any admission, so a fresh proof that counts for nothing here doesn't make an old one recent.
    """
    recent = tuple(proof for proof in facts.proofs if now - proof.proved_at <= within)
    return admit(replace(facts, proofs=recent), now=now)


@dataclass(frozen=True)
class Sight:
    """Which organizations a session may be told of: all of its person's, or those of these parents alone."""

    everything: bool
    parents: frozenset[uuid.UUID] = frozenset()


def sight(proofs: tuple[ProofFacts, ...], *, holders: frozenset[uuid.UUID]) -> Sight:
    """What these proofs show, without an organization in question (account pages, lists; spec 6.3).

    Email, password and Google prove the person; so does SSO through a parent that holds the address's domain verified
    and unshared (`holders`). Any other parent's SSO is that parent's word, and shows its own organizations only.
    """
    counting = [proof for proof in proofs if proof.way != Way.STAFF and not proof.connection_is_retired]
    for proof in counting:
        if proof.way != Way.SSO or proof.connection_parent_id in holders:
            return Sight(everything=True)
    return Sight(
        everything=False, parents=frozenset(p.connection_parent_id for p in counting if p.connection_parent_id)
    )


def _is_affected(facts: AdmitFacts) -> bool:
    """Whether the parent's enforcement is about this address; of outsiders no older proof is kept (spec 6.2, 6.4)."""
    return facts.enforced_here is not None and facts.own_hold is not None and facts.own_hold.serves


def _satisfies(proof: ProofFacts, parent_id: uuid.UUID | None, enforced: Enforced | None) -> bool:
    """A proof through the parent's connection, or one from before that the manager chose to keep."""
    if proof.way == Way.SSO:
        return proof.connection_parent_id == parent_id
    return enforced is not None and enforced.email_proofs_valid_from is None and proof.proved_at < enforced.enforced_at


def _counts(proof: ProofFacts, *, facts: AdmitFacts, now: datetime) -> bool:
    """Whether a proof counts here at all: of a kind that does, and neither ended nor too old nor idle too long."""
    if proof.way == Way.STAFF:
        return False  # opens the staff pages alone (spec 9.1)
    policy = facts.policy
    idle = max(proof.longest_gap, now - max(proof.proved_at, facts.last_seen_at))
    if now - proof.proved_at > policy.lifetime or idle > policy.idle:
        return False
    ended = [policy.proofs_valid_from, facts.member_proofs_valid_from]
    ended += [hold.proofs_valid_from for hold in (facts.own_hold, facts.holder) if hold]
    if proof.way == Way.SSO:
        if proof.connection_is_retired or not _connection_counts(proof, facts):
            return False
        ended.append(proof.connection_proofs_valid_from)
    return all(moment is None or proof.proved_at >= moment for moment in ended)


def _connection_counts(proof: ProofFacts, facts: AdmitFacts) -> bool:
    """In its own parent's organizations; elsewhere only while that parent holds the address's domain alone."""
    if proof.connection_parent_id == facts.own_parent_id:
        return True
    holder = facts.holder
    return holder is not None and holder.serves and proof.connection_parent_id == holder.parent_id
