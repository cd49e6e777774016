"""No completion gives a session to whom `admit` refuses, and nothing tells known addresses from unknown ones."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import EmailedSignIn, Proof, Session, User, Way
from accounts.queries import SignedIn
from domains.models import ClaimState, DomainClaim, ShareableName
from identity_platform.errors import PlatformError
from orgs.models import Product
from sso.actions.admission import Admitted, ensure_admitted
from sso.actions.sign_in import Proven, complete_email, sign_in
from sso.errors import SsoRequired
from sso.models import Connection, ConnectionRevision
from sso.queries.sign_in import gather_offer
from tests.cast import Cast, verified_domain
from tests.factories.sso import IdentityProvider, live_connection

DOMAIN = "acme.example"


@dataclass(frozen=True)
class World:
    """What may be true of an address's domain at one parent, whose connection is at hand."""

    state: ClaimState = ClaimState.VERIFIED
    is_shared: bool = False
    is_assigned: bool = True
    is_live: bool = True
    is_retired: bool = False
    enforced: frozenset[str] = frozenset()


worlds = st.builds(
    World,
    state=st.sampled_from([ClaimState.VERIFIED, ClaimState.LAPSED, ClaimState.PENDING]),
    is_shared=st.booleans(),
    is_assigned=st.booleans(),
    is_live=st.booleans(),
    is_retired=st.booleans(),
    enforced=st.frozensets(st.sampled_from(["assistant", "console"])),
)


def make(world: World, cast: Cast) -> Connection:
    now = timezone.now()
    if world.is_shared:
        ShareableName.objects.create(name=DOMAIN, marked_by=cast.sam, marked_at=now, reason="merger")
    held = world.state in (ClaimState.VERIFIED, ClaimState.LAPSED)
    claim = verified_domain(
        cast.acme_group,
        DOMAIN,
        added_by=cast.alice,
        state=world.state,
        is_shared=world.is_shared,
        lapsed_at=now if world.state == ClaimState.LAPSED else None,
    )
    served = (claim,) if world.is_assigned and held else ()
    idp = live_connection(cast.acme_group, created_by=cast.alice, claims=served)
    if not world.is_live:
        ConnectionRevision.unscoped.filter(connection=idp.connection).update(state="previous")
    if world.is_retired:
        Connection.unscoped.filter(id=idp.connection.id).update(retired_at=now)
    for slug in world.enforced:
        cast.acme_group.enforcements.create(product=Product.objects.get(slug=slug), enforced_at=now)
    return idp.connection


def may_sign_in(world: World, way: Way, *, product: str, person: str) -> bool:
    """Spec 6.1, 4.6, 5.8 and 9.1 in their own words, without `decide`."""
    serves = world.state != ClaimState.PENDING and world.is_assigned and world.is_live and not world.is_retired
    if way == Way.STAFF:
        return person == "staff"
    if way == Way.SSO:
        lets_in = person == "member" if world.state == ClaimState.LAPSED else person != "staff"
        return serves and lets_in
    if not serves or world.is_shared:
        return True
    return not ({product} if product else {"assistant", "console"}) <= world.enforced


def person_at_acme(kind: str, cast: Cast) -> User:
    """A member of Acme, somebody without a membership, or an account of staff: all at acme.example."""
    if kind == "member":
        return cast.bob
    user = cast.stella if kind == "outsider" else cast.sam
    User.objects.filter(id=user.id).update(email=f"{kind}@{DOMAIN}")
    user.refresh_from_db()
    return user


