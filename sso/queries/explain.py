"""*Explain a sign-in*: what offer, admit and the door say for an address, and on which facts (spec 9.2).

Every answer is asked of `sso.rules.decide` with the facts that the sign-in itself gathers; there is no rule here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts.addresses import domain_of
from accounts.models import Proof, Session, User, Way
from accounts.queries import SignedIn
from audit.codes import Code
from audit.models import AuditEvent
from domains.models import HOLDING, DomainClaim
from orgs.models import Block, Enforcement, Membership, Product
from orgs.queries import memberships_of
from sso.models import Connection
from sso.queries.refusals import Refusal, refusals_at_address
from sso.queries.sign_in import account_of, find_live_revision, gather_admission, gather_offer, gather_sign_in
from sso.rules import decide
from sso.rules.decide import Reason

SHOWN = 10

SENTENCES: dict[Reason, str] = {
    Reason.NOT_HELD: "No connection serves the address's domain, so it is treated as unverified: email and password.",
    Reason.SSO_OPTIONAL: "A live connection serves the domain, and SSO isn't enforced: the person chooses.",
    Reason.SSO_ENFORCED: "A live connection serves the domain, and SSO is enforced: nothing else is enough.",
    Reason.SHARED: "The name is shared: email, and each parent's SSO; enforcement counts at its organizations.",
    Reason.PROOF_COUNTS: "A proof that counts here meets both policies.",
    Reason.NO_PROOF: "No proof counts here: ended, too old, idle for too long, or of a kind that doesn't open this.",
    Reason.NEEDS_SSO_HERE: "The organization's own parent requires SSO of this person, and no proof is through it.",
    Reason.NEEDS_SSO_OF_HOLDER: "The parent that holds the address's domain enforces SSO for this product.",
    Reason.STAFF: "The account is one of staff; this opens the staff pages alone.",
    Reason.NOT_STAFF: "The account isn't one of staff.",
    Reason.STAFF_BY_CONNECTION: "Staff accounts are never signed in by a customer's connection.",
    Reason.SERVED: "The domain is assigned to this connection by the connection's own parent.",
    Reason.NOT_SERVED: "The domain isn't assigned to this connection by the connection's own parent.",
    Reason.LAPSED: "The domain is lapsed, and this person isn't tied or a member there: it takes in nobody new.",
}


@dataclass(frozen=True)
class Answer:
    """What was asked, and what `decide` said; `held` where the membership opens nothing whatever the proof."""

    question: str
    admitted: bool
    reason: Reason
    held: bool = False

    @property
    def why(self) -> str:
        if self.held and self.reason == Reason.PROOF_COUNTS:
            return "The membership is on hold, so it opens nothing; the proof itself would count."
        return f"The membership is on hold. {SENTENCES[self.reason]}" if self.held else SENTENCES[self.reason]


@dataclass(frozen=True)
class HeldDomain:
    """A parent's hold of the address's domain."""

    claim: DomainClaim
    is_live: bool
    enforced: tuple[Enforcement, ...]


@dataclass(frozen=True)
class ExplainedMembership:
    """A membership, and whether the door would open with a fresh proof of each way."""

    membership: Membership
    doors: tuple[Answer, ...]
    block: Block | None


@dataclass(frozen=True)
class Explanation:
    email: str
    product: Product | None
    offer: decide.Offer
    offered: tuple[str, ...]
    holds: tuple[HeldDomain, ...]
    ways: tuple[Answer, ...]
    user: User | None
    memberships: tuple[ExplainedMembership, ...]
    blocks: tuple[Block, ...]
    proofs: tuple[Proof, ...]
    refusals: tuple[Refusal, ...]

    @property
    def why(self) -> str:
        return SENTENCES[self.offer.reason]


def explain_sign_in(email: str, *, product: Product | None, now: datetime) -> Explanation:
    """Everything on the page. `email` in stored form; without a product, what is offered for any."""
    holds = _holds(email)
    connections = [held.claim.connection for held in holds if held.claim.connection is not None]
    user = account_of(email)
    offered = gather_offer(email, product=product)
    names = {connection.id: connection.name for connection in connections}
    blocks = tuple(_blocks_of(user)) if user else ()
    return Explanation(
        email=email,
        product=product,
        offer=offered,
        offered=(
            *(("email", "password") if offered.email else ()),
            *(f"SSO with {names[key]}" for key in offered.connections),
        ),
        holds=holds,
        ways=tuple(_judge_ways(email, product=product, connections=connections)),
        user=user,
        memberships=tuple(_judge_doors(user, connections=connections, blocks=blocks, now=now)) if user else (),
        blocks=blocks,
        proofs=tuple(_latest_proofs(user)) if user else (),
        refusals=tuple(
            Refusal(event)
            for event in refusals_at_address(email, among=AuditEvent.objects.filter(code=Code.SIGN_IN_REFUSED))[:SHOWN]
        ),
    )


def _holds(email: str) -> tuple[HeldDomain, ...]:
    # Whoever holds the name: staff see across parents.
    claims = DomainClaim.unscoped.filter(name=domain_of(email), state__in=HOLDING).select_related(
        "parent", "connection"
    )
    return tuple(
        HeldDomain(
            claim=claim,
            is_live=claim.connection_id is not None and find_live_revision(claim.connection_id) is not None,
            enforced=tuple(Enforcement.objects.for_parent(claim.parent).select_related("product")),
        )
        for claim in claims
    )


def _judge_ways(email: str, *, product: Product | None, connections: list[Connection]) -> list[Answer]:
    asked: list[tuple[str, Way, Connection | None]] = [
        ("An emailed link or code", Way.EMAIL, None),
        ("A password", Way.PASSWORD, None),
        ("Google", Way.GOOGLE, None),
        *(
            (f"SSO with {connection.name} of {connection.parent.name}", Way.SSO, connection)
            for connection in connections
        ),
        ("An emailed link for staff", Way.STAFF, None),
    ]
    answers = []
    for question, way, connection in asked:
        verdict = decide.admit_sign_in(gather_sign_in(email, way=way, product=product, connection=connection))
        answers.append(Answer(question, admitted=verdict.admitted, reason=verdict.reason))
    return answers


def _judge_doors(
    user: User, *, connections: list[Connection], blocks: tuple[Block, ...], now: datetime
) -> list[ExplainedMembership]:
    blocked = {block.organization_id: block for block in blocks}
    judged = []
    for membership in memberships_of(user):
        parent = membership.organization.parent
        own = list(Connection.objects.for_parent(parent).filter(retired_at=None)) if parent else []
        through = {connection.id: connection for connection in (*connections, *own)}
        proofs = [
            ("Email, a moment ago", Proof(way=Way.EMAIL, proved_at=now)),
            ("Password, a moment ago", Proof(way=Way.PASSWORD, proved_at=now)),
            ("Google, a moment ago", Proof(way=Way.GOOGLE, proved_at=now)),
        ]
        proofs += [
            (f"SSO with {connection.name}, a moment ago", Proof(way=Way.SSO, proved_at=now, connection=connection))
            for connection in through.values()
        ]
        doors = []
        for question, proof in proofs:
            proof.longest_gap = timedelta(0)
            visit = SignedIn(session=Session(user=user, last_seen_at=now), user=user, proofs=(proof,))
            verdict = decide.admit(gather_admission(visit, organization=membership.organization), now=now)
            doors.append(
                Answer(
                    question,
                    admitted=verdict.admitted and membership.lets_in,
                    reason=verdict.reason,
                    held=not membership.lets_in,
                )
            )
        judged.append(
            ExplainedMembership(
                membership=membership, doors=tuple(doors), block=blocked.get(membership.organization_id)
            )
        )
    return judged


def _blocks_of(user: User) -> "QuerySet[Block]":
    # One person's, at whatever organization: staff explain all of them together.
    return Block.unscoped.filter(user=user).select_related("organization")


def _latest_proofs(user: User) -> "QuerySet[Proof]":
    return (
        Proof.objects.filter(session__user=user).select_related("session", "connection").order_by("-proved_at")[:SHOWN]
    )
