"""The plans of enforcing SSO for a product and of requiring it of every member: who is harmed, what is in the way."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from accounts.models import Proof, User, Way
from accounts.queries import SignedIn
from domains.models import ClaimState, DomainClaim
from identity_platform.plans import Blocker, Effect, Plan
from orgs.models import Enforcement, Membership, Organization, ParentOrganization, Product
from sso.models import Connection
from sso.queries.enforcing import Crowd, assigned_claims, gather_crowd, organizations_without_a_way_in, ties_of
from sso.queries.sign_in import gather_admission
from sso.rules import decide

KIND_OF_ENFORCEMENT = "enforcement.turn_on"
KIND_OF_REQUIREMENT = "enforcement.everybody_on"


def plan_enforcement(organization: Organization, *, product: Product, signed_in: SignedIn, now: datetime) -> Plan:
    """What enforcing SSO for a product under the organization's parent would do. Changes nothing.

    Effects name whom it may lock out; everybody else goes on, by SSO. Whether older sessions are kept or ended is asked
    beside it and isn't part of the plan: the page shows what both mean. `signed_in` is who would save.
    """
    parent = _parent_of(organization)
    crowd = gather_crowd(parent, product=product)
    present = Enforcement.objects.for_parent(parent).filter(product=product).first()
    return Plan(
        kind=KIND_OF_ENFORCEMENT,
        subject=f"{parent.id.hex}:{product.slug}",
        change={"enforced": product.slug},
        facts={
            "enforced_at": present.enforced_at.isoformat() if present else "",
            "requires_sso_for_every_member": parent.requires_sso_for_every_member,
            **_facts_of(crowd.claims),
        },
        effects=tuple(_cut_off(crowd)),
        blockers=tuple(_blockers(crowd, organization, present=present, signed_in=signed_in, now=now)),
    )


def plan_requirement(parent: ParentOrganization) -> Plan:
    """What requiring SSO of every member of the parent's organizations would do (spec 6.2). Changes nothing.

    Harmed are all members who couldn't sign in through a connection of the parent: with an address outside its assigned
    domains, or that never did.
    """
    parent = ParentOrganization.objects.get(id=parent.id)
    claims = tuple(assigned_claims(parent))
    names = [claim.name for claim in claims]
    tied = Exists(ties_of(OuterRef("pk"), OuterRef("email_domain"), parent_id=parent.id))
    # Of the parent's organizations, whatever their product.
    member = Membership.unscoped.letting_in().filter(user=OuterRef("pk"), organization__parent=parent)
    shut_out = User.objects.filter(Exists(member), erased_at=None).filter(~tied | Q(is_staff=True)).order_by("email")
    effects = (
        Effect(
            person_id=user_id.hex,
            name=name,
            email=email,
            change="cut_off",
            reason="Never signed in with SSO" if domain in names else f"{domain} isn't assigned to a connection",
        )
        for user_id, name, email, domain in shut_out.values_list("id", "name", "email", "email_domain")
    )
    return Plan(
        kind=KIND_OF_REQUIREMENT,
        subject=parent.id.hex,
        change={"requires_sso_for_every_member": True},
        facts={"requires_sso_for_every_member": parent.requires_sso_for_every_member, **_facts_of(claims)},
        effects=tuple(effects),
        blockers=tuple(_blockers_of_requirement(parent, claims)),
    )


def has_proof_through(
    signed_in: SignedIn, connections: set[Any], *, organization: Organization, now: datetime
) -> Proof | None:
    """The session's newest proof through one of these connections, if one counts in the organization now."""
    facts = gather_admission(signed_in, organization=organization)
    through = tuple(proof for proof in facts.proofs if proof.way == Way.SSO and proof.connection_id in connections)
    if not decide.admit(replace(facts, proofs=through), now=now).admitted:
        return None
    ours = [proof for proof in signed_in.proofs if proof.connection_id in connections]
    return max(ours, key=lambda proof: proof.proved_at)


def connection_to_prove(crowd: Crowd, user: User) -> Connection | None:
    """Where somebody who wants to enforce SSO signs in first: the connection of their address, else any that serves."""
    served = sorted(crowd.claims, key=lambda claim: claim.name != user.email_domain)
    return served[0].connection if served else None


