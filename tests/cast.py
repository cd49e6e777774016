"""The people and organizations of the tests, and their browsers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.actions.sessions import start_session
from accounts.actions.users import find_or_create_user, make_staff
from accounts.models import User, Way
from audit.actors import SYSTEM
from domains.models import ClaimState, DomainClaim
from identity_platform import credentials
from orgs.actions.memberships import add_membership
from orgs.actions.organizations import create_organization
from orgs.models import Organization, ParentOrganization, Plan, Role


@dataclass(frozen=True)
class Cast:
    """Everybody, by first name. `acme` and `acme_console` share a parent; `globex` has another; `solo` has none."""

    alice: User  # primary owner of Acme, admin of Acme Console
    bob: User  # user of Acme
    dora: User  # admin of Solo, a Console organization without a parent
    charlie: User  # primary owner of Globex
    sam: User  # staff
    stella: User  # an account without any organization
    acme: Organization
    acme_console: Organization
    solo: Organization
    globex: Organization

    @property
    def acme_group(self) -> ParentOrganization:
        assert self.acme.parent is not None
        return self.acme.parent

    @property
    def globex_group(self) -> ParentOrganization:
        assert self.globex.parent is not None
        return self.globex.parent


def make_cast() -> Cast:
    now = timezone.now()
    alice, bob, dora = person("alice@acme.example"), person("bob@acme.example"), person("dora@solo.example")
    charlie, stella = person("charlie@globex.example"), person("stella@nowhere.example")
    acme = organization("Acme", plan=("assistant", "enterprise"), first_member=alice)
    console = organization("Acme Console", plan=("console", "standard"), first_member=alice, parent=acme.parent)
    solo = organization("Solo", plan=("console", "standard"), first_member=dora)
    globex = organization("Globex", plan=("assistant", "team"), first_member=charlie)
    add_membership(acme, user=bob, role=role_of(acme, "user"), source="manual", actor=SYSTEM, now=now)
    return Cast(
        alice=alice,
        bob=bob,
        dora=dora,
        charlie=charlie,
        stella=stella,
        sam=make_staff("sam@acme-identity.example", name="Sam", now=now),
        acme=acme,
        acme_console=console,
        solo=solo,
        globex=globex,
    )


def person(email: str, *, name: str = "") -> User:
    user, _ = find_or_create_user(email, name=name or email.partition("@")[0].title(), now=timezone.now())
    return user


def organization(
    name: str, *, plan: tuple[str, str], first_member: User, parent: ParentOrganization | None = None
) -> Organization:
    return create_organization(
        name,
        slug=name.lower().replace(" ", "-"),
        plan=Plan.objects.get(product__slug=plan[0], slug=plan[1]),
        first_member=first_member,
        parent=parent,
        actor=SYSTEM,
        now=timezone.now(),
    )


def role_of(organization: Organization, slug: str) -> Role:
    return Role.objects.get(product=organization.product, slug=slug)


def verified_domain(parent: ParentOrganization, name: str, *, added_by: User, **fields: object) -> DomainClaim:
    """A claim as it stands after its record was found."""
    now = timezone.now()
    return DomainClaim.unscoped.create(
        parent=parent,
        name=name,
        state=fields.pop("state", ClaimState.VERIFIED),
        token=credentials.make_token(),
        added_by=added_by,
        created_at=now,
        polling_since=now,
        expires_at=now + timedelta(days=7),
        verified_at=now,
        **fields,
    )


def open_browser(
    user: User | None, *, way: Way = Way.EMAIL, connection: object = None, proved_at: datetime | None = None
) -> Client:
    """A browser with a session of this person; each has a mark of its own, as real ones do."""
    client, mark = Client(), credentials.make_token()
    client.cookies[settings.BROWSER_COOKIE_NAME] = mark
    if user is not None:
        now = timezone.now()
        client.cookies[settings.SESSION_COOKIE_NAME] = start_session(
            user,
            way=way,
            connection_id=connection.id if connection else None,  # type: ignore[attr-defined]
            browser_hash=credentials.hash_token(mark),
            proved_at=proved_at or now,
            now=now,
        )
    return client
