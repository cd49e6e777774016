"""What answers prove, and what becomes of a claim: tables and properties without database, network or clock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.checks import Hop, LookUp, Outcome, Problem, ServerAnswer
from domains.models import ClaimState
from domains.rules import (
    ABSENCE_UNTIL_LAPSE,
    ClaimStanding,
    Event,
    Happening,
    ImpossibleEvent,
    Verdict,
    advance,
    first_standing,
    judge_challenge,
    next_check_at,
)

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
VALUE = "acmeidentity-domain-verification=0123"
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def answer(number: int, *values: str, outcome: Outcome | None = None, alias: str = "") -> ServerAnswer:
    found = Outcome.ANSWERED if values or alias else Outcome.NO_SUCH_NAME
    return ServerAnswer(f"ns{number}", f"192.0.2.{number}", outcome or found, values, alias)


def look_up(*servers: ServerAnswer, resolvers: tuple[ServerAnswer, ...] = ()) -> LookUp:
    return LookUp(hops=(Hop("challenge", "zone", servers, resolvers),))


DEAD = Outcome.TIMEOUT
THERE, GONE, SILENT = answer(1, VALUE), answer(2), answer(3, outcome=DEAD)
RESOLVED, UNRESOLVED = answer(8, VALUE), answer(8)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (look_up(THERE, answer(2, VALUE)), Verdict.PROVEN),
        (look_up(THERE, answer(2, VALUE), GONE), Verdict.PROVEN),
        (look_up(THERE), Verdict.PROVEN),
        (look_up(THERE, SILENT, resolvers=(RESOLVED,)), Verdict.PROVEN),
        (look_up(THERE, SILENT, resolvers=(UNRESOLVED,)), Verdict.PARTLY_THERE),
        (look_up(THERE, SILENT), Verdict.PARTLY_THERE),
        (look_up(THERE, GONE), Verdict.PARTLY_THERE),
        (look_up(THERE, GONE, resolvers=(RESOLVED,)), Verdict.PARTLY_THERE),
        (look_up(answer(1, VALUE), answer(1, VALUE), GONE), Verdict.PARTLY_THERE),
        (look_up(GONE, SILENT), Verdict.ABSENT),
        (look_up(GONE, resolvers=(RESOLVED,)), Verdict.ABSENT),
        (look_up(answer(1, outcome=Outcome.NO_DATA)), Verdict.ABSENT),
        (look_up(answer(1, "v=spf1"), answer(2)), Verdict.WRONG_VALUE),
        (look_up(answer(1, VALUE + "x"), answer(2, VALUE.upper())), Verdict.WRONG_VALUE),
        (look_up(answer(1, f" {VALUE}\t"), answer(2, "v=spf1", VALUE)), Verdict.PROVEN),
        (look_up(SILENT, answer(1, outcome=Outcome.SERVER_FAILURE)), Verdict.COULD_NOT_CHECK),
        (look_up(answer(1, VALUE, outcome=Outcome.NOT_AUTHORITATIVE)), Verdict.COULD_NOT_CHECK),
        (look_up(SILENT, resolvers=(RESOLVED, answer(9, VALUE))), Verdict.PROVEN),
        (look_up(SILENT, resolvers=(RESOLVED,)), Verdict.PARTLY_THERE),
        (look_up(SILENT, resolvers=(UNRESOLVED,)), Verdict.ABSENT),
        (LookUp(problem=Problem.ZONE_NOT_FOUND), Verdict.COULD_NOT_CHECK),
        (LookUp(), Verdict.COULD_NOT_CHECK),
        (look_up(answer(1, alias="b"), GONE), Verdict.PARTLY_THERE),
    ],
)
def test_r36_what_servers_say_is_proof_absence_or_nothing(found: LookUp, verdict: Verdict) -> None:
    assert judge_challenge(found, expected=VALUE) is verdict


def test_r36_an_alias_on_the_way_needs_as_many_servers_as_the_value() -> None:
    both = Hop("challenge", "zone", (answer(1, alias="b"), answer(2, alias="b")))
    one = Hop("challenge", "zone", (answer(1, alias="b"), answer(2, alias="c")))
    end = Hop("b", "other", (answer(4, VALUE), answer(5, VALUE)))

    assert judge_challenge(LookUp((both, end)), expected=VALUE) is Verdict.PROVEN
    assert judge_challenge(LookUp((one, end)), expected=VALUE) is Verdict.PARTLY_THERE


def checked(standing: ClaimStanding, verdict: Verdict, *, at: datetime) -> tuple[ClaimStanding, Happening | None]:
    step = advance(standing, Event.CHECKED, verdict=verdict, now=at)
    return step.standing, step.happening


def verified_standing() -> ClaimStanding:
    return checked(first_standing(now=NOW), Verdict.PROVEN, at=NOW)[0]


def test_a_pending_claim_is_verified_by_proof_and_by_nothing_else() -> None:
    for verdict in Verdict:
        standing, happening = checked(first_standing(now=NOW), verdict, at=NOW + MINUTE)
        assert (standing.state == ClaimState.VERIFIED) is (verdict is Verdict.PROVEN)
        assert happening is (Happening.VERIFIED if verdict is Verdict.PROVEN else None)


def test_a_pending_claim_expires_after_seven_days_unless_the_last_look_proves_it() -> None:
    standing = first_standing(now=NOW)

    assert checked(standing, Verdict.ABSENT, at=NOW + 7 * DAY - MINUTE)[0].state == ClaimState.PENDING
    assert checked(standing, Verdict.COULD_NOT_CHECK, at=NOW + 7 * DAY)[1] is Happening.EXPIRED
    assert checked(standing, Verdict.PROVEN, at=NOW + 7 * DAY)[1] is Happening.VERIFIED


def test_a_restart_gives_seven_more_days() -> None:
    expired, _ = checked(first_standing(now=NOW), Verdict.ABSENT, at=NOW + 8 * DAY)
    restarted = advance(expired, Event.RESTARTED, now=NOW + 9 * DAY).standing

    assert restarted.state == ClaimState.PENDING
    assert restarted.expires_at == NOW + 16 * DAY
    with pytest.raises(ImpossibleEvent):
        advance(restarted, Event.RESTARTED, now=NOW + 9 * DAY)


def test_three_days_of_definite_absence_lapse_a_verified_domain() -> None:
    standing, happening = checked(verified_standing(), Verdict.ABSENT, at=NOW + DAY)
    assert (standing.state, happening) == (ClaimState.VERIFIED, Happening.MISSING)

    for day in (2, 3):
        standing, happening = checked(standing, Verdict.WRONG_VALUE, at=NOW + day * DAY)
        assert (standing.state, happening) == (ClaimState.VERIFIED, Happening.MISSING)

    standing, happening = checked(standing, Verdict.ABSENT, at=NOW + 4 * DAY)
    assert (standing.state, happening) == (ClaimState.LAPSED, Happening.LAPSED)


def test_managers_hear_of_a_missing_record_once_a_day() -> None:
    standing, first = checked(verified_standing(), Verdict.ABSENT, at=NOW + DAY)
    standing, same_day = checked(standing, Verdict.ABSENT, at=NOW + DAY + timedelta(hours=23))
    _, next_day = checked(standing, Verdict.ABSENT, at=NOW + 2 * DAY)

    assert (first, same_day, next_day) == (Happening.MISSING, None, Happening.MISSING)


@pytest.mark.parametrize("verdict", [Verdict.COULD_NOT_CHECK, Verdict.PARTLY_THERE, Verdict.HELD_ELSEWHERE])
def test_what_is_not_definite_absence_never_lapses(verdict: Verdict) -> None:
    standing, _ = checked(verified_standing(), Verdict.ABSENT, at=NOW + DAY)

    assert checked(standing, verdict, at=NOW + 9 * DAY)[0].state == ClaimState.VERIFIED


def test_failed_checks_between_neither_count_nor_reset_the_days() -> None:
    standing, _ = checked(verified_standing(), Verdict.ABSENT, at=NOW + DAY)
    standing, _ = checked(standing, Verdict.COULD_NOT_CHECK, at=NOW + 2 * DAY)

    assert checked(standing, Verdict.ABSENT, at=NOW + 4 * DAY)[1] is Happening.LAPSED


def test_a_record_that_is_back_ends_the_absence() -> None:
    standing, _ = checked(verified_standing(), Verdict.ABSENT, at=NOW + DAY)
    standing, happening = checked(standing, Verdict.PROVEN, at=NOW + 2 * DAY)
    assert (standing.absent_since, happening) == (None, None)

    assert checked(standing, Verdict.ABSENT, at=NOW + 5 * DAY)[0].state == ClaimState.VERIFIED


def test_a_lapsed_domain_recovers_with_its_record_and_stays_verified_since_the_first_time() -> None:
    standing, _ = checked(verified_standing(), Verdict.ABSENT, at=NOW + DAY)
    lapsed, _ = checked(standing, Verdict.ABSENT, at=NOW + 4 * DAY)
    back, happening = checked(lapsed, Verdict.PROVEN, at=NOW + 20 * DAY)

    assert (back.state, happening) == (ClaimState.VERIFIED, Happening.RECOVERED)
    assert (back.verified_at, back.lapsed_at, back.absent_since) == (NOW, None, None)


def test_a_claim_verified_by_hand_is_not_checked_again() -> None:
    standing = advance(first_standing(now=NOW), Event.CONFIRMED_BY_STAFF, now=NOW).standing

    assert next_check_at(standing, now=NOW, luck=0) is None
    assert checked(standing, Verdict.ABSENT, at=NOW + 30 * DAY) == (standing, None)


def test_an_answer_that_comes_after_the_removal_changes_nothing() -> None:
    removed = advance(verified_standing(), Event.REMOVED, now=NOW + DAY).standing

    assert checked(removed, Verdict.PROVEN, at=NOW + DAY) == (removed, None)
    assert advance(removed, Event.REMOVED, now=NOW + 2 * DAY).happening is None


EVENTS = st.lists(
    st.tuples(st.sampled_from(Event), st.sampled_from(Verdict), st.integers(1, 5 * 24 * 60)), min_size=1, max_size=40
)


@given(EVENTS)
def test_no_history_leads_to_a_standing_the_database_would_refuse(history: list[tuple[Event, Verdict, int]]) -> None:
    standing, now = first_standing(now=NOW), NOW
    for event, verdict, minutes in history:
        now += minutes * MINUTE
        before = standing
        try:
            step = advance(before, event, verdict=verdict, now=now)
        except ImpossibleEvent:
            continue
        standing = step.standing
        assert (standing.state in ("verified", "lapsed")) <= (standing.verified_at is not None)
        assert (standing.state == ClaimState.LAPSED) is (standing.lapsed_at is not None)
        assert (standing.state == ClaimState.REMOVED) is (standing.removed_at is not None)
        if before.state == ClaimState.REMOVED:
            assert standing == before
        if standing.state == ClaimState.LAPSED and before.state != ClaimState.LAPSED:
            assert before.absent_since
            assert now - before.absent_since >= ABSENCE_UNTIL_LAPSE
        if before.state != standing.state:
            assert step.happening is not None
        again = advance(standing, Event.CHECKED, verdict=verdict, now=now)
        assert again.standing.state == advance(again.standing, Event.CHECKED, verdict=verdict, now=now).standing.state
        due = next_check_at(standing, now=now, luck=0.5)
        assert (due is None) is (standing.is_manual or standing.state in ("expired", "removed"))
        assert due is None or due >= now


def due_after(standing: ClaimStanding, waited: timedelta, *, luck: float = 0.0) -> timedelta:
    due = next_check_at(standing, now=standing.polling_since + waited, luck=luck)
    assert due is not None
    return due - standing.polling_since - waited


def test_pending_claims_are_looked_at_every_30_seconds_then_ever_more_rarely() -> None:
    standing = first_standing(now=NOW)

    assert due_after(standing, timedelta(0)) == timedelta(seconds=30)
    assert due_after(standing, timedelta(minutes=14, seconds=59), luck=1) == timedelta(seconds=30)
    assert due_after(standing, timedelta(minutes=15)) == timedelta(seconds=90)
    assert due_after(standing, timedelta(hours=1)) == timedelta(minutes=6)
    assert due_after(standing, timedelta(hours=10)) == timedelta(hours=1)
    assert due_after(standing, timedelta(days=6)) == timedelta(hours=1)


@given(st.integers(0, 7 * 24 * 3600), st.floats(0, 1))
def test_the_pace_never_exceeds_an_hour_nor_the_expiry(seconds: int, luck: float) -> None:
    standing = first_standing(now=NOW)
    pause = due_after(standing, timedelta(seconds=seconds), luck=luck)

    assert pause <= timedelta(hours=1)
    assert NOW + timedelta(seconds=seconds) + pause <= standing.expires_at


def test_verified_domains_are_looked_at_daily_and_when_three_days_are_over() -> None:
    standing = verified_standing()
    assert next_check_at(standing, now=NOW, luck=0) == NOW + DAY
    assert next_check_at(standing, now=NOW, luck=1) == NOW + DAY * 0.9

    missing, _ = checked(standing, Verdict.ABSENT, at=NOW)
    assert next_check_at(missing, now=NOW + 2.5 * DAY, luck=0) == NOW + 3 * DAY
