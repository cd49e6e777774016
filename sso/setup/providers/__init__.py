"""What is known of each identity provider, one data file each: consoles are renamed often, templates shouldn't be.

A provider is offered if it has a file here, and only then. A file that says something unknown doesn't load.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent

CLAIMS = ("subject_attribute", "email_attribute", "first_name_attribute", "last_name_attribute", "groups_attribute")


class ProviderFileWrong(ValueError):
    """A data file says something this code doesn't know, or leaves out what it needs. A programming mistake."""


@dataclass(frozen=True)
class Instruction:
    """One numbered step. `path` is where to click, `values` are ours to copy, `settings` are (their label, choice)."""

    title: str
    text: str = ""
    path: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ClaimExpectation:
    """What we read: its usual name at the provider, an example, and a remark."""

    theirs: str
    example: str
    text: str = ""


@dataclass(frozen=True)
class Fix:
    """What to change for one refusal: a field at the provider (with one of our values), or a step of ours."""

    field: str = ""
    value: str = ""
    step: str = ""
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class Provider:
    """`called` is the provider's name inside a sentence; `fields` are its labels of our addresses."""

    slug: str
    name: str
    protocol: str
    tile: str
    detail: str
    called: str
    minutes: int
    fields: Mapping[str, str]
    claims: Mapping[str, ClaimExpectation]
    create: tuple[Instruction, ...]
    assign: tuple[Instruction, ...]
    notes: Mapping[str, str] = field(default_factory=dict)
    fixes: Mapping[str, Fix] = field(default_factory=dict)

    def label_of(self, value: str) -> str:
        """How the provider names one of our addresses: acs_url, entity_id or metadata_url."""
        return self.fields[value]


@cache
def list_providers() -> tuple[Provider, ...]:
    """All that can be set up, by name, the open standards last."""
    found = [read_provider(path) for path in sorted(_FOLDER.glob("*.toml"))]
    return tuple(sorted(found, key=lambda provider: (provider.slug.startswith("custom-"), provider.name)))


def find_provider(slug: str) -> Provider | None:
    return next((provider for provider in list_providers() if provider.slug == slug), None)


def provider_of(slug: str) -> Provider:
    """The provider of a connection. One whose file was taken away is described by the standard alone."""
    return find_provider(slug) or _custom(slug)


def read_provider(path: Path) -> Provider:
    """Read one file. Raises ProviderFileWrong."""
    facts = tomllib.loads(path.read_text(encoding="utf-8"))
    if facts.get("slug") != path.stem:
        raise ProviderFileWrong(f"{path.name} must have the slug {path.stem!r}")
    claims = facts.get("claims", {})
    if set(claims) != set(CLAIMS):
        raise ProviderFileWrong(f"{path.name} must say all of {', '.join(CLAIMS)} under [claims]")
    return _build(
        Provider,
        path,
        facts
        | {
            "claims": {name: _build(ClaimExpectation, path, claim) for name, claim in claims.items()},
            "create": tuple(_build(Instruction, path, step) for step in facts.get("create", [])),
            "assign": tuple(_build(Instruction, path, step) for step in facts.get("assign", [])),
            "fixes": {code: _build(Fix, path, fix) for code, fix in facts.get("fixes", {}).items()},
        },
    )


def _build(kind: Any, path: Path, facts: Mapping[str, Any]) -> Any:
    unknown = set(facts) - {known.name for known in fields(kind)}
    if unknown:
        raise ProviderFileWrong(f"{path.name} says {', '.join(sorted(unknown))}, which nobody reads")
    try:
        return kind(**{name: _freeze(value) for name, value in facts.items()})
    except TypeError as error:
        raise ProviderFileWrong(f"{path.name}: {error}") from error


def _freeze(value: Any) -> Any:
    return tuple(_freeze(part) for part in value) if isinstance(value, list) else value


def _custom(slug: str) -> Provider:
    custom = find_provider("custom-saml")
    if custom is None:
        raise ProviderFileWrong(f"neither {slug} nor custom-saml has a file")
    return custom
