"""When an address is signed in to by link alone: ten wrong codes within a day, for a day (spec 6.6)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules import LINK_ONLY_FOR, MAX_WRONG_CODES_OF_ADDRESS, WrongCodes, link_only_until

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def wrong(count: int, *, hours_ago: float = 0.0) -> WrongCodes:
    return WrongCodes(count, NOON - timedelta(hours=hours_ago))


TABLE = [
    ("none were typed", [], None),
    ("nine", [wrong(5), wrong(4, hours_ago=3)], None),
    ("ten at once", [wrong(5), wrong(5)], 24),
    ("ten, the last an hour ago", [wrong(5, hours_ago=20), wrong(5, hours_ago=1)], 23),
    ("ten, but not within a day", [wrong(5, hours_ago=24), wrong(5)], None),
    ("just within a day", [wrong(5, hours_ago=23.99), wrong(5)], 24),
    ("ten a day ago: over", [wrong(5, hours_ago=25), wrong(5, hours_ago=24)], None),
    ("ten nearly a day ago", [wrong(5, hours_ago=30), wrong(5, hours_ago=23)], 1),
    ("a pause is not made longer by less than ten more", [wrong(10, hours_ago=30), wrong(3)], None),
    ("ten by a clock two minutes fast", [wrong(10, hours_ago=-0.03)], 24),
    ("ten more are", [wrong(10, hours_ago=20), wrong(3, hours_ago=1)], 23),
]


@pytest.mark.parametrize(("case", "typed", "hours"), TABLE, ids=[case for case, _, _ in TABLE])
def test_codes_pause_after_ten_wrong_ones(case: str, typed: list[WrongCodes], hours: int | None) -> None:
    expected = NOON + timedelta(hours=hours) if hours is not None else None

    assert link_only_until(typed, now=NOON) == expected


anything = st.lists(
    st.builds(
        WrongCodes,
        count=st.integers(0, 5),
        last_at=st.integers(0, 60 * 60).map(lambda minutes: NOON - timedelta(minutes=minutes)),
    ),
    max_size=12,
)


@given(anything)
def test_a_pause_begins_with_the_tenth_and_never_lasts_longer_than_a_day(typed: list[WrongCodes]) -> None:
    until = link_only_until(typed, now=NOON)

    of_today = sum(each.count for each in typed if each.last_at > NOON - timedelta(hours=24))
    if of_today >= MAX_WRONG_CODES_OF_ADDRESS:
        assert until is not None
    if until is not None:
        assert NOON < until <= NOON + LINK_ONLY_FOR
        assert sum(each.count for each in typed) >= MAX_WRONG_CODES_OF_ADDRESS
        assert link_only_until(typed, now=until) is None


@given(anything, st.integers(1, 5))
def test_one_more_wrong_code_never_ends_a_pause(typed: list[WrongCodes], count: int) -> None:
    before = link_only_until(typed, now=NOON)
    after = link_only_until([*typed, WrongCodes(count, NOON)], now=NOON)

    assert before is None or (after is not None and after >= before)
