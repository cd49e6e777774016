"""The facts that `sso.rules.decide` decides on."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Exists, Max, OuterRef, QuerySet

from accounts.addresses import domain_of
from accounts.models import Proof, User, Way
from accounts.queries import SignedIn
from domains.models import HOLDING, ClaimState, DomainClaim
from orgs.models import Enforcement, Membership, Organization, Product
from orgs.models.organizations import SESSION_IDLE, SESSION_LIFETIME
from orgs.queries import Holder, Visitor
from sso.models import Connection, ConnectionRevision, ExternalIdentity, RevisionState
from sso.rules import decide


def find_live_revision(connection_id: uuid.UUID) -> ConnectionRevision | None:
    """The live revision of a connection in use, with the connection and its parent."""
    # Begun from an address of the connection, before anybody is known: the connection's id is the scope.
    return (
        ConnectionRevision.unscoped.filter(
            connection_id=connection_id, connection__retired_at=None, state=RevisionState.LIVE
        )
        .select_related("connection__parent", "connection__default_product")
        .first()
    )


def gather_offer(email: str, *, product: Product | None) -> decide.Offer:
    """The offer for an address: the same queries for known and unknown ones."""
    products = frozenset(Product.objects.values_list("id", flat=True))
    return decide.offer(_holds(domain_of(email)), product=product.id if product else None, products=products)


def gather_sign_in(
    email: str, *, way: Way, product: Product | None, connection: Connection | None
) -> decide.SignInFacts:
    """What admitting a sign-in needs to know of an address. For email, password and Google that is its domain alone."""
    account = account_of(email) if way in (Way.STAFF, Way.SSO) else None
    return decide.SignInFacts(
        way=way,
        holds=_holds(domain_of(email)),
        product=product.id if product else None,
        products=frozenset(Product.objects.values_list("id", flat=True)),
        connection_id=connection.id if connection else None,
        connection_parent_id=connection.parent_id if connection else None,
        is_staff=account is not None and account.is_staff,
        is_known_there=account is not None and connection is not None and _is_known_at(connection, account),
    )


def _is_known_at(connection: Connection, user: User) -> bool:
    """Whether somebody is tied at the connection or a member under its parent: lapsed names take in nobody else."""
    # The connection's own ties, and the memberships under its parent together.
    tied = ExternalIdentity.unscoped.filter(connection=connection, user=user, retired_at=None)
    under = Membership.unscoped.filter(user=user, organization__parent=connection.parent_id)
    return tied.exists() or under.exists()


def gather_admission(signed_in: SignedIn, *, organization: Organization) -> decide.AdmitFacts:
    """What the door needs to know of a session and an organization.

    For a Visitor of the organization the database is asked only for a policy that this process hasn't seen in its
    present version; for anybody else also for the membership and for who holds the address's domain.
    """
    if isinstance(signed_in, Visitor) and signed_in.slug == organization.slug:
        holder, membership = signed_in.holder, signed_in.membership
    else:
        holder = _find_holder(signed_in.user)
        membership = Membership.objects.for_org(organization).filter(user=signed_in.user).first()
    domain, product_id = domain_of(signed_in.user.email), organization.product_id
    parent, ours, theirs = organization.parent, _NO_POLICY, _NO_POLICY
    if parent:
        ours = _policy_of(parent.id, domain=domain, product_id=product_id, version=parent.access_version)
    if holder and holder.parent_id != organization.parent_id:
        theirs = _policy_of(holder.parent_id, domain=domain, product_id=product_id, version=holder.access_version)
    return decide.AdmitFacts(
        proofs=tuple(_proof(proof) for proof in signed_in.proofs),
        last_seen_at=signed_in.session.last_seen_at,
        policy=decide.SessionPolicy(
            lifetime=parent.session_lifetime if parent else SESSION_LIFETIME,
            idle=parent.session_idle if parent else SESSION_IDLE,
            proofs_valid_from=parent.proofs_valid_from if parent else None,
        ),
        own_parent_id=organization.parent_id,
        own_hold=ours.hold,
        enforced_here=ours.enforced,
        requires_sso_of_everybody=parent.requires_sso_for_every_member if parent else False,
        holder=theirs.hold,
        enforced_by_holder=theirs.enforced,
        member_proofs_valid_from=membership.proofs_valid_from if membership else None,
    )


def _find_holder(user: User) -> Holder | None:
    claim = (
        DomainClaim.unscoped.filter(  # whoever holds the person's own domain alone
            name=domain_of(user.email), state=ClaimState.VERIFIED, is_shared=False
        )
        .select_related("parent")
        .first()
    )
    return Holder(claim.parent_id, claim.parent.access_version) if claim else None


@dataclass(frozen=True)
class _Policy:
    """What one parent says about people of a domain, for a product."""

    hold: decide.DomainHold | None = None
    enforced: decide.Enforced | None = None


_NO_POLICY = _Policy()


@lru_cache(maxsize=8192)
def _policy_of(parent_id: uuid.UUID, *, domain: str, product_id: int, version: int) -> _Policy:
    """Kept in this process under the parent's `access_version`, which came with the request's own query: what any
    process changes moves it (`database_rules.py`), and is seen by the next request of every other."""
    claim = _claims(domain).filter(parent=parent_id).first()
    enforcement = Enforcement.objects.for_parent(parent_id).filter(product=product_id).first()
    return _Policy(
        hold=hold_of(claim, connection=claim.connection, is_live=claim.is_live) if claim else None,
        enforced=decide.Enforced(enforcement.enforced_at, enforcement.email_proofs_valid_from) if enforcement else None,
    )


def gather_sight(signed_in: SignedIn) -> decide.Sight:
    """Which organizations this session may be told of, by the proofs that weren't ended with its person's domain."""
    proofs = [_proof(proof) for proof in signed_in.proofs]
    hold = _hold_of_own_domain(signed_in)
    if hold and hold.proofs_valid_from:
        proofs = [proof for proof in proofs if proof.proved_at >= hold.proofs_valid_from]
    # Until it is assigned, a domain counts as unverified for SSO (spec 4.5).
    holders = {hold.parent_id} if hold and hold.connection_id else set()
    return decide.sight(tuple(proofs), holders=frozenset(holders))


def _hold_of_own_domain(signed_in: SignedIn) -> decide.DomainHold | None:
    """Of whoever holds the domain of the person's address alone; of a member at the door as the door itself asks it."""
    domain = domain_of(signed_in.user.email)
    if isinstance(signed_in, Visitor) and signed_in.membership:
        holder, product_id = signed_in.holder, signed_in.membership.organization.product_id
        if holder is None:
            return None
        return _policy_of(holder.parent_id, domain=domain, product_id=product_id, version=holder.access_version).hold
    claim = _claims(domain).filter(state=ClaimState.VERIFIED, is_shared=False).first()
    return hold_of(claim, connection=claim.connection, is_live=claim.is_live) if claim else None


