"""Typed readers of environment variables, for the settings modules alone.

Each reader takes the variable's name and, after it, `default`; without a default the variable must be set. A missing or
odd value stops the process with one line that names the variable: a setting that is half understood is worse than none.
A value that is set but empty counts as missing, because Compose and unit files write `NAME=` for "not set".
"""

import ipaddress
import os
from collections.abc import Collection, Sequence
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Final, Literal, NoReturn, TypeVar
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Value = TypeVar("Value")


class Presence(Enum):
    """Marks a variable without a default, so that None and "" stay usable as defaults."""

    REQUIRED = "required"


REQUIRED: Final = Presence.REQUIRED
Required = Literal[Presence.REQUIRED]

BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


class SettingRefused(SystemExit):
    """A variable is missing or odd. A SystemExit, so that a command ends with the sentence and not with a traceback."""

    def __init__(self, name: str, complaint: str) -> None:
        self.name = name
        super().__init__(f"Cannot start: the environment variable {name} {complaint}")


def refuse(name: str, complaint: str) -> NoReturn:
    """Stop the process because of `name`; `complaint` goes on with that sentence and never repeats a secret."""
    raise SettingRefused(name, complaint)


def text(name: str, *, default: str | Required = REQUIRED) -> str:
    """The value, without the white space around it."""
    given = _read(name)
    return _default(name, default) if given is None else given


def choice(name: str, *, among: Collection[str], default: str | Required = REQUIRED) -> str:
    """One of the words of `among`."""
    value = text(name, default=default)
    if value not in among:
        refuse(name, f"is {value!r}, but must be one of {', '.join(sorted(among))}.")
    return value


def boolean(name: str, *, default: bool | Required = REQUIRED) -> bool:
    """True or false, in any of the usual spellings."""
    given = _read(name)
    if given is None:
        return _default(name, default)
    if given.lower() not in BOOLEANS:
        refuse(name, f"is {given!r}, but must be true or false.")
    return BOOLEANS[given.lower()]


def integer(
    name: str, *, default: int | Required = REQUIRED, minimum: int | None = 0, maximum: int | None = None
) -> int:
    """A whole number between `minimum` and `maximum`, both allowed."""
    given = _read(name)
    if given is None:
        return _default(name, default)
    try:
        value = int(given)
    except ValueError:
        refuse(name, f"is {given!r}, but must be a whole number.")
    if minimum is not None and value < minimum:
        refuse(name, f"is {value}, but must be at least {minimum}.")
    if maximum is not None and value > maximum:
        refuse(name, f"is {value}, but must be at most {maximum}.")
    return value


def seconds(name: str, *, default: timedelta | Required = REQUIRED, minimum: int = 0) -> timedelta:
    """A span given in whole seconds."""
    if _read(name) is None:
        return _default(name, default)
    return timedelta(seconds=integer(name, minimum=minimum))


def url(
    name: str,
    *,
    default: str | Required = REQUIRED,
    schemes: Collection[str] = ("https", "http"),
    origin_only: bool = False,
) -> str:
    """An absolute URL without a trailing slash; with `origin_only`, nothing but scheme, host and port.

    User name and password in it are refused: the value is logged and shown, secrets have a reader of their own. For the
    same reason no complaint repeats the value.
    """
    given = _read(name)
    if given is None:
        return _default(name, default)
    try:
        parts = urlsplit(given)
        host, _ = parts.hostname, parts.port
    except ValueError:
        refuse(name, "is not a URL.")
    if parts.scheme not in schemes:
        refuse(name, f"must be a URL that begins with {' or '.join(scheme + '://' for scheme in schemes)}.")
    if not host:
        refuse(name, "is a URL without a host.")
    if parts.username is not None or parts.password is not None:
        refuse(name, "must not hold a user name or a password.")
    if origin_only and (parts.path not in {"", "/"} or parts.query or parts.fragment):
        refuse(name, "must be a scheme and a host alone, without a path, a query or a fragment.")
    return given.rstrip("/")


def listing(name: str, *, default: Sequence[str] | Required = REQUIRED) -> list[str]:
    """Several values, separated by commas or line breaks; empty ones are left out."""
    given = _read(name)
    return list(_default(name, default)) if given is None else _split(given)


def networks(name: str, *, default: Sequence[str] | Required = REQUIRED) -> list[Network]:
    """IP networks, as 10.0.0.0/8; a single address is a network of one."""
    values = listing(name, default=default)
    try:
        return [ipaddress.ip_network(value) for value in values]
    except ValueError as error:
        refuse(name, f"holds something that is not an IP network: {error}.")


def addresses(name: str, *, default: Sequence[str] | Required = REQUIRED) -> list[str]:
    """IP addresses of hosts, without ports."""
    values = listing(name, default=default)
    try:
        return [str(ipaddress.ip_address(value)) for value in values]
    except ValueError as error:
        refuse(name, f"holds something that is not an IP address: {error}.")


def secret(name: str, *, default: str | Required = REQUIRED, minimum_length: int = 0) -> str:
    """A secret, from NAME or from the file that NAME_FILE names (a mounted secret); `minimum_length` in characters."""
    given = _read_secret(name)
    if given is None:
        if default is REQUIRED:
            refuse(name, f"is missing or empty. Set it, or {name}_FILE to the path of a file that holds it.")
        return default
    if len(given) < minimum_length:
        refuse(name, f"is too short: it has {len(given)} characters and needs {minimum_length}.")
    return given


def secret_listing(name: str, *, default: Sequence[str] | Required = REQUIRED, minimum_length: int = 0) -> list[str]:
    """Several secrets, separated by commas or line breaks, from NAME or from the file that NAME_FILE names."""
    given = _read_secret(name)
    if given is None:
        if default is REQUIRED:
            refuse(name, f"is missing or empty. Set it, or {name}_FILE to the path of a file that holds it.")
        return list(default)
    values = _split(given)
    if any(len(value) < minimum_length for value in values):
        refuse(name, f"holds a value that is too short; each needs {minimum_length} characters.")
    return values


def forbid(name: str, *, because: str) -> None:
    """Stop the process if the variable is set at all; `because` goes on with "is set, but"."""
    if _read(name) is not None:
        refuse(name, f"is set, but {because}.")


def _read(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def _read_secret(name: str) -> str | None:
    given, path = _read(name), _read(f"{name}_FILE")
    if path is None:
        return given
    if given is not None:
        refuse(name, f"and {name}_FILE are both set; keep one, so that nobody has to guess which one counts.")
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"{name}_FILE", f"names a file that cannot be read: {type(error).__name__}.")
    return content or None


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.replace("\n", ",").split(",") if part.strip()]


def _default(name: str, default: Value | Required) -> Value:
    if default is REQUIRED:
        refuse(name, "is missing.")
    return default
