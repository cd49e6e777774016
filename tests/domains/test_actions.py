"""What managers and the clock can do to claims."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from audit.actors import SYSTEM, Actor
from audit.models import AuditEvent, OutboxMessage
from domains import actions, queries
from domains.challenge import challenge_for
from domains.checks import Hop, LookUp, Outcome, ServerAnswer
from domains.errors import (
    AlreadyClaimed,
    CheckedJustNow,
    DomainAlreadyVerified,
    NotRestartable,
    PublicMailDomain,
    TooManyOpenClaims,
)
from domains.models import ClaimState, DomainClaim, ShareableName
from domains.rules import Happening, Verdict
from orgs.models import ParentOrganization
from tests.cast import Cast, verified_domain
from tests.domains.conftest import AddClaim
from tests.domains.zones import proof, serving, zone

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def seen(claim: DomainClaim, *values: str, outcome: Outcome = Outcome.ANSWERED) -> LookUp:
    servers = tuple(ServerAnswer(f"ns{n}", f"192.0.2.{n}", outcome, values) for n in (1, 2))
    return LookUp(hops=(Hop(challenge_for(claim.name, token=claim.token).name, claim.name, servers),))


def shown(claim: DomainClaim) -> LookUp:
    return seen(claim, challenge_for(claim.name, token=claim.token).value)


def missing(claim: DomainClaim) -> LookUp:
    return seen(claim, outcome=Outcome.NO_SUCH_NAME)


def record(claim: DomainClaim, look_up: LookUp, *, at: datetime) -> actions.ClaimCheck:
    return actions.record_check(claim, look_up, actor=SYSTEM, now=at)


def codes(claim: DomainClaim) -> list[str]:
    return list(AuditEvent.objects.filter(target_id=claim.id.hex).order_by("id").values_list("code", flat=True))


def mails() -> list[tuple[str, str]]:
    return sorted((mail.payload["to"], mail.payload["template"]) for mail in OutboxMessage.objects.filter(topic="mail"))


def test_an_added_domain_is_pending_and_a_worker_is_woken(
    add_claim: AddClaim, woken: list[Any], now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        claim = add_claim(" Alice@Northwind.example ")

    assert (claim.name, claim.state) == ("northwind.example", ClaimState.PENDING)
    assert claim.expires_at == now + 7 * DAY
    assert woken == [(claim.parent_id.hex, claim.id.hex)]
    assert codes(claim) == ["domain.added"]


def test_r36_tokens_are_random_and_of_128_bit(add_claim: AddClaim) -> None:
    tokens = {add_claim(f"{number}.northwind.example").token for number in range(20)}

    assert len(tokens) == 20
    assert all(len(bytes.fromhex(token)) * 8 >= 128 for token in tokens)


def test_r37_pending_claims_of_two_parents_coexist(add_claim: AddClaim, cast: Cast) -> None:
    first = add_claim()
    second = add_claim(parent=cast.globex_group, by=cast.charlie)

    assert first.name == second.name
    assert first.token != second.token
    assert queries.holder_of("northwind.example") is None


def test_a_name_is_claimed_once_by_a_parent(add_claim: AddClaim) -> None:
    claim = add_claim()

    with pytest.raises(AlreadyClaimed) as caught:
        add_claim("NORTHWIND.example")

    assert caught.value.claim == claim


def test_the_database_refuses_the_second_claim_that_was_added_at_the_same_time(
    add_claim: AddClaim, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_claim()
    monkeypatch.setattr(actions, "_refuse_known", lambda parent, name: None)

    with pytest.raises(AlreadyClaimed):
        add_claim()


def test_a_removed_name_can_be_claimed_again_with_a_new_token(add_claim: AddClaim, now: datetime) -> None:
    old = add_claim()
    DomainClaim.unscoped.filter(id=old.id).update(state=ClaimState.REMOVED, removed_at=now, next_check_at=None)

    assert add_claim().token != old.token


def test_a_name_that_cannot_be_claimed_leaves_nothing_behind(add_claim: AddClaim, cast: Cast) -> None:
    with pytest.raises(PublicMailDomain):
        add_claim("gmail.com")

    assert not queries.claims_of(cast.acme_group).exists()


def open_many(parent: ParentOrganization, *, added_by: User, state: str = ClaimState.PENDING) -> None:
    for number in range(actions.MOST_OPEN_CLAIMS):
        verified_domain(parent, f"n{number}.example", added_by=added_by, state=state)


def test_a_parent_has_two_hundred_open_claims_at_most(add_claim: AddClaim, cast: Cast) -> None:
    """Each is asked about in DNS for a week, at whatever servers its name leads to."""
    open_many(cast.acme_group, added_by=cast.alice)

    with pytest.raises(TooManyOpenClaims):
        add_claim("one-more.example")

    assert not DomainClaim.unscoped.filter(name="one-more.example").exists()
    assert add_claim("one-more.example", parent=cast.globex_group, by=cast.charlie).state == ClaimState.PENDING


def test_verified_claims_are_not_counted_as_open(add_claim: AddClaim, cast: Cast) -> None:
    open_many(cast.acme_group, added_by=cast.alice, state=ClaimState.VERIFIED)

    assert add_claim("one-more.example").state == ClaimState.PENDING


def test_an_expired_claim_is_not_started_again_beside_two_hundred_open_ones(
    add_claim: AddClaim, cast: Cast, now: datetime
) -> None:
    claim = add_claim()
    expired = record(claim, missing(claim), at=now + 7 * DAY).claim
    open_many(cast.acme_group, added_by=cast.alice)

    with pytest.raises(TooManyOpenClaims):
        actions.restart_claim(expired, actor=Actor.of(cast.alice), now=now + 8 * DAY)


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_the_parent_is_locked_before_its_open_claims_are_counted(
    add_claim: AddClaim, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(20) as captured:
        add_claim()

    statements = [query["sql"] for query in captured]
    locked = next(number for number, sql in enumerate(statements) if "FOR NO KEY UPDATE" in sql)
    counted = next(number for number, sql in enumerate(statements) if "COUNT(" in sql)
    assert '"orgs_parentorganization"' in statements[locked]
    assert locked < counted


def test_a_name_another_parent_verified_is_refused_without_saying_whose_it_is(
    add_claim: AddClaim, cast: Cast, now: datetime
) -> None:
    record(claim := add_claim(), shown(claim), at=now)

    with pytest.raises(DomainAlreadyVerified) as caught:
        add_claim(parent=cast.globex_group, by=cast.charlie)

    told = f"{caught.value.message_text} {caught.value.remedy_text}"
    assert "Acme" not in told.replace("acme.example", "")


def test_claims_on_a_shareable_name_are_born_shared(add_claim: AddClaim, cast: Cast, now: datetime) -> None:
    ShareableName.objects.create(name="northwind.example", marked_by=cast.sam, marked_at=now, reason="Joint venture")
    mine, theirs = add_claim(), add_claim(parent=cast.globex_group, by=cast.charlie)

    for claim in (mine, theirs):
        assert record(claim, shown(claim), at=now).happening is Happening.VERIFIED
    assert queries.holder_of("northwind.example") is None


def test_a_shared_name_that_another_parent_verified_can_still_be_claimed(
    add_claim: AddClaim, cast: Cast, now: datetime
) -> None:
    ShareableName.objects.create(name="northwind.example", marked_by=cast.sam, marked_at=now, reason="Joint venture")
    record(claim := add_claim(), shown(claim), at=now)

    assert add_claim(parent=cast.globex_group, by=cast.charlie).state == ClaimState.PENDING


def test_proof_verifies_and_tells_the_managers(add_claim: AddClaim, cast: Cast, now: datetime) -> None:
    claim = add_claim()
    check = record(claim, shown(claim), at=now)

    assert (check.verdict, check.happening) == (Verdict.PROVEN, Happening.VERIFIED)
    assert check.claim.state == ClaimState.VERIFIED
    assert codes(claim) == ["domain.added", "domain.verified"]
    assert mails() == [("alice@acme.example", "domain_verified")]


def test_the_same_proof_twice_changes_and_tells_nothing_more(add_claim: AddClaim, now: datetime) -> None:
    claim = add_claim()
    record(claim, shown(claim), at=now)
    again = record(claim, shown(claim), at=now + timedelta(seconds=1))

    assert again.happening is None
    assert codes(claim) == ["domain.added", "domain.verified"]
    assert len(mails()) == 1


def test_an_older_answer_does_not_replace_a_newer_one(add_claim: AddClaim, now: datetime) -> None:
    claim = add_claim()
    record(claim, shown(claim), at=now + timedelta(seconds=5))
    late = record(claim, missing(claim), at=now)

    assert late.claim.verdict == Verdict.PROVEN


def test_verifying_assigns_the_domain_to_nothing(add_claim: AddClaim, cast: Cast, now: datetime) -> None:
    record(claim := add_claim(), shown(claim), at=now)

    assert queries.holder_of("northwind.example") == claim
    assert queries.serving_claim("northwind.example") is None
    assert queries.assigned_domains(cast.acme_group) == set()


def test_the_second_parent_that_proves_a_name_stays_pending_and_reads_why(
    add_claim: AddClaim, cast: Cast, now: datetime
) -> None:
    mine, theirs = add_claim(), add_claim(parent=cast.globex_group, by=cast.charlie)
    record(mine, shown(mine), at=now)
    check = record(theirs, shown(theirs), at=now)

    assert (check.verdict, check.happening) == (Verdict.HELD_ELSEWHERE, None)
    assert check.claim.state == ClaimState.PENDING
    assert check.claim.next_check_at is not None
    assert codes(theirs) == ["domain.added"]


def test_a_check_that_failed_is_repeated_and_shown(add_claim: AddClaim, now: datetime) -> None:
    claim = add_claim()
    check = record(claim, seen(claim, outcome=Outcome.TIMEOUT), at=now)

    assert check.verdict is Verdict.COULD_NOT_CHECK
    assert check.claim.next_check_at == now + timedelta(seconds=30)
    assert [row["kind"] for row in check.claim.findings] == ["hop"]


def test_an_expired_claim_is_no_longer_looked_at_and_restarts_with_the_same_token(
    add_claim: AddClaim, cast: Cast, now: datetime
) -> None:
    claim = add_claim()
    expired = record(claim, missing(claim), at=now + 7 * DAY).claim
    assert (expired.state, expired.next_check_at) == (ClaimState.EXPIRED, None)

    restarted = actions.restart_claim(expired, actor=Actor.of(cast.alice), now=now + 8 * DAY)

    assert (restarted.state, restarted.token) == (ClaimState.PENDING, claim.token)
    assert restarted.next_check_at == now + 8 * DAY
    assert codes(claim) == ["domain.added", "domain.expired", "domain.restarted"]
    with pytest.raises(NotRestartable):
        actions.restart_claim(restarted, actor=Actor.of(cast.alice))


def test_a_domain_whose_record_is_gone_lapses_and_its_managers_are_told_each_day(
    add_claim: AddClaim, now: datetime
) -> None:
    record(claim := add_claim(), shown(claim), at=now)
    for day in range(1, 7):
        checked = record(claim, missing(claim), at=now + day * DAY).claim

    assert checked.state == ClaimState.LAPSED
    assert [template for _, template in mails()] == ["domain_lapsed"] * 3 + ["domain_lapsing"] * 3 + ["domain_verified"]
    assert codes(claim)[-3:] == ["domain.lapsed", "domain.record_missing", "domain.record_missing"]

    back = record(claim, shown(claim), at=now + 7 * DAY)
    assert back.claim.state == ClaimState.VERIFIED
    assert mails()[0][1] == "domain_lapsed"
    assert ("alice@acme.example", "domain_recovered") in mails()


def test_what_the_door_asks_is_asked_anew_when_a_domain_lapses(add_claim: AddClaim, cast: Cast, now: datetime) -> None:
    record(claim := add_claim(), shown(claim), at=now)
    cast.acme_group.refresh_from_db()
    before = cast.acme_group.access_version
    for day in (1, 4):
        record(claim, missing(claim), at=now + day * DAY)

    cast.acme_group.refresh_from_db()
    assert cast.acme_group.access_version != before


def test_refresh_looks_at_once_and_says_when_it_may_again(
    add_claim: AddClaim, cast: Cast, now: datetime, settings: Any
) -> None:
    claim, alice = add_claim(), Actor.of(cast.alice)
    with serving(settings, zone(proof(challenge_for(claim.name, token=claim.token).value))):
        check = actions.refresh_claim(claim, actor=alice, now=now + timedelta(seconds=1))
        assert check.happening is Happening.VERIFIED
        with pytest.raises(CheckedJustNow) as caught:
            actions.refresh_claim(claim, actor=alice, now=now + timedelta(seconds=4))

    assert caught.value.status == 429
    assert "7 seconds" in caught.value.remedy_text
    assert AuditEvent.objects.get(code="domain.verified").actor_label == "Alice"


def test_one_failing_claim_does_not_keep_others_from_being_recorded(
    add_claim: AddClaim, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = add_claim(), add_claim("eu.northwind.example")
    really_record = actions.record_check

    def record_or_fail(claim: DomainClaim, *arguments: Any, **named: Any) -> Any:
        if claim == bad:
            raise RuntimeError("the disk is full")
        return really_record(claim, *arguments, **named)

    monkeypatch.setattr(actions, "record_check", record_or_fail)
    with serving(settings, zone(proof(challenge_for(good.name, token=good.token).value))):
        actions.check_claims([bad, good])

    good.refresh_from_db()
    assert good.state == ClaimState.VERIFIED


def test_due_claims_are_taken_once_and_again_when_the_lease_is_over(add_claim: AddClaim, now: datetime) -> None:
    claims = [add_claim(f"{number}.northwind.example") for number in range(3)]

    assert actions.take_due_claims(now=now, limit=2) == claims[:2]
    assert actions.take_due_claims(now=now, limit=2) == claims[2:]
    assert actions.take_due_claims(now=now + actions.LEASE, limit=9) == claims


def test_one_claim_is_taken_by_one_worker(add_claim: AddClaim, cast: Cast, now: datetime) -> None:
    claim = add_claim()

    assert actions.take_claim(cast.globex_group.id, claim.id, now=now) is None, "asked for under another parent"
    assert actions.take_claim(claim.parent_id, claim.id, now=now) == claim
    assert actions.take_claim(claim.parent_id, claim.id, now=now) is None


def test_the_list_of_claims_takes_one_query(
    add_claim: AddClaim, cast: Cast, django_assert_num_queries: Any, now: datetime
) -> None:
    User.objects.create(email="ann@northwind.example", created_at=now)
    for text in ("northwind.example", "eu.northwind.example", "acme.example"):
        add_claim(text)

    with django_assert_num_queries(1):
        listed = [(claim.name, claim.people, claim.connection) for claim in queries.claims_of(cast.acme_group)]

    assert listed == [("acme.example", 2, None), ("eu.northwind.example", 0, None), ("northwind.example", 1, None)]
    assert queries.people_count(queries.claims_of(cast.acme_group)[0]) == 2


def test_the_holder_of_a_name_comes_with_its_parent_in_one_query(
    add_claim: AddClaim, cast: Cast, now: datetime, django_assert_num_queries: Any
) -> None:
    record(claim := add_claim(), shown(claim), at=now)

    with django_assert_num_queries(1):
        holder = queries.holder_of("northwind.example")
        assert holder is not None
        assert holder.parent == cast.acme_group
        assert holder.connection is None


def test_locks_are_taken_parent_first(add_claim: AddClaim, now: datetime, django_assert_max_num_queries: Any) -> None:
    claim = add_claim()
    with django_assert_max_num_queries(20) as captured:
        record(claim, shown(claim), at=now)

    if connection.vendor == "postgresql":
        locks = [query["sql"] for query in captured if "FOR NO KEY UPDATE" in query["sql"]]
        assert ["orgs_parentorganization" in sql.partition("FROM")[2] for sql in locks] == [True, False]
