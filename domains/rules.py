"""Decisions about domain claims: what an answer of DNS proves, what follows for the claim, when to look again.

Pure: no database, network or clock. `domains/names.py` holds the rules for names.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domains.checks import Hop, LookUp, ServerAnswer
from domains.models import ClaimState

# Spec 4.4 and 4.6
PENDING_LIFETIME = timedelta(days=7)
FAST_PACE = timedelta(seconds=30)
FAST_FOR = timedelta(minutes=15)
SLOWEST_PACE = timedelta(hours=1)
RECHECK_PACE = timedelta(days=1)
ABSENCE_UNTIL_LAPSE = timedelta(days=3)
REFRESH_PAUSE = timedelta(seconds=10)
# A tenth of a span, so that claims added or delayed together drift apart.
JITTER = 0.1


class Verdict(StrEnum):
    PROVEN = "proven"
    PARTLY_THERE = "partly_there"
    WRONG_VALUE = "wrong_value"
    ABSENT = "absent"
    COULD_NOT_CHECK = "could_not_check"
    # Proven, but another parent holds the name: found by the database when the claim was to become verified.
    HELD_ELSEWHERE = "held_elsewhere"


DEFINITELY_ABSENT = frozenset({Verdict.ABSENT, Verdict.WRONG_VALUE})


class _Agreement(StrEnum):
    YES = "yes"
    SOME = "some"
    NO = "no"
    UNKNOWN = "unknown"


def judge_challenge(look_up: LookUp, *, expected: str) -> Verdict:
    """Whether the name servers show the challenge's value (spec 4.4, R36).

    Proven is the value from two servers, or from the only one that answers and a resolver, or from one alone if the
    zone has only one; each CNAME on the way needs the same. Values are compared whole and exactly, after joining
    their strings (`dns.py`) and trimming. What couldn't be asked is never taken for absence.
    """
    if look_up.problem or not look_up.hops:
        return Verdict.COULD_NOT_CHECK
    *aliases, last = look_up.hops
    found = _agreement(last, lambda answer: any(value.strip() == expected for value in answer.values))
    if found is _Agreement.YES:
        proven = all(agreed_alias(hop) for hop in aliases)
        return Verdict.PROVEN if proven else Verdict.PARTLY_THERE
    if found is _Agreement.UNKNOWN:
        return Verdict.COULD_NOT_CHECK
    if found is _Agreement.SOME or any(answer.alias for answer in last.servers):
        # An alias that too few servers know wasn't followed; what stands behind it may be right.
        return Verdict.PARTLY_THERE
    is_other = any(value.strip() != expected for value in look_up.values)
    return Verdict.WRONG_VALUE if is_other else Verdict.ABSENT


def agreed_alias(hop: Hop) -> str:
    """The CNAME target that enough servers name for this hop, '' if none."""
    targets = dict.fromkeys(answer.alias for answer in (*hop.servers, *hop.resolvers) if answer.alias)
    return next((target for target in targets if _agreement(hop, _points_to(target)) is _Agreement.YES), "")


def _points_to(target: str) -> Callable[[ServerAnswer], bool]:
    return lambda answer: answer.alias == target


def is_settled_without_resolver(hop: Hop) -> bool:
    """Whether the authoritative servers' answers suffice, so that no resolver is led to remember a missing name."""
    definite = [answer for answer in hop.servers if answer.is_definite]
    if not definite:
        return False
    holding = [answer for answer in definite if answer.values or answer.alias]
    return len(definite) > 1 or len(hop.servers) == 1 or not holding


def _agreement(hop: Hop, has_it: Callable[[ServerAnswer], bool]) -> _Agreement:
    definite = [answer for answer in hop.servers if answer.is_definite]
    having = {answer.address for answer in definite if has_it(answer)}
    vouching = {answer.address for answer in hop.resolvers if answer.is_definite and has_it(answer)}
    if len(having) >= 2:
        return _Agreement.YES
    if having:
        is_only_server = len(hop.servers) == 1
        is_only_answer = len(definite) == 1
        return _Agreement.YES if is_only_server or (is_only_answer and vouching) else _Agreement.SOME
    if definite:
        return _Agreement.NO
    # No name server could be reached from here. Two resolvers are two servers; one alone could have been lied to.
    if vouching:
        return _Agreement.YES if len(vouching) >= 2 else _Agreement.SOME
    return _Agreement.NO if any(answer.is_definite for answer in hop.resolvers) else _Agreement.UNKNOWN


class Event(StrEnum):
    """What can happen to a claim. A check brings its verdict with it."""

    CHECKED = "checked"
    RESTARTED = "restarted"
    CONFIRMED_BY_STAFF = "confirmed_by_staff"
    REMOVED = "removed"


class Happening(StrEnum):
    """What an event meant: what is audited, and what managers are told."""

    VERIFIED = "verified"
    EXPIRED = "expired"
    LAPSED = "lapsed"
    RECOVERED = "recovered"
    RESTARTED = "restarted"
    REMOVED = "removed"
    # The record of a verified or lapsed domain is missing: managers hear of it once a day.
    MISSING = "missing"


class ImpossibleEvent(ValueError):
    """The state machine has no such arrow: a programming mistake; actions refuse with a typed error before."""


