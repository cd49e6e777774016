"""Who plays in the demo, and what they begin with. The seed makes it so; pages and `show_cast` tell it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Player:
    """Somebody with an account from the start, or, without a seat, somebody who has none yet."""

    email: str
    name: str
    part: str


@dataclass(frozen=True)
class Seat:
    """A membership at the start. The first seat of an organization is its creator's, in the highest role."""

    organization: str
    email: str
    role: str


@dataclass(frozen=True)
class Company:
    """An organization at the start. `parent_of`: the slug of the organization whose parent it stands under."""

    slug: str
    name: str
    product: str
    plan: str
    parent_of: str = ""


@dataclass(frozen=True)
class Provider:
    """An identity provider. `groups`: name, and the addresses in it. `managed`: addresses whose accounts a company
    manages there, which only the one that stands in for Google tells. `is_google`: the platform is its client from the
    start."""

    slug: str
    name: str
    domain: str
    people: tuple[tuple[str, str, str], ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    managed: tuple[str, ...] = ()
    is_google: bool = False


STAFF_ADDRESS = "staff@acme.example"

PEOPLE = (
    Player("maya@northwind.example", "Maya Ortiz", "Primary owner of Northwind; admin of Northwind Console"),
    Player("jonas@northwind.example", "Jonas Weber", "Owner of Northwind; admin of Northwind Console"),
    Player("hannah@northwind.example", "Hannah Cole", "Member of Northwind"),
    Player("luis@pereira-design.example", "Luis Pereira", "Contractor in Northwind, with an address of his own"),
    Player("nora@northwind-studio.example", "Nora Lind", "Admin of Northwind Studio Console, which has no parent"),
    Player("gita@globex.example", "Gita Rao", "Primary owner of Globex"),
    Player(STAFF_ADDRESS, "Sasha Lindqvist", "Staff"),
)
NEWCOMERS = (
    Player("amara@northwind.example", "Amara Okafor", "At Northwind’s identity provider, no account yet"),
    Player("oskar@northwind.example", "Oskar Blom", "At Northwind’s identity provider, no account yet"),
    Player("henrik@globex.example", "Henrik Dahl", "At Globex’s identity provider, no account yet"),
)
AT_GOOGLE = (
    Player("rosa.keller.demo@gmail.com", "Rosa Keller", "A mailbox at Gmail: signed in"),
    Player("mei@harbor.example", "Mei Tan", "An account that her company manages at Google: signed in"),
    Player("luis@pereira-design.example", "Luis Pereira", "A private account under a company’s address: refused"),
)

COMPANIES = (
    Company("northwind", "Northwind", "assistant", "enterprise"),
    Company("northwind-console", "Northwind Console", "console", "standard", parent_of="northwind"),
    Company("northwind-studio-console", "Northwind Studio Console", "console", "standard"),
    Company("globex", "Globex", "assistant", "team"),
)
SEATS = (
    Seat("northwind", "maya@northwind.example", "primary_owner"),
    Seat("northwind", "jonas@northwind.example", "owner"),
    Seat("northwind", "hannah@northwind.example", "user"),
    Seat("northwind", "luis@pereira-design.example", "user"),
    Seat("northwind-console", "maya@northwind.example", "admin"),
    Seat("northwind-console", "jonas@northwind.example", "admin"),
    Seat("northwind-studio-console", "nora@northwind-studio.example", "admin"),
    Seat("globex", "gita@globex.example", "primary_owner"),
)

PROVIDERS = (
    Provider(
        "northwind",
        "Northwind",
        "northwind.example",
        (
            ("maya@northwind.example", "Maya", "Ortiz"),
            ("jonas@northwind.example", "Jonas", "Weber"),
            ("hannah@northwind.example", "Hannah", "Cole"),
            ("amara@northwind.example", "Amara", "Okafor"),
            ("oskar@northwind.example", "Oskar", "Blom"),
        ),
        (
            ("Everyone", tuple(f"{name}@northwind.example" for name in ("maya", "jonas", "hannah", "amara", "oskar"))),
            ("Engineering", ("hannah@northwind.example", "amara@northwind.example")),
            ("IT", ("maya@northwind.example", "jonas@northwind.example")),
        ),
    ),
    Provider(
        "globex",
        "Globex",
        "globex.example",
        (("gita@globex.example", "Gita", "Rao"), ("henrik@globex.example", "Henrik", "Dahl")),
        (("All staff", ("gita@globex.example", "henrik@globex.example")),),
    ),
    Provider(
        "google",
        "Google (stand-in)",
        "gmail.com",
        (
            ("rosa.keller.demo@gmail.com", "Rosa", "Keller"),
            ("mei@harbor.example", "Mei", "Tan"),
            ("luis@pereira-design.example", "Luis", "Pereira"),
        ),
        managed=("mei@harbor.example",),
        is_google=True,
    ),
)
ZONES = ("northwind.example", "northwind-studio.example", "globex.example")
