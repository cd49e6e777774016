"""Reference codes `AAA-XXXX-XXXX`: short enough to read out on the phone, random enough not to be guessed."""

import secrets

# Without 0 O 1 I, which people confuse.
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
PATTERN = r"[A-Z]{3}-[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}"


def make_reference(area: str) -> str:
    """A new reference; `area` is three capital letters saying what it is about (SGN sign-in, TST test, ERR failure)."""
    if len(area) != 3 or not area.isupper():
        raise ValueError(f"an area has three capital letters, not {area!r}")
    return f"{area}-{_part()}-{_part()}"


def _part() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(4))