@dataclass(frozen=True)
class ClaimStanding:
    """The fields of a claim that the state machine reads and writes; all times are aware."""

    state: ClaimState
    polling_since: datetime
    expires_at: datetime
    is_manual: bool = False
    verified_at: datetime | None = None
    absent_since: datetime | None = None
    lapsed_at: datetime | None = None
    removed_at: datetime | None = None
    last_checked_at: datetime | None = None


@dataclass(frozen=True)
class Step:
    standing: ClaimStanding
    happening: Happening | None = None


def first_standing(*, now: datetime) -> ClaimStanding:
    """A claim that was just added."""
    return ClaimStanding(state=ClaimState.PENDING, polling_since=now, expires_at=now + PENDING_LIFETIME)


def advance(standing: ClaimStanding, event: Event, *, now: datetime, verdict: Verdict | None = None) -> Step:
    """What becomes of a claim. The only place that decides about its state; the same event twice changes nothing.

    `verdict` belongs to CHECKED. Raises ImpossibleEvent where the event can't happen in this state.
    """
    if event is Event.CHECKED:
        if verdict is None:
            raise ImpossibleEvent("a check without a verdict")
        return _checked(standing, verdict, now=now)
    if event is Event.REMOVED:
        if standing.state == ClaimState.REMOVED:
            return Step(standing)
        removed = replace(standing, state=ClaimState.REMOVED, removed_at=now, lapsed_at=None, absent_since=None)
        return Step(removed, Happening.REMOVED)
    if event is Event.RESTARTED and standing.state == ClaimState.EXPIRED:
        restarted = replace(standing, state=ClaimState.PENDING, polling_since=now, expires_at=now + PENDING_LIFETIME)
        return Step(restarted, Happening.RESTARTED)
    if event is Event.CONFIRMED_BY_STAFF and standing.state != ClaimState.REMOVED:
        confirmed = replace(_verified(standing, now=now), is_manual=True)
        return Step(confirmed, None if standing.state == ClaimState.VERIFIED else Happening.VERIFIED)
    raise ImpossibleEvent(f"{event} in state {standing.state}")


def _checked(standing: ClaimStanding, verdict: Verdict, *, now: datetime) -> Step:
    if standing.is_manual or standing.state in (ClaimState.REMOVED, ClaimState.EXPIRED):
        # An answer that was under way when somebody else decided: it comes too late to mean anything.
        return Step(standing)
    looked_at = replace(standing, last_checked_at=now)
    if verdict is Verdict.PROVEN:
        happening = {ClaimState.PENDING: Happening.VERIFIED, ClaimState.LAPSED: Happening.RECOVERED}
        return Step(_verified(looked_at, now=now), happening.get(standing.state))
    if standing.state == ClaimState.PENDING and now >= standing.expires_at:
        return Step(replace(looked_at, state=ClaimState.EXPIRED), Happening.EXPIRED)
    if standing.state != ClaimState.PENDING and verdict in DEFINITELY_ABSENT:
        return _absent(standing, looked_at, now=now)
    if standing.state == ClaimState.VERIFIED and verdict is Verdict.PARTLY_THERE:
        # Some server has it, so it isn't definitely gone; the days begin anew when it is.
        return Step(replace(looked_at, absent_since=None))
    return Step(looked_at)


def _absent(before: ClaimStanding, looked_at: ClaimStanding, *, now: datetime) -> Step:
    since = before.absent_since or now
    missing = replace(looked_at, absent_since=since)
    if before.state == ClaimState.VERIFIED and now - since >= ABSENCE_UNTIL_LAPSE:
        return Step(replace(missing, state=ClaimState.LAPSED, lapsed_at=now), Happening.LAPSED)
    is_first_today = before.absent_since is None or (
        before.last_checked_at is None or (now - since).days > (before.last_checked_at - since).days
    )
    return Step(missing, Happening.MISSING if is_first_today else None)


def _verified(standing: ClaimStanding, *, now: datetime) -> ClaimStanding:
    return replace(
        standing,
        state=ClaimState.VERIFIED,
        verified_at=standing.verified_at or now,
        absent_since=None,
        lapsed_at=None,
    )


def next_check_at(standing: ClaimStanding, *, now: datetime, luck: float) -> datetime | None:
    """When to look again, None for never. `luck`, from 0 to 1, spreads claims that were due together.

    Pending: every 30 seconds for 15 minutes, then after a tenth of the time waited so far, at most an hour; a last
    time when it expires. Verified and lapsed: daily, and when three days of absence are over.
    """
    if standing.is_manual or standing.state in (ClaimState.EXPIRED, ClaimState.REMOVED):
        return None
    if standing.state == ClaimState.PENDING:
        waited = now - standing.polling_since
        pace = FAST_PACE if waited < FAST_FOR else min(waited / 10, SLOWEST_PACE) * (1 - JITTER * luck)
        return min(now + pace, max(standing.expires_at, now))
    daily = now + RECHECK_PACE * (1 - JITTER * luck)
    if standing.state == ClaimState.VERIFIED and standing.absent_since:
        return max(min(daily, standing.absent_since + ABSENCE_UNTIL_LAPSE), now + FAST_PACE)
    return daily
