"""Who and what stands in the matrix, in the words of the spec. Plain facts: nothing here asks the platform anything.

Two parents: P1 (Acme Group) and P2 (Globex). Each has one live connection; P1 had another one, which is retired.
"""

from dataclasses import dataclass

P1, P2 = "P1", "P2"
ASSISTANT, CONSOLE = "assistant", "console"

OWN_WORD = ("email", "password", "google")
"""The ways by which people prove themselves who they are, with nobody's identity provider."""


@dataclass(frozen=True)
class Domain:
    """The part of an address after the @: which parents proved it, and what came of that."""

    name: str
    held_by: tuple[str, ...] = ()
    is_shared: bool = False
    is_lapsed: bool = False
    is_assigned: bool = True

    def serves_alone(self, parent: str) -> bool:
        """Verified, unshared, assigned to a live connection: the parent speaks for these addresses everywhere."""
        return parent in self.held_by and self.is_assigned and not self.is_shared and not self.is_lapsed

    def serves_at(self, parent: str) -> bool:
        """Whatever makes the parent's own enforcement concern these addresses, at its own organizations."""
        return parent in self.held_by and self.is_assigned


@dataclass(frozen=True)
class Organization:
    """`name` stands on no page for another reason."""

    slug: str
    parent: str
    product: str
    name: str


@dataclass(frozen=True)
class Person:
    """`seats`: slugs of organizations; a personal organization is each person's own."""

    kind: str
    email: str
    domain: Domain
    seats: tuple[str, ...]
    is_held: bool = False


@dataclass(frozen=True)
class Setting:
    """What is enforced: products per parent, with *keep* or *end*; parents that require SSO of every member."""

    name: str
    enforced: tuple[tuple[str, str], ...] = ()
    keeps: bool = False
    of_everybody: tuple[str, ...] = ()


ORGANIZATIONS = (
    Organization("acme", P1, ASSISTANT, "Aurora Works"),
    Organization("acme-console", P1, CONSOLE, "Basalt Works"),
    Organization("globex", P2, ASSISTANT, "Cobalt Works"),
    Organization("globex-console", P2, CONSOLE, "Dahlia Works"),
    Organization("loner", "", ASSISTANT, "Ember Works"),
    Organization("solo", "", CONSOLE, "Flint Works"),
    Organization("personal", "", ASSISTANT, "Garnet Works"),
)
UNDER_P1 = ("acme", "acme-console")
ALL = tuple(organization.slug for organization in ORGANIZATIONS)

DOMAINS = (
    ACME := Domain("acme.example", held_by=(P1,)),
    GLOBEX := Domain("globex.example", held_by=(P2,)),
    SHARED := Domain("shared.example", held_by=(P1, P2), is_shared=True),
    LAPSED := Domain("lapsed.example", held_by=(P1,), is_lapsed=True),
    UNASSIGNED := Domain("unassigned.example", held_by=(P1,), is_assigned=False),
    NOBODYS := Domain("contractor.example"),
)
PEOPLE = (
    Person("verified address", "vera@acme.example", ACME, UNDER_P1),
    Person("member under two parents", "tom@acme.example", ACME, ALL),
    Person("address of the other parent", "gus@globex.example", GLOBEX, ALL),
    Person("outside address", "carl@contractor.example", NOBODYS, ALL),
    Person("shared name", "shirley@shared.example", SHARED, ALL),
    Person("lapsed domain", "lara@lapsed.example", LAPSED, ALL),
    Person("verified, not assigned", "una@unassigned.example", UNASSIGNED, ALL),
    Person("held", "hal@acme.example", ACME, ALL, is_held=True),
    Person("no membership", "nora@acme.example", ACME, ()),
)
NEWCOMERS = (
    Person("nobody's account, verified domain", "new@acme.example", ACME, ()),
    Person("nobody's account, shared name", "new@shared.example", SHARED, ()),
    Person("nobody's account, lapsed domain", "new@lapsed.example", LAPSED, ()),
    Person("nobody's account, domain not assigned", "new@unassigned.example", UNASSIGNED, ()),
    Person("nobody's account, outside address", "new@contractor.example", NOBODYS, ()),
)
"""Their addresses have no account. Whatever is offered and refused must be as it is for people who have one."""

SETTINGS = (
    Setting("off"),
    Setting("on, keep", enforced=((P1, ASSISTANT),), keeps=True),
    Setting("on, end", enforced=((P1, ASSISTANT),)),
    Setting("on under both parents, end", enforced=((P1, ASSISTANT), (P2, ASSISTANT))),
    Setting("required of every member", of_everybody=(P1,)),
    Setting("on, keep, and required of every member", enforced=((P1, ASSISTANT),), keeps=True, of_everybody=(P1,)),
)
ENFORCED_FOR_ALL_PRODUCTS = Setting("on for every product", enforced=((P1, ASSISTANT), (P1, CONSOLE)))
WAYS = (
    ("email",),
    ("password",),
    ("google",),
    (f"sso of {P1}",),
    (f"sso of {P2}",),
    ("sso of P1, retired",),
    ("staff",),
    ("email", f"sso of {P1}"),
    (f"sso of {P1}", f"sso of {P2}"),
)
BEFORE, AFTER = "before the save", "after the save"
