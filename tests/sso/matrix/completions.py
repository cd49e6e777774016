"""Who gets a session at all, sentence by sentence; the first row that applies decides."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.sso.matrix.facts import ASSISTANT, CONSOLE, OWN_WORD, P1, P2, Person, Setting
from tests.sso.matrix.table import parent_of

SESSION, REFUSED = "a session", "no session"


@dataclass(frozen=True)
class Completion:
    """Somebody completes a sign-in to a product ('' for none). SSO was enforced while they were on their way."""

    setting: Setting
    way: str
    product: str
    person: Person

    def __str__(self) -> str:
        return " | ".join((self.setting.name, self.way, self.product or "no product", self.person.kind))

    @property
    def is_closed(self) -> bool:
        """That whoever speaks for the domain enforces SSO for all that is signed in to."""
        asked = [self.product] if self.product else [ASSISTANT, CONSOLE]
        speaking = [parent for parent in (P1, P2) if self.person.domain.serves_at(parent)]
        return any(all((parent, product) in self.setting.enforced for product in asked) for parent in speaking)


ROWS: tuple[tuple[str, Callable[[Completion], bool], str], ...] = (
    ("9.1: /login/?staff=true: admit lets only staff accounts pass there", lambda this: this.way == "staff", REFUSED),
    (
        "5.8: accepted only for an address in an assigned, verified domain of the connection's own parent",
        lambda this: parent_of(this.way) != "" and not this.person.domain.serves_at(parent_of(this.way)),
        REFUSED,
    ),
    (
        "6.3: lapsed: a first tie is made only to an existing member there",
        lambda this: parent_of(this.way) != "" and this.person.domain.is_lapsed and not this.person.seats,
        REFUSED,
    ),
    ("6.1: Continue with SSO", lambda this: parent_of(this.way) != "", SESSION),
    (
        "6.1, row 4: shared: email; enforcement counts at that parent's organizations",
        lambda this: this.way in OWN_WORD and this.person.domain.is_shared,
        SESSION,
    ),
    (
        "6.1, row 3: Continue with SSO only; everything else, Google too (6.6), is refused; lapsed as before (6.3)",
        lambda this: this.way in OWN_WORD and this.is_closed,
        REFUSED,
    ),
    ("6.1: rows 1 and 2; without a product, all ways open for any product are offered", lambda this: True, SESSION),
)


def expected(this: Completion) -> tuple[str, str]:
    """Whether there is a session, and the sentence that says so."""
    return next((answer, sentence) for sentence, applies, answer in ROWS if applies(this))
