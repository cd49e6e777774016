"""Decisions about emailed sign-in: plain values in, an answer out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# Of a million codes, one address gives a guesser ten a day (spec 6.6).
MAX_WRONG_CODES_OF_ADDRESS = 10
WRONG_CODES_COUNT_FOR = timedelta(hours=24)
LINK_ONLY_FOR = timedelta(hours=24)
# After so long a wrong code has no part in any answer, so that its mail may be forgotten.
WRONG_CODES_MATTER_FOR = WRONG_CODES_COUNT_FOR + LINK_ONLY_FOR


@dataclass(frozen=True)
class WrongCodes:
    """The wrong codes typed for one mail. All count as typed at the last: a mail's life is 15 minutes."""

    count: int
    last_at: datetime


def link_only_until(wrong: Sequence[WrongCodes], *, now: datetime) -> datetime | None:
    """Until when an address is signed in to by link alone, from the wrong codes of all its mails; None: codes work.

    Ten within 24 hours end the codes, for 24 hours from the last of them (spec 6.6). One that seems to lie ahead of
    `now`, because it came at the same moment or to a process whose clock is fast, counts as typed now.
    """
    typed = [WrongCodes(each.count, min(each.last_at, now)) for each in wrong if each.count > 0]
    until = None
    for latest in sorted(typed, key=lambda each: each.last_at):
        window = [
            each.count for each in typed if latest.last_at - WRONG_CODES_COUNT_FOR < each.last_at <= latest.last_at
        ]
        if sum(window) >= MAX_WRONG_CODES_OF_ADDRESS:
            until = latest.last_at + LINK_ONLY_FOR
    return until if until and now < until else None