@given(
    world=worlds,
    way=st.sampled_from(Way),
    product=st.sampled_from(["", "assistant", "console"]),
    kind=st.sampled_from(["member", "outsider", "staff"]),
    running=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_r34_no_completion_gives_a_session_or_a_proof_to_whom_admit_refuses(
    cast: Cast, world: World, way: Way, product: str, kind: str, running: bool
) -> None:
    """By the last step that every completion goes through, whatever was judged before it: nothing (a completion that
    forgot to ask), or somebody else's proof."""
    now = timezone.now()
    with transaction.atomic():
        connection = make(world, cast)
        user = person_at_acme(kind, cast)
        wanted = Product.objects.filter(slug=product).first()
        proven = Proven(
            user=user, way=way, proved_at=now, product=wanted, connection=connection if way == Way.SSO else None
        )
        session = Session.objects.create(
            user=user, key_hash="k", created_at=now, last_seen_at=now, expires_at=now + timedelta(days=1)
        )
        signed_in = SignedIn(session=session, user=user, proofs=()) if running else None
        somebody_elses = Admitted(
            email="charlie@globex.example", way=way, product_id=proven.product and proven.product.id, connection_id=None
        )
        expected = may_sign_in(world, way, product=product, person=kind)

        for attempt in (proven, replace(proven, admitted=somebody_elses)):
            try:
                sign_in(attempt, signed_in=signed_in, browser_hash="b", now=now)
            except PlatformError:
                assert not expected
        assert Proof.objects.filter(session__user=user).exists() is expected
        transaction.set_rollback(True)


@given(world=worlds, product=st.sampled_from(["", "assistant", "console"]), for_staff=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_r34_a_link_that_was_sent_before_proves_what_counts_now(
    cast: Cast, world: World, product: str, for_staff: bool
) -> None:
    """Refused before there is a user: an address without an account gets none."""
    now = timezone.now()
    with transaction.atomic():
        make(world, cast)
        mail = EmailedSignIn(
            email=f"erin@{DOMAIN}", product_slug=product, for_staff=for_staff, created_at=now, expires_at=now
        )
        way = Way.STAFF if for_staff else Way.EMAIL
        with suppress(PlatformError):
            sign_in(complete_email(mail, now=now), signed_in=None, browser_hash="b", now=now)

        expected = may_sign_in(world, way, product=product, person="outsider")
        assert Session.objects.filter(user__email=mail.email).exists() is expected
        assert User.objects.filter(email=mail.email).exists() is expected
        transaction.set_rollback(True)


@given(world=worlds, product=st.sampled_from(["", "assistant", "console"]))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_offered_and_asked_is_the_same_for_known_and_unknown_addresses(
    cast: Cast, world: World, product: str
) -> None:
    with transaction.atomic():
        make(world, cast)
        wanted = Product.objects.filter(slug=product).first()
        seen = []
        for email in (cast.bob.email, f"nobody-knows@{DOMAIN}"):
            with CaptureQueriesContext(database) as asked:
                offered = gather_offer(email, product=wanted)
                answers = [judged(email, way, wanted) for way in (Way.EMAIL, Way.PASSWORD, Way.GOOGLE)]
            seen.append((offered, answers, [query["sql"] for query in asked]))

        assert seen[0] == seen[1]
        transaction.set_rollback(True)


def judged(email: str, way: Way, product: Product | None) -> str:
    try:
        ensure_admitted(email, way=way, product=product, now=timezone.now())
    except PlatformError as refused:
        return f"{refused.code} {refused.message_text} {refused.received}"
    return "admitted"


@pytest.fixture
def okta(cast: Cast) -> IdentityProvider:
    claim = verified_domain(cast.acme_group, DOMAIN, added_by=cast.alice)
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))


def test_the_refusal_names_the_parent_for_the_record_and_nobody_for_the_person(
    cast: Cast, okta: IdentityProvider
) -> None:
    for product in Product.objects.all():
        cast.acme_group.enforcements.create(product=product, enforced_at=timezone.now())

    with pytest.raises(SsoRequired) as refused:
        ensure_admitted(cast.bob.email, way=Way.PASSWORD, product=None, now=timezone.now())

    assert refused.value.context == {"parent": cast.acme_group.id, "connection": okta.connection.id}
    assert cast.bob.email not in refused.value.message_text


def test_r29_a_connection_admits_no_address_of_a_domain_that_another_parent_holds(
    cast: Cast, okta: IdentityProvider
) -> None:
    theirs = live_connection(cast.globex_group, created_by=cast.charlie)
    for connection in (theirs.connection, okta.connection):
        proven = Proven(user=cast.charlie, way=Way.SSO, proved_at=timezone.now(), connection=connection)
        with pytest.raises(PlatformError):
            sign_in(proven, signed_in=None, browser_hash="b", now=timezone.now())

    assert not Session.objects.exists()
    assert DomainClaim.unscoped.count() == 1
