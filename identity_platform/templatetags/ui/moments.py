"""Times for people: relative up to a day, then the date; always UTC, and the exact time never further than a hover."""

from datetime import UTC, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

DAY = timedelta(days=1)


@register.simple_tag
def when(moment: datetime | None, *, never: str = "Never", now: datetime | None = None) -> SafeString | str:
    """Say when something was or will be, in a `<time>` with the exact moment; `never` stands for no time at all."""
    if moment is None:
        return never
    return _mark_time(moment, describe_moment(moment, now=now or timezone.now()))


@register.simple_tag
def exact(moment: datetime | None, *, never: str = "Never") -> SafeString | str:
    """Write the moment out with its zone: 24 November 2026, 09:52 UTC."""
    if moment is None:
        return never
    return _mark_time(moment, format_date(moment.astimezone(UTC), "j F Y, H:i") + " UTC")


@register.simple_tag
def date(moment: datetime | None, *, never: str = "Never") -> SafeString | str:
    """Write the date alone, for what lies days away: 14 January 2027."""
    if moment is None:
        return never
    return _mark_time(moment, format_date(moment.astimezone(UTC), "j F Y"))


def describe_moment(moment: datetime, *, now: datetime) -> str:
    """Put the distance in words within a day of now, in both directions; else the date, with the year if it differs."""
    distance = moment - now
    if abs(distance) >= DAY:
        same_year = moment.astimezone(UTC).year == now.astimezone(UTC).year
        return format_date(moment.astimezone(UTC), "j F" if same_year else "j F Y")
    seconds = int(abs(distance).total_seconds())
    if seconds < 5:
        return "just now"
    if seconds < 60:
        amount = _count(seconds, "second")
    elif seconds < 3600:
        amount = _count(seconds // 60, "minute")
    else:
        amount = _count(seconds // 3600, "hour")
    return f"in {amount}" if distance > timedelta(0) else f"{amount} ago"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _mark_time(moment: datetime, text: str) -> SafeString:
    in_utc = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        in_utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        format_date(in_utc, "j F Y, H:i:s") + " UTC",
        text,
    )
