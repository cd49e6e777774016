"""JSON from outside, read so that no two readers could understand it differently and none of it can crash us (R50)."""

import json
from typing import Any, NoReturn


def read_object(raw: bytes) -> dict[str, Any]:
    """One JSON object. Raises ValueError, its text fit to be shown.

    A name that stands twice is refused (RFC 8725 s2.4: one reader takes the first, another one the last), and so are
    NaN and Infinity, which aren't JSON, and lone surrogates.
    """
    try:
        read = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)
        # An escape may name half of a character (RFC 8259 s8.2): no text that could be compared, hashed or kept.
        json.dumps(read, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("it isn't UTF-8") from None
    except UnicodeEncodeError:
        raise ValueError("a text in it has half of a character") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except _Odd as odd:
        raise ValueError(str(odd)) from None
    except ValueError:  # no JSON, or a number of thousands of digits
        raise ValueError("it isn't JSON") from None
    if not isinstance(read, dict):
        raise ValueError("it isn't a JSON object")
    return read


class _Odd(ValueError):
    """What the json module would let through."""


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise _Odd("a name stands in it twice")
    return read


def _refuse_constant(name: str) -> NoReturn:
    raise _Odd("a number in it isn't one")
