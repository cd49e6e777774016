"""The preview, the rule and the door say the same of everybody: nobody is harmed whom the plan didn't name (spec 6.4).

The sets of `sso.queries.enforcing` are made by the database, the standing on the page by `sso.rules.enforcement`, and
who enters by `sso.rules.decide`. Worlds are made at random and the three compared person by person.
"""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import User, Way
from accounts.queries import find_session
from domains.models import ClaimState
from orgs.models import Enforcement, Membership, Organization
from sso.models import ExternalIdentity
from sso.queries.enforcing import Crowd, gather_crowd
from sso.queries.sign_in import gather_admission
from sso.rules import decide
from sso.rules.enforcement import Standing
from tests.cast import Cast, open_browser, person, verified_domain
from tests.factories.sso import live_connection
from tests.sso.enforcement.conftest import member, share

pytestmark = pytest.mark.django_db
DOMAINS = ("alone.example", "lapsed.example", "shared.example", "unassigned.example", "outside.example")


@dataclass
class World:
    cast: Cast
    people: list[User]
    crowd: Crowd

    def organizations_of(self, user: User) -> list[Organization]:
        memberships = Membership.unscoped.letting_in().filter(user=user).select_related("organization__parent")
        return [m.organization for m in memberships if m.organization.product_id == self.crowd.product.id]


def make_world(cast: Cast, seed: int) -> World:
    """Domains in each state, people on each, members here, elsewhere, of another product, held, tied or not."""
    luck = random.Random(seed)  # noqa: S311 - a world that can be made again, not a secret
    parent, now = cast.acme_group, timezone.now()
    claims = {name: verified_domain(parent, name, added_by=cast.alice) for name in DOMAINS[:4]}
    claims["lapsed.example"].state = ClaimState.LAPSED
    claims["lapsed.example"].lapsed_at = claims["lapsed.example"].absent_since = now
    claims["lapsed.example"].save()
    share(claims["shared.example"], by=cast.sam)
    for claim in claims.values():
        claim.refresh_from_db()
    served = tuple(claims[name] for name in DOMAINS[:3])
    okta = live_connection(parent, created_by=cast.alice, claims=served).connection
    other = live_connection(parent, created_by=cast.alice, name="Entra").connection
    people = []
    for number in range(24):
        user = person(f"p{number}@{luck.choice(DOMAINS)}")
        for organization in (cast.acme, cast.acme_console, cast.globex):
            if luck.random() < 0.5:
                joined = member(organization, user)
                if luck.random() < 0.2:
                    Membership.unscoped.filter(id=joined.id).update(state="held", held_at=now, held_reason="Dismissed")
        for connection in (okta, other):
            if luck.random() < 0.4:
                ExternalIdentity.unscoped.create(
                    connection=connection,
                    issuer=f"https://{connection.name}.example",
                    subject=user.email,
                    user=user,
                    created_at=now,
                    retired_at=now if luck.random() < 0.2 else None,
                )
        people.append(user)
    return World(cast, people, gather_crowd(parent, product=cast.acme.product))


def is_admitted(user: User, organization: Organization, **proof: Any) -> bool:
    browser = open_browser(user, **proof)
    signed_in = find_session(browser.cookies[settings.SESSION_COOKIE_NAME].value, now=timezone.now())
    assert signed_in is not None
    facts = gather_admission(signed_in, organization=organization)
    return decide.admit(facts, now=timezone.now()).admitted


@pytest.mark.parametrize("seed", range(4))
def test_whom_the_plan_calls_affected_is_whom_the_door_asks_for_sso(cast: Cast, seed: int) -> None:
    world = make_world(cast, seed)
    affected = set(world.crowd.affected())
    Enforcement.unscoped.create(
        parent=cast.acme_group,
        product=cast.acme.product,
        enforced_at=timezone.now() - timedelta(minutes=1),
    )

    for user in world.people:
        organizations = world.organizations_of(user)
        asked = [one for one in organizations if not is_admitted(user, one, way=Way.EMAIL)]
        assert bool(asked) == (user in affected), user.email


@pytest.mark.parametrize("seed", range(4))
def test_the_sets_of_the_database_are_those_of_the_rule(cast: Cast, seed: int) -> None:
    world = make_world(cast, seed)
    crowd = world.crowd
    sets = {
        Standing.MAY_BE_LOCKED_OUT: set(crowd.may_be_locked_out()),
        Standing.MUST_USE_SSO: set(crowd.affected()) - set(crowd.may_be_locked_out()),
    }
    everybody = User.objects.filter(id__in=[u.id for u in world.people if world.organizations_of(u)])

    for user in crowd.described(everybody):
        standing = crowd.judge(user).standing
        assert {name for name, people in sets.items() if user in people} == (
            {standing} if standing is not Standing.NOT_AFFECTED else set()
        ), user.email
    assert not set(crowd.not_affected()) & set(crowd.affected())


@pytest.mark.parametrize("seed", range(4))
def test_whoever_is_not_named_as_at_risk_has_a_way_in(cast: Cast, seed: int) -> None:
    """By the connection that serves the address, which signed them in before; or as they are used to."""
    world = make_world(cast, seed)
    at_risk = set(world.crowd.may_be_locked_out())
    connections = {claim.name: claim.connection for claim in world.crowd.claims}
    Enforcement.unscoped.create(
        parent=cast.acme_group,
        product=cast.acme.product,
        enforced_at=timezone.now() - timedelta(minutes=1),
        email_proofs_valid_from=timezone.now() - timedelta(minutes=1),
    )

    for user in world.people:
        if user in at_risk:
            continue
        connection = connections.get(user.email_domain)
        tied = (
            connection and ExternalIdentity.unscoped.filter(user=user, connection=connection, retired_at=None).exists()
        )
        for organization in world.organizations_of(user):
            ways = [{"way": Way.EMAIL}] + ([{"way": Way.SSO, "connection": connection}] if tied else [])
            assert any(is_admitted(user, organization, **way) for way in ways), (user.email, organization)
