"""The table of spec 6.1 and the two policies of 6.3, as rules without a database."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Way
from sso.rules import decide
from sso.rules.decide import (
    AdmitFacts,
    DomainHold,
    Enforced,
    ProofFacts,
    Reason,
    SessionPolicy,
    SignInFacts,
    Verdict,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HERE, ELSEWHERE = uuid.uuid4(), uuid.uuid4()
OURS, THEIRS = uuid.uuid4(), uuid.uuid4()
ASSISTANT, CONSOLE = 1, 2
PRODUCTS = frozenset({ASSISTANT, CONSOLE})


def hold(**fields: object) -> DomainHold:
    return DomainHold(**{"parent_id": HERE, "connection_id": OURS, "is_live": True, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("holds", "email", "sso"),
    [
        pytest.param((), True, (), id="nobody holds the domain"),
        pytest.param((hold(connection_id=None),), True, (), id="verified but not assigned"),
        pytest.param((hold(is_live=False),), True, (), id="assigned to a connection that isn't live"),
        pytest.param((hold(),), True, (OURS,), id="SSO is optional"),
        pytest.param((hold(enforced_products=frozenset({CONSOLE})),), True, (OURS,), id="enforced for another product"),
        pytest.param((hold(enforced_products=frozenset({ASSISTANT})),), False, (OURS,), id="enforced"),
        pytest.param((hold(enforced_products=PRODUCTS, is_lapsed=True),), False, (OURS,), id="lapsed stays as it was"),
        pytest.param((hold(is_shared=True, enforced_products=PRODUCTS),), True, (OURS,), id="shared leaves email open"),
        pytest.param(
            (hold(is_shared=True), hold(parent_id=ELSEWHERE, connection_id=THEIRS, is_shared=True)),
            True,
            (OURS, THEIRS),
            id="shared by two: the SSO of each",
        ),
    ],
)
def test_the_table_of_ways_in(holds: tuple[DomainHold, ...], email: bool, sso: tuple[uuid.UUID, ...]) -> None:
    offered = decide.offer(holds, product=ASSISTANT, products=PRODUCTS)

    assert (offered.email, offered.connections) == (email, sso)


def test_without_a_product_email_is_offered_while_any_product_lets_it_in() -> None:
    enforced_for_one = hold(enforced_products=frozenset({ASSISTANT}))
    enforced_for_all = hold(enforced_products=PRODUCTS)

    assert decide.offer((enforced_for_one,), product=None, products=PRODUCTS).email
    assert not decide.offer((enforced_for_all,), product=None, products=PRODUCTS).email


@pytest.mark.parametrize(
    ("situation", "holds", "is_staff", "ways"),
    [
        ("nobody holds the domain", (), False, {"email", "password", "google"}),
        ("verified, not assigned", (hold(connection_id=None),), False, {"email", "password", "google"}),
        ("assigned, not live", (hold(is_live=False),), False, {"email", "password", "google"}),
        ("assigned and live", (hold(),), False, {"email", "password", "google", "sso"}),
        ("enforced", (hold(enforced_products=frozenset({ASSISTANT})),), False, {"sso"}),
        (
            "enforced for another product",
            (hold(enforced_products=frozenset({CONSOLE})),),
            False,
            {"email", "password", "google", "sso"},
        ),
        ("enforced, lapsed", (hold(enforced_products=PRODUCTS, is_lapsed=True),), False, {"known by sso"}),
        ("lapsed", (hold(is_lapsed=True),), False, {"email", "password", "google", "known by sso"}),
        (
            "shared and enforced",
            (hold(enforced_products=PRODUCTS, is_shared=True),),
            False,
            {"email", "password", "google", "sso"},
        ),
        (
            "served by another connection",
            (hold(connection_id=THEIRS),),
            False,
            {"email", "password", "google"},
        ),
        ("held by another parent", (hold(parent_id=ELSEWHERE),), False, {"email", "password", "google"}),
        ("staff", (hold(),), True, {"email", "password", "google", "staff"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_table_of_proofs_that_become_a_session(
    situation: str, holds: tuple[DomainHold, ...], is_staff: bool, ways: set[str]
) -> None:
    """Spec 6.1, 4.6, 5.8 and 9.1, for somebody who signs in to Assistant; SSO is that of OURS, of the parent HERE."""

    def admitted(way: Way, *, is_known_there: bool = False) -> bool:
        return decide.admit_sign_in(
            sign_in_facts(way, holds, is_staff=is_staff, is_known_there=is_known_there)
        ).admitted

    found = {way.value for way in Way if admitted(way)}
    if "sso" not in found and admitted(Way.SSO, is_known_there=True):
        found.add("known by sso")

    assert found == ways


def sign_in_facts(way: Way, holds: tuple[DomainHold, ...], **fields: object) -> SignInFacts:
    sso = {"connection_id": OURS, "connection_parent_id": HERE} if way == Way.SSO else {}
    return SignInFacts(**{"way": way, "holds": holds, "product": ASSISTANT, "products": PRODUCTS, **sso, **fields})  # type: ignore[arg-type]


def test_a_refused_sign_in_names_who_asks_for_sso_and_where_it_is_given() -> None:
    verdict = decide.admit_sign_in(sign_in_facts(Way.PASSWORD, (hold(enforced_products=PRODUCTS),)))

    assert verdict == Verdict(admitted=False, reason=Reason.SSO_ENFORCED, connection_id=OURS, parent_id=HERE)


POLICY = SessionPolicy(lifetime=timedelta(days=30), idle=timedelta(days=7))
ENFORCED = Enforced(enforced_at=NOW - timedelta(days=1))


def proof(way: Way = Way.EMAIL, *, ago: timedelta = timedelta(hours=2), **fields: object) -> ProofFacts:
    return ProofFacts(way=way, proved_at=NOW - ago, **fields)  # type: ignore[arg-type]


def sso_proof(parent_id: uuid.UUID = HERE, connection_id: uuid.UUID = OURS, **fields: object) -> ProofFacts:
    return proof(Way.SSO, connection_id=connection_id, connection_parent_id=parent_id, **fields)  # type: ignore[arg-type]


def facts(*proofs: ProofFacts, **fields: object) -> AdmitFacts:
    return AdmitFacts(**{"proofs": proofs, "last_seen_at": NOW, "policy": POLICY, "own_parent_id": HERE, **fields})  # type: ignore[arg-type]


def admits(*proofs: ProofFacts, **fields: object) -> bool:
    return decide.admit(facts(*proofs, **fields), now=NOW).admitted


def test_an_email_proof_opens_an_organization_that_enforces_nothing() -> None:
    assert admits(proof())


def test_r33_a_proof_through_another_parents_connection_opens_nothing_here() -> None:
    assert not admits(sso_proof(ELSEWHERE, THEIRS))


def test_a_proof_through_the_holder_of_the_domain_counts_elsewhere_too() -> None:
    holder = hold(parent_id=ELSEWHERE, connection_id=THEIRS)

    assert admits(sso_proof(ELSEWHERE, THEIRS), holder=holder)


def test_where_sso_is_enforced_email_is_not_enough() -> None:
    verdict = decide.admit(facts(proof(), own_hold=hold(), enforced_here=ENFORCED), now=NOW)

    assert (verdict.admitted, verdict.reason, verdict.connection_id) == (False, Reason.NEEDS_SSO_HERE, OURS)
    assert admits(sso_proof(), own_hold=hold(), enforced_here=ENFORCED)


def test_people_outside_the_domains_keep_email_where_sso_is_enforced() -> None:
    assert admits(proof(), own_hold=None, enforced_here=ENFORCED)


def test_required_of_every_member_shuts_outsiders_out() -> None:
    assert not admits(proof(), requires_sso_of_everybody=True)
    assert not admits(sso_proof(ELSEWHERE, THEIRS), requires_sso_of_everybody=True, holder=hold(parent_id=ELSEWHERE))
    assert admits(sso_proof(), requires_sso_of_everybody=True)


def test_the_holder_of_the_domain_may_require_its_sso_elsewhere() -> None:
    holder = hold(parent_id=ELSEWHERE, connection_id=THEIRS)

    assert not admits(proof(), holder=holder, enforced_by_holder=ENFORCED)
    assert admits(sso_proof(ELSEWHERE, THEIRS), holder=holder, enforced_by_holder=ENFORCED)


def test_keeping_sessions_lets_older_email_proofs_count_and_newer_ones_not() -> None:
    kept = {"own_hold": hold(), "enforced_here": ENFORCED}

    assert admits(proof(ago=timedelta(days=2)), **kept)
    assert not admits(proof(ago=timedelta(hours=1)), **kept)


def test_a_kept_proof_does_not_meet_what_is_required_of_every_member() -> None:
    """Two demands, each judged by itself: enforcing with *keep* lets nobody back in whom the other had shut out."""
    kept = {"own_hold": hold(), "enforced_here": ENFORCED, "requires_sso_of_everybody": True}

    assert not admits(proof(ago=timedelta(days=2)), **kept)
    assert admits(proof(ago=timedelta(days=2)), sso_proof(), **kept)


def test_ending_sessions_lets_no_email_proof_count() -> None:
    ended = Enforced(enforced_at=ENFORCED.enforced_at, email_proofs_valid_from=ENFORCED.enforced_at)

    assert not admits(proof(ago=timedelta(days=2)), own_hold=hold(), enforced_here=ended)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"policy": SessionPolicy(timedelta(hours=1), timedelta(days=7))}, id="too old"),
        pytest.param({"last_seen_at": NOW - timedelta(days=8)}, id="idle too long"),
        pytest.param({"policy": SessionPolicy(timedelta(days=30), timedelta(days=7), NOW)}, id="ended by the parent"),
        pytest.param({"own_hold": hold(proofs_valid_from=NOW)}, id="ended for the domain"),
        pytest.param({"member_proofs_valid_from": NOW}, id="ended for this person here"),
    ],
)
def test_a_proof_that_is_over_opens_nothing(fields: dict[str, object]) -> None:
    older = sso_proof(ago=timedelta(days=9))

    assert admits(older)
    assert not admits(older, **fields)


def test_a_pause_that_was_too_long_is_not_forgotten_by_the_request_that_ends_it() -> None:
    assert not admits(proof(ago=timedelta(days=9), longest_gap=timedelta(days=8)))
    assert admits(proof(ago=timedelta(days=9), longest_gap=timedelta(days=6)))


def test_a_recent_sign_in_is_one_that_would_open_the_organization_by_itself() -> None:
    old, foreign = proof(ago=timedelta(hours=5)), sso_proof(ELSEWHERE, THEIRS, ago=timedelta(minutes=1))
    hour = timedelta(hours=1)

    assert decide.admit(facts(old, foreign), now=NOW).admitted
    assert not decide.admit_recently(facts(old, foreign), within=hour, now=NOW).admitted
    assert decide.admit_recently(facts(old, sso_proof(ago=timedelta(minutes=1))), within=hour, now=NOW).admitted


def test_another_parents_word_shows_its_own_organizations_alone() -> None:
    theirs = sso_proof(ELSEWHERE, THEIRS)

    assert decide.sight((theirs,), holders=frozenset()) == decide.Sight(False, frozenset({ELSEWHERE}))
    assert decide.sight((theirs,), holders=frozenset({ELSEWHERE})).everything
    assert decide.sight((theirs, proof()), holders=frozenset()).everything


def test_a_proof_through_a_retired_or_reset_connection_counts_nowhere() -> None:
    assert not admits(sso_proof(connection_is_retired=True))
    assert not admits(sso_proof(connection_proofs_valid_from=NOW))


def test_a_staff_proof_opens_no_organization() -> None:
    assert not admits(proof(Way.STAFF))


times = st.timedeltas(timedelta(days=-40), timedelta(0)).map(lambda span: NOW + span)
moments = st.one_of(st.none(), times)
holds = st.builds(
    DomainHold,
    parent_id=st.sampled_from([HERE, ELSEWHERE]),
    connection_id=st.sampled_from([None, OURS, THEIRS]),
    is_live=st.booleans(),
    is_lapsed=st.booleans(),
    is_shared=st.booleans(),
    enforced_products=st.frozensets(st.sampled_from([ASSISTANT, CONSOLE])),
    proofs_valid_from=moments,
)
proofs = st.builds(
    ProofFacts,
    way=st.sampled_from(Way),
    proved_at=times,
    connection_id=st.sampled_from([OURS, THEIRS]),
    connection_parent_id=st.sampled_from([HERE, ELSEWHERE]),
    connection_is_retired=st.booleans(),
    connection_proofs_valid_from=moments,
)
enforced = st.one_of(st.none(), st.builds(Enforced, enforced_at=times, email_proofs_valid_from=moments))
situations = st.builds(
    AdmitFacts,
    proofs=st.lists(proofs, max_size=4).map(tuple),
    last_seen_at=times,
    policy=st.just(POLICY),
    own_parent_id=st.sampled_from([None, HERE]),
    own_hold=st.one_of(st.none(), holds),
    enforced_here=enforced,
    requires_sso_of_everybody=st.booleans(),
    holder=st.one_of(st.none(), holds),
    enforced_by_holder=enforced,
    member_proofs_valid_from=moments,
)


@given(situations)
def test_nobody_is_admitted_without_a_proof_of_their_own(situation: AdmitFacts) -> None:
    if decide.admit(situation, now=NOW).admitted:
        assert any(p.way != Way.STAFF and not (p.way == Way.SSO and p.connection_is_retired) for p in situation.proofs)


@given(situations, proofs)
def test_another_proof_never_takes_an_entrance_away(situation: AdmitFacts, another: ProofFacts) -> None:
    if decide.admit(situation, now=NOW).admitted:
        assert decide.admit(replace(situation, proofs=(*situation.proofs, another)), now=NOW).admitted


def later(moment: datetime | None, span: timedelta) -> datetime:
    return (moment or NOW - timedelta(days=40)) + span


ENDINGS: dict[str, Callable[[AdmitFacts, timedelta], AdmitFacts]] = {
    "the parent's": lambda facts, span: replace(
        facts, policy=replace(facts.policy, proofs_valid_from=later(facts.policy.proofs_valid_from, span))
    ),
    "the member's": lambda facts, span: replace(
        facts, member_proofs_valid_from=later(facts.member_proofs_valid_from, span)
    ),
    "the domain's": lambda facts, span: replace(facts, own_hold=ended(facts.own_hold, span)),
    "the holder's": lambda facts, span: replace(facts, holder=ended(facts.holder, span)),
    "the connections'": lambda facts, span: replace(
        facts,
        proofs=tuple(
            replace(one, connection_proofs_valid_from=later(one.connection_proofs_valid_from, span))
            for one in facts.proofs
        ),
    ),
    "the enforcement's": lambda facts, span: replace(
        facts, enforced_here=facts.enforced_here and replace(facts.enforced_here, email_proofs_valid_from=NOW)
    ),
}


def ended(held: DomainHold | None, span: timedelta) -> DomainHold | None:
    return held and replace(held, proofs_valid_from=later(held.proofs_valid_from, span))


@given(situations, st.sampled_from(sorted(ENDINGS)), st.timedeltas(timedelta(0), timedelta(days=60)))
def test_ending_never_lets_more_in(situation: AdmitFacts, whose: str, span: timedelta) -> None:
    if not decide.admit(situation, now=NOW).admitted:
        assert not decide.admit(ENDINGS[whose](situation, span), now=NOW).admitted


@given(st.sampled_from(Way), st.lists(holds, max_size=3).map(tuple), st.sampled_from([None, ASSISTANT, CONSOLE]))
def test_r34_no_way_but_sso_is_admitted_where_it_is_not_offered(
    way: Way, held: tuple[DomainHold, ...], product: int | None
) -> None:
    offered = decide.offer(held, product=product, products=PRODUCTS)
    verdict = decide.admit_sign_in(sign_in_facts(way, held, product=product))

    if way == Way.SSO:
        assert not verdict.admitted or OURS in offered.connections
    elif way != Way.STAFF:
        assert verdict.admitted is offered.email
