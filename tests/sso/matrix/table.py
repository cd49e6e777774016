"""What is expected, written from the spec sentence by sentence: first what a proof is worth, then what is asked for.

In each table the first row that applies decides. Nothing here knows how the platform decides.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.sso.matrix.facts import BEFORE, OWN_WORD, Domain, Organization, Person, Setting

INSIDE, ASKED, HELD, STRANGER = "let in", "asked for a proof", "told of the hold", "nothing there"


@dataclass(frozen=True)
class Cell:
    """Somebody who proved who they are in these ways, before or after SSO was enforced, opens an organization."""

    setting: Setting
    ways: tuple[str, ...]
    moment: str
    person: Person
    organization: Organization

    @property
    def domain(self) -> Domain:
        return self.person.domain

    def enforces(self, parent: str) -> bool:
        return (parent, self.organization.product) in self.setting.enforced

    def __str__(self) -> str:
        return " | ".join(
            (self.setting.name, " and ".join(self.ways), self.moment, self.person.kind, self.organization.slug)
        )


def parent_of(way: str) -> str:
    return way.removeprefix("sso of ") if way.startswith("sso of ") else ""


COUNTS: tuple[tuple[str, Callable[[str, Cell], bool], bool], ...] = (
    ("9.1: that proof counts for /admin/ alone", lambda way, cell: way == "staff", False),
    ("6.5: a proof through a retired connection counts nowhere", lambda way, cell: way.endswith("retired"), False),
    (
        "6.3: a proof through a connection counts in that parent's organizations",
        lambda way, cell: parent_of(way) != "" and parent_of(way) == cell.organization.parent,
        True,
    ),
    (
        "6.3: elsewhere only while that parent holds the address's domain verified and unshared (assigned, too: 4.5)",
        lambda way, cell: parent_of(way) != "" and cell.domain.serves_alone(parent_of(way)),
        True,
    ),
    ("6.3: … and otherwise it doesn't", lambda way, cell: parent_of(way) != "", False),
    ("6.1, 6.6: emailed sign-in, password and Google prove the person", lambda way, cell: way in OWN_WORD, True),
)


@dataclass(frozen=True)
class Demand:
    """Whose SSO is asked for, where this sentence of the spec applies."""

    sentence: str
    applies: Callable[[Cell], bool]
    asks: Callable[[Cell], str]
    keeps_older: bool


def _holder(cell: Cell) -> str:
    """The parent that speaks for the address's domain alone, if it isn't the organization's own."""
    holders = [parent for parent in cell.domain.held_by if cell.domain.serves_alone(parent)]
    return next((parent for parent in holders if parent != cell.organization.parent), "")


def _own(cell: Cell) -> str:
    return cell.organization.parent


DEMANDS = (
    Demand(
        "6.2: Require SSO for every member shuts them out of that parent's organizations; what *keep* lets count (6.4) "
        "meets Enforce SSO alone",
        lambda cell: _own(cell) in cell.setting.of_everybody,
        _own,
        keeps_older=False,
    ),
    Demand(
        "6.1, row 3: verified, assigned, live, enforced for the product: Continue with SSO only",
        lambda cell: cell.enforces(_own(cell)) and cell.domain.serves_alone(_own(cell)),
        _own,
        keeps_older=True,
    ),
    Demand(
        "6.1, row 4: shared: enforcement counts at that parent's organizations",
        lambda cell: cell.enforces(_own(cell)) and cell.domain.is_shared and cell.domain.serves_at(_own(cell)),
        _own,
        keeps_older=True,
    ),
    Demand(
        "6.3: lapsed: offer and admit at this parent's organizations stay as before the lapse",
        lambda cell: cell.enforces(_own(cell)) and cell.domain.is_lapsed and cell.domain.serves_at(_own(cell)),
        _own,
        keeps_older=True,
    ),
    Demand(
        "6.3: and, for (address, product), the policy of the parent that holds the address's domain (elsewhere that of "
        "a parent that holds the name lapsed or shared is not asked)",
        lambda cell: _holder(cell) != "" and cell.enforces(_holder(cell)),
        _holder,
        keeps_older=True,
    ),
)


def expected(cell: Cell) -> tuple[str, str]:
    """What the door answers, and the sentence that says so."""
    if cell.organization.slug not in cell.person.seats:
        if any(_proves_the_person(way, cell) for way in cell.ways) or set(cell.ways) == {"staff"}:
            return STRANGER, "11, R38: strangers get 404"
        return ASKED, "6.3, R38: on another parent's word alone, what isn't there looks like what may not be shown"
    counting = [way for way in cell.ways if next(worth for _, when, worth in COUNTS if when(way, cell))]
    for demand in DEMANDS:
        if demand.applies(cell) and not _is_met(demand, cell, counting):
            return ASKED, demand.sentence
    if not counting:
        return ASKED, "6.3: a missing proof is asked for"
    if cell.person.is_held:
        return HELD, "2: held: row and role kept; no way in"
    return INSIDE, "6.3: both policies are met"


def _proves_the_person(way: str, cell: Cell) -> bool:
    return way in OWN_WORD or cell.domain.serves_alone(parent_of(way))


def _is_met(demand: Demand, cell: Cell, counting: list[str]) -> bool:
    if f"sso of {demand.asks(cell)}" in counting:
        return True
    # 6.4: keep lets them count until their lifetime ends.
    kept = demand.keeps_older and cell.setting.keeps and cell.moment == BEFORE
    return kept and any(way in OWN_WORD for way in counting)