def when_proofs_were_kept(email: str, *, way: Way) -> datetime | None:
    """When SSO was last enforced by who holds the address's domain and *keep* chosen (spec 6.4): a proof in this way
    from before then counts for what a newer one doesn't. None if there is none such."""
    if way in (Way.SSO, Way.STAFF):
        return None
    # Asked by the address's domain, whichever parents hold it.
    keeping = Enforcement.unscoped.filter(
        email_proofs_valid_from=None,
        parent__domain_claims__name=domain_of(email),
        parent__domain_claims__state__in=HOLDING,
    )
    latest: datetime | None = keeping.aggregate(latest=Max("enforced_at"))["latest"]
    return latest


def account_of(email: str) -> User | None:
    return User.objects.filter(email=email).first()


def _holds(domain: str) -> tuple[decide.DomainHold, ...]:
    claims = list(_claims(domain))
    enforced: dict[uuid.UUID, set[int]] = {claim.parent_id: set() for claim in claims}
    if claims:
        # The policies of exactly the parents that this decision is about.
        for enforcement in Enforcement.unscoped.filter(parent_id__in=enforced):
            enforced[enforcement.parent_id].add(enforcement.product_id)
    return tuple(
        replace(
            hold_of(claim, connection=claim.connection, is_live=claim.is_live),
            enforced_products=frozenset(enforced[claim.parent_id]),
        )
        for claim in claims
    )


def _claims(domain: str) -> QuerySet[Any]:
    live = ConnectionRevision.unscoped.filter(connection=OuterRef("connection"), state=RevisionState.LIVE)
    # Whoever holds the name decides; which parents those are is the question.
    claims = DomainClaim.unscoped.filter(name=domain, state__in=HOLDING)
    return claims.select_related("connection").annotate(is_live=Exists(live))


def hold_of(claim: DomainClaim, *, connection: Connection | None, is_live: bool) -> decide.DomainHold:
    """A claim that holds its name as `decide` sees it, with the connection that serves it; enforcement left away."""
    return decide.DomainHold(
        parent_id=claim.parent_id,
        connection_id=connection.id if connection and connection.retired_at is None else None,
        is_live=is_live,
        is_lapsed=claim.state == ClaimState.LAPSED,
        is_shared=claim.is_shared,
        proofs_valid_from=claim.proofs_valid_from,
    )


def _proof(proof: Proof) -> decide.ProofFacts:
    connection = proof.connection
    return decide.ProofFacts(
        way=Way(proof.way),
        proved_at=proof.proved_at,
        connection_id=proof.connection_id,
        connection_parent_id=connection.parent_id if connection else None,
        connection_is_retired=connection is not None and connection.retired_at is not None,
        connection_proofs_valid_from=connection.proofs_valid_from if connection else None,
        longest_gap=proof.longest_gap,
    )
