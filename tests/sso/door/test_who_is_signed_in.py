"""The list of who is signed in and the door judge each proof alike, though one does it in SQL for many at once."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import Proof, Session, Way
from accounts.queries import SignedIn
from domains.models import ClaimState, DomainClaim, ShareableName
from orgs.models import ParentOrganization
from orgs.sessions.policy import policy_of
from orgs.sessions.queries import counting_proofs
from sso.models import Connection, ConnectionRevision
from sso.queries.sign_in import gather_admission
from sso.rules import decide
from tests.cast import Cast, verified_domain
from tests.factories.sso import live_connection

DOMAIN, ANOTHER = "acme.example", "another.example"
DAY = timedelta(days=1)

# How long ago; proofs lie between the moments at which something ended.
moments = st.sampled_from([None, 2 * DAY, 6 * DAY])
HOLDS = ("nobody", "Acme Group", "Globex Group", "both, shared", "Acme Group, lapsed")


@dataclass(frozen=True)
class Serving:
    """A parent's connection, what it serves, and what was ended there."""

    is_live: bool = True
    is_retired: bool = False
    is_assigned: bool = True
    connection_ended: timedelta | None = None
    domain_ended: timedelta | None = None
    another_domain_ended: timedelta | None = None
    parent_ended: timedelta | None = None


@dataclass(frozen=True)
class Proved:
    ago: timedelta
    gap: timedelta
    last_seen: timedelta


servings = st.builds(
    Serving,
    is_live=st.booleans(),
    is_retired=st.booleans(),
    is_assigned=st.booleans(),
    connection_ended=moments,
    domain_ended=moments,
    another_domain_ended=moments,
    parent_ended=moments,
)
proved = st.builds(
    Proved,
    ago=st.sampled_from([DAY, 4 * DAY, 20 * DAY, 31 * DAY]),
    gap=st.sampled_from([timedelta(0), 8 * DAY]),
    last_seen=st.sampled_from([timedelta(0), 9 * DAY]),
)
RECENTLY = Proved(ago=DAY, gap=timedelta(0), last_seen=timedelta(0))


def ago(span: timedelta | None, now: datetime) -> datetime | None:
    return None if span is None else now - span


def make(held: str, parents: dict[str, tuple[ParentOrganization, Serving]], *, cast: Cast) -> list[Connection]:
    """Each parent with a domain that isn't asked about, too."""
    now, connections = timezone.now(), []
    if held == "both, shared":
        ShareableName.objects.create(name=DOMAIN, marked_by=cast.sam, marked_at=now, reason="merger")
    for name, (parent, serving) in parents.items():
        claims = [verified_domain(parent, f"{parent.id.hex}.{ANOTHER}", added_by=cast.sam)]
        DomainClaim.unscoped.filter(id=claims[0].id).update(proofs_valid_from=ago(serving.another_domain_ended, now))
        if held.startswith((name, "both")):
            is_lapsed = held.endswith("lapsed")
            claim = verified_domain(
                parent,
                DOMAIN,
                added_by=cast.sam,
                is_shared=held == "both, shared",
                state=ClaimState.LAPSED if is_lapsed else ClaimState.VERIFIED,
                lapsed_at=now if is_lapsed else None,
                proofs_valid_from=ago(serving.domain_ended, now),
            )
            claims += [claim] if serving.is_assigned else []
        connection = live_connection(parent, created_by=cast.sam, claims=tuple(claims)).connection
        Connection.unscoped.filter(id=connection.id).update(
            retired_at=now if serving.is_retired else None, proofs_valid_from=ago(serving.connection_ended, now)
        )
        if not serving.is_live:
            ConnectionRevision.unscoped.filter(connection=connection).update(state="previous")
        ParentOrganization.objects.filter(id=parent.id).update(proofs_valid_from=ago(serving.parent_ended, now))
        connections.append(connection)
    return connections


def prove(proofs: list[Proved], *, connections: list[Connection], cast: Cast) -> None:
    """For each a session of Bob's with a proof of every kind."""
    now = timezone.now()
    for one in proofs:
        session = Session.objects.create(
            user=cast.bob,
            key_hash=uuid.uuid4().hex,
            created_at=now - one.ago,
            last_seen_at=now - min(one.last_seen, one.ago),
            expires_at=now + DAY,
        )
        same = {"session": session, "proved_at": now - one.ago, "longest_gap": one.gap}
        for way in (Way.EMAIL, Way.PASSWORD, Way.GOOGLE, Way.STAFF):
            Proof.objects.create(way=way, **same)
        for connection in connections:
            Proof.objects.create(way=Way.SSO, connection=connection, **same)


@given(
    held=st.sampled_from(HOLDS),
    acme=servings,
    globex=servings,
    proofs=st.lists(proved, min_size=1, max_size=2),
)
@example(held="Acme Group", acme=Serving(is_live=False), globex=Serving(), proofs=[RECENTLY])
@example(held="Acme Group", acme=Serving(is_retired=True), globex=Serving(), proofs=[RECENTLY])
@example(held="Acme Group", acme=Serving(is_assigned=False), globex=Serving(), proofs=[RECENTLY])
@example(held="Acme Group, lapsed", acme=Serving(), globex=Serving(), proofs=[RECENTLY])
@example(held="Acme Group", acme=Serving(another_domain_ended=timedelta(0)), globex=Serving(), proofs=[RECENTLY])
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_r33_what_is_listed_as_counting_is_what_the_door_lets_in(
    cast: Cast, held: str, acme: Serving, globex: Serving, proofs: list[Proved]
) -> None:
    now = timezone.now()
    with transaction.atomic():
        parents = {"Acme Group": (cast.acme_group, acme), "Globex Group": (cast.globex_group, globex)}
        prove(proofs, connections=make(held, parents, cast=cast), cast=cast)
        found = list(Proof.objects.select_related("session__user", "connection"))

        for organization in (cast.acme, cast.globex, cast.solo):
            organization.refresh_from_db()
            parent = organization.parent
            listed = set(counting_proofs(parent, policy=policy_of(parent), now=now))
            for proof in found:
                signed_in = SignedIn(session=proof.session, user=proof.session.user, proofs=(proof,))
                verdict = decide.admit(gather_admission(signed_in, organization=organization), now=now)
                assert (proof in listed) is verdict.admitted, (organization, proof)
        transaction.set_rollback(True)
