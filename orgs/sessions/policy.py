"""The session policy of a parent: what may be set, and in which words it is shown. No database here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from orgs.models import ParentOrganization
from orgs.models.organizations import RECENT_SIGN_IN, SESSION_IDLE, SESSION_LIFETIME

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# Spec 6.5.
LIFETIMES = (HOUR, 90 * DAY)
# When a session was last seen is noted every five minutes; a shorter span would sign out who is at work.
IDLE_TIMES = (timedelta(minutes=15), 90 * DAY)
# Longer than a day isn't "recent": what asks for it would be asked for nothing.
RECENT_SIGN_INS = (timedelta(minutes=5), DAY)

UNITS = {"minutes": timedelta(minutes=1), "hours": HOUR, "days": DAY}


@dataclass(frozen=True)
class SessionPolicy:
    """How long a sign-in counts, how long without a request, and how recent identity settings need one."""

    lifetime: timedelta
    idle: timedelta
    recent_sign_in: timedelta

    def as_facts(self) -> dict[str, int]:
        """In seconds, for plans and the audit log."""
        return {
            "lifetime": int(self.lifetime.total_seconds()),
            "idle": int(self.idle.total_seconds()),
            "recent_sign_in": int(self.recent_sign_in.total_seconds()),
        }


def policy_of(parent: ParentOrganization | None) -> SessionPolicy:
    """The parent's policy; without a parent, what counts for everybody."""
    if parent is None:
        return SessionPolicy(lifetime=SESSION_LIFETIME, idle=SESSION_IDLE, recent_sign_in=RECENT_SIGN_IN)
    return SessionPolicy(
        lifetime=parent.session_lifetime, idle=parent.session_idle, recent_sign_in=parent.recent_sign_in
    )


def judge_policy(policy: SessionPolicy) -> Iterator[tuple[str, str]]:
    """What can't be set, as (field, sentence); nothing if all of it can."""
    bounds = {"lifetime": LIFETIMES, "idle": IDLE_TIMES, "recent_sign_in": RECENT_SIGN_INS}
    for name, (shortest, longest) in bounds.items():
        if not shortest <= getattr(policy, name) <= longest:
            yield name, f"Choose between {describe_span(shortest)} and {describe_span(longest)}."
            return
    if policy.idle > policy.lifetime:
        yield "idle", f"Choose at most {describe_span(policy.lifetime)}: a sign-in doesn't count for longer."
    if policy.recent_sign_in > policy.lifetime:
        yield "recent_sign_in", f"Choose at most {describe_span(policy.lifetime)}: a sign-in doesn't count for longer."


def describe_span(span: timedelta) -> str:
    """A span in the largest unit that it is a whole number of: 30 days, 36 hours, 90 minutes."""
    amount, unit = split_span(span)
    return f"{amount} {unit.removesuffix('s') if amount == 1 else unit}"


def split_span(span: timedelta) -> tuple[int, str]:
    """The amount and unit that a form shows a span in; from two days on, days."""
    for unit, length in reversed(UNITS.items()):
        amount, rest = divmod(span, length)
        if amount and not rest:
            # A policy says "24 hours" and "1 hour" where a person would.
            return (24, "hours") if (amount, unit) == (1, "days") else (amount, unit)
    return max(1, round(span / UNITS["minutes"])), "minutes"


def absolute_lifetime() -> timedelta:
    """After so long every session of this deployment is over, whatever a parent's policy says."""
    span: timedelta = settings.SESSION_ABSOLUTE_LIFETIME
    return span
