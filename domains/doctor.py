"""The usual mistakes, recognised in what a look-up found (spec 4.4). Pure; each mistake has a code and its words.

`dns.py` asks at the names of `places_of_mistakes` when the record isn't where it belongs; `diagnose` reads the answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from domains.challenge import Challenge
from domains.checks import Diagnosis, LookUp
from domains.names import is_at_or_below

DOUBLED = "name_doubled"
ON_THE_DOMAIN = "record_on_the_domain"
IN_QUOTES = "value_in_quotes"
WITH_BLANKS = "value_with_blanks"
WITHOUT_PREFIX = "value_without_prefix"
OTHER_TOKEN = "value_with_other_token"  # noqa: S105 - the code of a mistake

_QUOTES = "\"'“”„‘’`«»"


@dataclass(frozen=True)
class Words:
    """`title` is short; `text` says what was seen and what to type. Braces: seen, name, domain, within, value, zone."""

    title: str
    text: str


WORDS: dict[str, Words] = {
    DOUBLED: Words(
        "The domain was added twice",
        "Your value stands at {name}. Your DNS host adds the domain by itself: shorten the name to {within}.",
    ),
    ON_THE_DOMAIN: Words(
        "The record is on the domain itself",
        "Your value stands at {name}. Put it into a record with the name {within} instead.",
    ),
    IN_QUOTES: Words(
        "The value has quotation marks",
        "We see {seen}. Remove the quotation marks, so that it reads {value}.",
    ),
    WITH_BLANKS: Words(
        "The value has blanks inside",
        "We see “{seen}”. Copy it again in one piece: {value}.",
    ),
    WITHOUT_PREFIX: Words(
        "The beginning of the value is missing",
        "We see {seen}. The whole value is {value}.",
    ),
    OTHER_TOKEN: Words(
        "The value belongs to another claim",
        "We see {seen}. Replace it by {value}, or add that as a second record with the same name.",
    ),
}


def places_of_mistakes(challenge: Challenge, *, zone: str) -> Iterator[tuple[str, str]]:
    """Where else the record may have ended up: (code of the mistake, full name), each inside the zone."""
    yield DOUBLED, f"{challenge.name}.{zone}"
    if is_at_or_below(challenge.domain, zone):
        yield ON_THE_DOMAIN, challenge.domain


def diagnose(look_up: LookUp, *, challenge: Challenge) -> tuple[Diagnosis, ...]:
    """Every mistake that explains why the value wasn't found, the most certain first."""
    found = [
        Diagnosis(place.place, seen=value.strip(), name=place.name)
        for place in look_up.elsewhere
        for value in place.values
        if value.strip() == challenge.value
    ]
    for value in look_up.values:
        if (code := _mistake_in(value.strip(), challenge)) is not None:
            found.append(Diagnosis(code, seen=value.strip(), name=challenge.name))
    return tuple(dict.fromkeys(found))


def _mistake_in(value: str, challenge: Challenge) -> str | None:
    if value == challenge.value:
        return None
    bare = value.strip(_QUOTES)
    if bare != value and bare.strip() == challenge.value:
        return IN_QUOTES
    if "".join(bare.split()) == challenge.value:
        return WITH_BLANKS
    if "".join(bare.split()) == challenge.token:
        return WITHOUT_PREFIX
    return OTHER_TOKEN if bare.startswith(challenge.value_prefix) else None
