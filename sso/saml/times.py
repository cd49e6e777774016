"""Times as SAML writes them: in UTC, without an offset (Core s1.3.3)."""

import re
from datetime import UTC, datetime

from lxml import etree

from .errors import UnreadableTime, show

# Other digits than 0-9 are digits to Python too.
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z")


def parse_time(text: str) -> datetime:
    """The time in UTC. Raises ValueError for any other form, one with an offset included."""
    if not _TIME.fullmatch(text):
        raise ValueError("not a time in UTC")
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read_time(element: etree._Element, name: str) -> datetime | None:
    """The attribute as a time in UTC; None if it is absent. Raises UnreadableTime."""
    text = element.get(name)
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise UnreadableTime(what=name, received=show(text)) from error


def say_time(at: datetime) -> str:
    """A time as SAML writes it, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