def _facts_of(claims: Collection[DomainClaim]) -> dict[str, Any]:
    return {
        "domains": {
            claim.name: [claim.state, claim.is_shared, claim.connection_id.hex if claim.connection_id else ""]
            for claim in claims
        },
        "revisions": {
            claim.connection_id.hex: str(claim.live_revision)  # type: ignore[attr-defined]  # annotated
            for claim in claims
            if claim.connection_id
        },
    }


def _cut_off(crowd: Crowd) -> Iterator[Effect]:
    people = crowd.may_be_locked_out().order_by("email").values_list("id", "name", "email")
    for user_id, name, email in people.iterator():
        yield Effect(
            person_id=user_id.hex, name=name, email=email, change="cut_off", reason="May not be able to sign in"
        )


def _blockers(
    crowd: Crowd,
    organization: Organization,
    *,
    present: Enforcement | None,
    signed_in: SignedIn,
    now: datetime,
) -> Iterator[Blocker]:
    if present:
        yield Blocker("already_enforced", f"SSO is enforced for {crowd.product.name} already.")
        return
    yield from _blockers_of_domains(crowd.claims, slug=organization.slug)
    if not crowd.claims:
        return
    parent = crowd.parent
    for left in organizations_without_a_way_in(
        parent,
        names=crowd.names,
        product=crowd.product,
        unmapped=crowd.unmapped,
        requires_sso=parent.requires_sso_for_every_member,
    ):
        yield Blocker(
            f"no_manager_left:{left.slug}",
            f"Nobody who manages identity in {left.name} has signed in with SSO yet.",
            "Have one of its identity managers sign in with SSO once, so that somebody keeps a way in.",
        )
    if has_proof_through(signed_in, crowd.connection_ids, organization=organization, now=now) is None:
        connection = connection_to_prove(crowd, signed_in.user)
        name = connection.name if connection else "SSO"
        page = reverse("enforcement:review", kwargs={"slug": organization.slug, "product": crowd.product.slug})
        yield Blocker(
            "not_signed_in_with_sso",
            f"You aren't signed in with {name} yourself.",
            "Sign in with it first: that shows that it works for you, and you come back to this page.",
            f"{reverse('saml_login', args=[connection.id])}?{urlencode({'next': page})}" if connection else "",
        )


def _blockers_of_domains(claims: Collection[DomainClaim], *, slug: str = "") -> Iterator[Blocker]:
    """`slug` names the organization whose pages a manager is led to; staff have none."""
    if not any(claim.state == ClaimState.VERIFIED for claim in claims):
        yield Blocker(
            "no_domain_assigned",
            "No verified domain is assigned to a connection, so there is nobody to require SSO of.",
            "Verify a domain, set up SSO and assign the domain to the connection first.",
            reverse("identity", kwargs={"slug": slug}) if slug else "",
        )
    off = {claim.connection: claim for claim in claims if claim.live_revision is None}  # type: ignore[attr-defined]  # annotated
    for connection, claim in off.items():
        assert connection is not None  # noqa: S101 - these are claims that a connection serves; for the type checker
        yield Blocker(
            f"connection_not_live:{connection.id.hex}",
            f"{connection.name} serves {claim.name} and isn't live.",
            "Finish its set-up and go live first.",
            reverse("sso_setup:manage", kwargs={"slug": slug, "connection_id": connection.id}) if slug else "",
        )


def _blockers_of_requirement(parent: ParentOrganization, claims: Collection[DomainClaim]) -> Iterator[Blocker]:
    if parent.requires_sso_for_every_member:
        yield Blocker("already_required", f"SSO is required of every member under {parent.name} already.")
        return
    yield from _blockers_of_domains(claims)
    names = [claim.name for claim in claims]
    for left in organizations_without_a_way_in(parent, names=names, requires_sso=True):
        yield Blocker(
            f"no_manager_left:{left.slug}",
            f"{left.name} would keep no identity manager who can get in.",
            "Have one of its identity managers sign in with SSO once.",
        )


def _parent_of(organization: Organization) -> ParentOrganization:
    """As it is now: a plan made under the lock must not judge what was loaded before."""
    return ParentOrganization.objects.get(organizations=organization)
