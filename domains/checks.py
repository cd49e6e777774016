"""What a look-up in DNS brought back, in plain values: `dns.py` fills them, `rules.py` and `doctor.py` judge them.

They are kept with the claim (`DomainClaim.findings`) and shown on its page, so they convert to JSON and back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

# What is kept of an answer: somebody else's name server may send much more than a page can show.
KEPT_VALUES = 10
KEPT_LENGTH = 300


class Outcome(StrEnum):
    """What one server did with the question. Only the first three say something about the record."""

    ANSWERED = "answered"
    NO_SUCH_NAME = "no_such_name"
    NO_DATA = "no_data"
    REFUSED = "refused"
    SERVER_FAILURE = "server_failure"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"
    NOT_AUTHORITATIVE = "not_authoritative"
    REFERRED = "referred"
    NO_ADDRESS = "no_address"
    FORBIDDEN_ADDRESS = "forbidden_address"


DEFINITE = frozenset({Outcome.ANSWERED, Outcome.NO_SUCH_NAME, Outcome.NO_DATA})


class Problem(StrEnum):
    """Why a look-up ended before any name server could be asked for the record."""

    NONE = ""
    NO_RESOLVER = "no_resolver"
    ZONE_NOT_FOUND = "zone_not_found"
    ALIAS_LOOP = "alias_loop"
    TOO_MANY_ALIASES = "too_many_aliases"
    FAILED = "failed"


@dataclass(frozen=True)
class ServerAnswer:
    """What one server said. `values`: TXT records, their strings joined. `alias`: where a CNAME points instead."""

    server: str
    address: str
    outcome: Outcome
    values: tuple[str, ...] = ()
    alias: str = ""

    @property
    def is_definite(self) -> bool:
        return self.outcome in DEFINITE


@dataclass(frozen=True)
class Hop:
    """One name that was asked for: the challenge itself, then the target of each CNAME.

    `servers` are the authoritative ones of `zone`; `resolvers` were asked only where these didn't settle it.
    """

    name: str
    zone: str = ""
    servers: tuple[ServerAnswer, ...] = ()
    resolvers: tuple[ServerAnswer, ...] = ()


@dataclass(frozen=True)
class Elsewhere:
    """What stands at a name where records of this kind end up by mistake. `place` says which mistake it would be."""

    place: str
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class LookUp:
    hops: tuple[Hop, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    problem: Problem = Problem.NONE

    @property
    def zone(self) -> str:
        """The zone that holds the challenge's own name, '' if it wasn't found."""
        return self.hops[0].zone if self.hops else ""

    @property
    def values(self) -> tuple[str, ...]:
        """All TXT values seen where the record belongs, each once."""
        if not self.hops:
            return ()
        last = self.hops[-1]
        return tuple(dict.fromkeys(value for answer in (*last.servers, *last.resolvers) for value in answer.values))


@dataclass(frozen=True)
class Diagnosis:
    """A mistake that was recognised. `code` selects the words (`doctor.WORDS`); `seen` and `name` fill them."""

    code: str
    seen: str = ""
    name: str = ""


@dataclass(frozen=True)
class Findings:
    """What is kept of the latest check."""

    look_up: LookUp = field(default_factory=LookUp)
    diagnoses: tuple[Diagnosis, ...] = ()

    def to_json(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = [{"kind": "hop", **_shortened(asdict(hop))} for hop in self.look_up.hops]
        rows += [{"kind": "elsewhere", **_shortened(asdict(place))} for place in self.look_up.elsewhere]
        rows += [{"kind": "diagnosis", **_shortened(asdict(diagnosis))} for diagnosis in self.diagnoses]
        if self.look_up.problem:
            rows.append({"kind": "problem", "problem": self.look_up.problem})
        return rows

    @classmethod
    def from_json(cls, rows: Iterable[Mapping[str, Any]]) -> "Findings":
        of_kind: dict[str, list[dict[str, Any]]] = {"hop": [], "elsewhere": [], "diagnosis": [], "problem": []}
        for row in rows:
            of_kind[row["kind"]].append({name: value for name, value in row.items() if name != "kind"})
        return cls(
            look_up=LookUp(
                hops=tuple(_hop(row) for row in of_kind["hop"]),
                elsewhere=tuple(Elsewhere(**{**row, "values": tuple(row["values"])}) for row in of_kind["elsewhere"]),
                problem=Problem(of_kind["problem"][0]["problem"]) if of_kind["problem"] else Problem.NONE,
            ),
            diagnoses=tuple(Diagnosis(**row) for row in of_kind["diagnosis"]),
        )


def _hop(row: Mapping[str, Any]) -> Hop:
    return Hop(
        name=row["name"],
        zone=row["zone"],
        servers=tuple(_answer(answer) for answer in row["servers"]),
        resolvers=tuple(_answer(answer) for answer in row["resolvers"]),
    )


def _answer(row: Mapping[str, Any]) -> ServerAnswer:
    return ServerAnswer(**{**row, "outcome": Outcome(row["outcome"]), "values": tuple(row["values"])})


def _shortened(value: Any) -> Any:
    """JSON values with long texts cut and long lists of texts ended early; NUL can't be stored in PostgreSQL."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")[:KEPT_LENGTH]
    if isinstance(value, Mapping):
        return {name: _shortened(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        texts_only = all(isinstance(part, str) for part in value)
        return [_shortened(part) for part in (value[:KEPT_VALUES] if texts_only else value)]
    return value
