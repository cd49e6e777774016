"""The facts that `sso.rules.decide` decides on."""

import uuid
from collections.abc import Iterable
from dataclasses import replace

from django.db.models import Exists, OuterRef

from accounts.addresses import domain_of
from accounts.models import Proof, User, Way
from accounts.queries import SignedIn
from domains.models import HOLDING, ClaimState, DomainClaim
from orgs.models import Enforcement, Membership, Organization, Product
from orgs.models.organizations import SESSION_IDLE, SESSION_LIFETIME
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
    holds = tuple(_holds(domain_of(email)).values())
    return decide.offer(holds, product=product.id if product else None, products=products)


def gather_sign_in(
    email: str, *, way: Way, product: Product | None, connection: Connection | None
) -> decide.SignInFacts:
    """What admitting a sign-in needs to know of an address. For email, password and Google that is its domain alone."""
    account = account_of(email) if way in (Way.STAFF, Way.SSO) else None
    return decide.SignInFacts(
        way=way,
        holds=tuple(_holds(domain_of(email)).values()),
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
    """What the door needs to know of a session and an organization."""
    claims = _claims(domain_of(signed_in.user.email))
    parents = {organization.parent_id, *(claim.parent_id for claim in claims)} - {None}
    enforced = _enforcements(parents)
    holds = {claim.parent_id: _hold(claim, enforced) for claim in claims}
    own = holds.get(organization.parent_id) if organization.parent_id else None
    holder = next(
        (
            hold
            for hold in holds.values()
            if not hold.is_shared and not hold.is_lapsed and hold.parent_id != organization.parent_id
        ),
        None,
    )
    parent = organization.parent
    return decide.AdmitFacts(
        proofs=tuple(_proof(proof) for proof in signed_in.proofs),
        last_seen_at=signed_in.session.last_seen_at,
        policy=decide.SessionPolicy(
            lifetime=parent.session_lifetime if parent else SESSION_LIFETIME,
            idle=parent.session_idle if parent else SESSION_IDLE,
            proofs_valid_from=parent.proofs_valid_from if parent else None,
        ),
        own_parent_id=organization.parent_id,
        own_hold=own,
        enforced_here=_enforced(enforced, organization.parent_id, organization.product_id),
        requires_sso_of_everybody=parent.requires_sso_for_every_member if parent else False,
        holder=holder,
        enforced_by_holder=_enforced(enforced, holder.parent_id, organization.product_id) if holder else None,
    )


def gather_sight(signed_in: SignedIn) -> decide.Sight:
    """Which organizations this session may be told of; who holds the domain is asked only where it decides."""
    proofs = tuple(_proof(proof) for proof in signed_in.proofs)
    seen = decide.sight(proofs, holders=frozenset())
    if seen.everything:
        return seen
    claims = DomainClaim.unscoped.filter(  # whoever holds the person's own domain alone
        name=domain_of(signed_in.user.email), state=ClaimState.VERIFIED, is_shared=False
    )
    return decide.sight(proofs, holders=frozenset(claims.values_list("parent_id", flat=True)))


def account_of(email: str) -> User | None:
    return User.objects.filter(email=email).first()


def _holds(domain: str) -> dict[uuid.UUID, decide.DomainHold]:
    claims = _claims(domain)
    enforced = _enforcements({claim.parent_id for claim in claims})
    return {claim.parent_id: _hold(claim, enforced) for claim in claims}


def _claims(domain: str) -> list[DomainClaim]:
    live = ConnectionRevision.unscoped.filter(connection=OuterRef("connection"), state=RevisionState.LIVE)
    # Whoever holds the name decides; which parents those are is the question.
    return list(
        DomainClaim.unscoped.filter(name=domain, state__in=HOLDING)
        .select_related("connection")
        .annotate(is_live=Exists(live))
    )


def _hold(claim: DomainClaim, enforcements: dict[uuid.UUID, dict[int, Enforcement]]) -> decide.DomainHold:
    hold = hold_of(claim, connection=claim.connection, is_live=claim.is_live)  # type: ignore[attr-defined]  # annotated
    return replace(hold, enforced_products=frozenset(enforcements.get(claim.parent_id, {})))


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


def _enforcements(parents: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, dict[int, Enforcement]]:
    found: dict[uuid.UUID, dict[int, Enforcement]] = {}
    if not parents:
        return found
    # The policies of exactly the parents that this decision is about.
    for enforcement in Enforcement.unscoped.filter(parent_id__in=parents):
        found.setdefault(enforcement.parent_id, {})[enforcement.product_id] = enforcement
    return found


def _enforced(
    enforcements: dict[uuid.UUID, dict[int, Enforcement]], parent_id: uuid.UUID | None, product_id: int
) -> decide.Enforced | None:
    row = enforcements.get(parent_id, {}).get(product_id) if parent_id else None
    return decide.Enforced(row.enforced_at, row.email_proofs_valid_from) if row else None


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
