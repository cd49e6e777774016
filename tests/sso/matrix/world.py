"""The facts made true in the database, and browsers of the people in them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.test import Client
from django.utils import timezone

from accounts.actions.sessions import add_proof
from accounts.models import Session, User, Way
from audit.actors import SYSTEM
from domains.models import ClaimState, DomainClaim, ShareableName
from orgs import models
from orgs.actions.memberships import add_membership
from orgs.actions.organizations import create_organization
from orgs.models import Enforcement, Membership, ParentOrganization, Plan, Product
from orgs.models.members import MembershipState
from sso.models import Connection
from tests import cast
from tests.factories.sso import IdentityProvider, live_connection
from tests.sso.matrix.facts import DOMAINS, ORGANIZATIONS, P1, P2, PEOPLE, Domain, Person, Setting

SINCE_THE_SAVE = timedelta(hours=2)
PLANS = {"assistant": "enterprise", "console": "standard"}


@dataclass(frozen=True)
class World:
    saved_at: datetime
    owners: dict[str, User]
    parents: dict[str, ParentOrganization]
    providers: dict[str, IdentityProvider]
    retired: Connection
    users: dict[str, User]

    def browser(self, person: Person, ways: tuple[str, ...], *, proved_at: datetime) -> Client:
        """Signed in in these ways, all at one time."""
        user = self.users[person.kind]
        first, *others = [self._proof(way) for way in ways]
        browser = cast.open_browser(user, way=first[0], connection=first[1], proved_at=proved_at)
        if others:
            session = Session.objects.filter(user=user).latest("created_at")
            for way, connection in others:
                add_proof(session, way=way, connection_id=connection.id if connection else None, proved_at=proved_at)
        return browser

    def _proof(self, way: str) -> tuple[Way, Connection | None]:
        if way.endswith("retired"):
            return Way.SSO, self.retired
        if way.startswith("sso of "):
            return Way.SSO, self.providers[way.removeprefix("sso of ")].connection
        return Way(way), None


def slug_of(slug: str, person: Person) -> str:
    return f"personal-{person.kind.replace(' ', '-').replace(',', '')}" if slug == "personal" else slug


def make_world(setting: Setting) -> World:
    """Parents, organizations, domains, connections and people; what the setting enforces was saved two hours ago."""
    now = timezone.now()
    saved_at = now - SINCE_THE_SAVE
    owners = {P1: cast.person("owner@p1.example"), P2: cast.person("owner@p2.example")}
    parents = {name: ParentOrganization.objects.create(name=f"Parent {name}", created_at=now) for name in owners}
    organizations = {
        fact.slug: create_organization(
            fact.name,
            slug=fact.slug,
            plan=Plan.objects.get(product__slug=fact.product, slug=PLANS[fact.product] if fact.parent else _free(fact)),
            first_member=owners[fact.parent or P1],
            parent=parents.get(fact.parent),
            actor=SYSTEM,
            now=now,
        )
        for fact in ORGANIZATIONS
        if fact.slug != "personal"
    }
    providers = {name: live_connection(parents[name], created_by=owners[name], name=name) for name in owners}
    retired = live_connection(parents[P1], created_by=owners[P1], name="Retired").connection
    Connection.unscoped.filter(id=retired.id).update(retired_at=now)
    for domain in DOMAINS:
        _hold(domain, parents=parents, providers=providers, owners=owners)
    enforce(setting, parents=parents, at=saved_at)
    users = {person.kind: _seat(person, organizations) for person in PEOPLE}
    return World(saved_at=saved_at, owners=owners, parents=parents, providers=providers, retired=retired, users=users)


def enforce(setting: Setting, *, parents: dict[str, ParentOrganization], at: datetime) -> None:
    for parent, product in setting.enforced:
        Enforcement.unscoped.create(
            parent=parents[parent],
            product=Product.objects.get(slug=product),
            enforced_at=at,
            email_proofs_valid_from=None if setting.keeps else at,
        )
    ParentOrganization.objects.filter(id__in=[parents[name].id for name in setting.of_everybody]).update(
        requires_sso_for_every_member=True
    )


def _free(fact: object) -> str:
    """A plan that makes no parent."""
    return "free" if fact.product == "assistant" else "standard"  # type: ignore[attr-defined]


def _hold(
    domain: Domain,
    *,
    parents: dict[str, ParentOrganization],
    providers: dict[str, IdentityProvider],
    owners: dict[str, User],
) -> None:
    if domain.is_shared:
        ShareableName.objects.create(
            name=domain.name, marked_by=owners[P1], marked_at=timezone.now(), reason="Two companies use it"
        )
    for parent in domain.held_by:
        claim = cast.verified_domain(
            parents[parent],
            domain.name,
            added_by=owners[parent],
            is_shared=domain.is_shared,
            state=ClaimState.LAPSED if domain.is_lapsed else ClaimState.VERIFIED,
            lapsed_at=timezone.now() if domain.is_lapsed else None,
        )
        if domain.is_assigned:
            DomainClaim.unscoped.filter(id=claim.id).update(connection=providers[parent].connection)


def _seat(person: Person, organizations: dict[str, models.Organization]) -> User:
    user, now = cast.person(person.email), timezone.now()
    for slug in person.seats:
        if slug == "personal":
            create_organization(
                "Garnet Works",
                slug=slug_of(slug, person),
                plan=Plan.objects.get(product__slug="assistant", slug="free"),
                first_member=user,
                is_personal=True,
                actor=SYSTEM,
                now=now,
            )
        else:
            role = cast.role_of(organizations[slug], "user")
            add_membership(organizations[slug], user=user, role=role, source="manual", actor=SYSTEM, now=now)
    if person.is_held:
        Membership.unscoped.filter(user=user).update(
            state=MembershipState.HELD, held_at=now, held_reason="The directory removed many people at once"
        )
    return user
