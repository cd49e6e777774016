"""From what an identity provider asserted to a subject, one address, a name and groups. For SAML and OIDC alike.

The subject follows spec 5.8: the NameID (or `sub`), or the one attribute that the mapping names; never a second choice,
never changed on the way. An address goes through the platform's one normaliser (R53): whatever isn't exactly one
address is refused, because two parts of a system that read one text differently are how accounts are taken over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Protocol

from accounts.addresses import NotAnAddress, normalise_address
from identity_platform.errors import PlatformError

# In octets. A persistent NameID has 256 characters at most (Core s8.3.7). With the longest issuer it must fit the index
# that keeps both unique: PostgreSQL takes 2,704 octets in one row of an index.
LONGEST_SUBJECT = 512
LONGEST_NAME = 150
LONGEST_GROUP_NAME = 256
# More groups than this in one message are counted as "too many": nobody maps them, and unknown is safer than some.
MOST_GROUPS = 2_000

TRANSIENT_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

_NAME_ID = ("", "NameID")

# The names under which people know what LDAP and Shibboleth send by number (RFC 4519, eduPerson).
_KNOWN_NUMBERS = {
    "urn:oid:0.9.2342.19200300.100.1.3": "mail",
    "urn:oid:1.2.840.113549.1.9.1": "email",
    "urn:oid:2.5.4.42": "givenname",
    "urn:oid:2.5.4.4": "sn",
    "urn:oid:1.3.6.1.4.1.5923.1.5.1.1": "ismemberof",
    "urn:oid:0.9.2342.19200300.100.1.1": "uid",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.6": "edupersonprincipalname",
}
# What one field is called elsewhere: tried only where the mapping has our default name.
_ALIASES = {
    "email": ("email", "mail", "emailaddress"),
    "firstname": ("firstname", "givenname", "first_name", "given_name"),
    "lastname": ("lastname", "surname", "sn", "last_name", "family_name"),
    "groups": ("groups", "group", "memberof", "ismemberof"),
}
# Entra sends this link instead of the groups when a person is in more than 150 of them.
_OVERAGE_LINKS = ("http://schemas.microsoft.com/claims/groups.link", "groups.link")

# Spec 5.8: these change when a person marries or moves, and another person may get them later.
_CHANGEABLE = {
    "email",
    "mail",
    "emailaddress",
    "e-mail",
    "upn",
    "userprincipalname",
    "edupersonprincipalname",
    "eppn",
    "username",
    "user_name",
    "user.email",
    "user.login",
    "login",
    "preferred_username",
    "preferredusername",
    "samaccountname",
    "uid",
    "name",
    "displayname",
}


class ClaimsRejected(PlatformError):
    """What was asserted doesn't say who this is. `check` names the step of the test page, as for AssertionRejected."""

    check: ClassVar[str]
    status = 403


class SubjectMissing(ClaimsRejected):
    check = "subject"
    code = "claims_subject_missing"
    message = "The identity provider didn't say who this is: {expected} is missing."
    remedy = "In your identity provider, send {expected} for this application."


class SubjectAmbiguous(ClaimsRejected):
    check = "subject"
    code = "claims_subject_ambiguous"
    message = "The identity provider sent several values for {expected}, which must be one."
    remedy = "In your identity provider, send exactly one value as {expected}."


class SubjectTransient(ClaimsRejected):
    check = "subject"
    code = "claims_subject_transient"
    message = "The identity provider sent a NameID that is different at each sign-in."
    remedy = "In your identity provider, set the Name ID format to persistent, or name an attribute that never changes."


class SubjectUnusable(ClaimsRejected):
    check = "subject"
    code = "claims_subject_unusable"
    message = "The value that identifies the person {what}."
    remedy = "In your identity provider, send a stable identifier of at most 512 bytes, without blanks around it."


class SubjectChangeable(ClaimsRejected):
    check = "subject"
    code = "claims_subject_changeable"
    message = "The subject may not be taken from {received}: addresses, UPNs and user names change hands."
    remedy = "On the connection's page, take the NameID, or an attribute with an identifier that never changes."


class EmailMissing(ClaimsRejected):
    check = "email"
    code = "claims_email_missing"
    message = "The identity provider didn't send an email address: {expected} is missing."
    remedy = "In your identity provider, send the person's address as {expected}, or correct the mapping here."


class EmailAmbiguous(ClaimsRejected):
    check = "email"
    code = "claims_email_ambiguous"
    message = "The identity provider sent several different email addresses."
    remedy = "In your identity provider, send exactly one address as {expected}."


class EmailUnusable(ClaimsRejected):
    check = "email"
    code = "claims_email_unusable"
    message = "What the identity provider sent isn't exactly one plain email address."
    remedy = "In your identity provider, send the bare address, such as alice@northwind.example, as {expected}."


class NameID(NamedTuple):
    """A SAML NameID as sent; `format` is empty if none was given."""

    value: str
    format: str


class Asserted(Protocol):
    """What read_claims needs of a verified assertion or token."""

    @property
    def name_id(self) -> NameID | None: ...
    @property
    def attributes(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def friendly_names(self) -> Mapping[str, tuple[str, ...]]: ...


@dataclass(frozen=True)
class ClaimMapping:
    """The names of attributes at the identity provider; for subject and email, empty or "NameID" means the NameID
    (in OIDC: `sub`)."""

    subject: str = ""
    email: str = "email"
    first_name: str = "firstName"
    last_name: str = "lastName"
    groups: str = "groups"


@dataclass(frozen=True)
class Groups:
    """`listed`: these and no others. `missing`: nothing was said. `too_many`: there are more than it would say.

    Only `listed` is knowledge; what missing means, the provisioning engine decides (spec 7.8).
    """

    state: Literal["listed", "missing", "too_many"]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claims:
    """`subject` is as sent, to be compared byte for byte. `email` is normalised. Names may be empty."""

    subject: str
    email: str
    first_name: str
    last_name: str
    groups: Groups


def read_claims(asserted: Asserted, *, mapping: ClaimMapping) -> Claims:
    """Map what was verified to what the platform knows. Raises a ClaimsRejected with the check it stops at."""
    subject = read_subject(asserted, attribute=mapping.subject)
    email = read_email(asserted, attribute=mapping.email)
    if mapping.subject not in _NAME_ID and subject.lower() == email:
        # JumpCloud's `id` holds the address: what an attribute is called doesn't always tell what is in it.
        raise SubjectChangeable(received=f"{mapping.subject}, which holds the address")
    return Claims(
        subject=subject,
        email=email,
        first_name=_read_name(asserted, attribute=mapping.first_name),
        last_name=_read_name(asserted, attribute=mapping.last_name),
        groups=read_groups(asserted, attribute=mapping.groups),
    )


def read_subject(asserted: Asserted, *, attribute: str = "") -> str:
    """The one value that ties a person at an identity provider to a user (spec 5.8), unchanged.

    An attribute counts under exactly the name given, to the letter: one that merely resembles it (another namespace,
    other case, a friendly name) may be a field that people fill in themselves.
    """
    if attribute in _NAME_ID:
        name_id = asserted.name_id
        if name_id is None:
            raise SubjectMissing(expected="NameID")
        if name_id.format == TRANSIENT_FORMAT:
            raise SubjectTransient(received=name_id.format)
        return _usable_subject(name_id.value, expected="NameID")
    refuse_changeable_subject(attribute)
    values = set(asserted.attributes.get(attribute, ()))
    if not values:
        raise SubjectMissing(expected=attribute)
    if len(values) > 1:
        raise SubjectAmbiguous(expected=attribute, received=f"{len(values)} values")
    return _usable_subject(values.pop(), expected=attribute)


def refuse_changeable_subject(attribute: str) -> None:
    """Raises SubjectChangeable if the attribute's name says that it holds an address, a UPN or a user name.

    Forms call it when the mapping is saved; it is asked again at each sign-in.
    """
    if _last_segment(attribute) in _CHANGEABLE or _canonical(attribute) in _CHANGEABLE:
        raise SubjectChangeable(received=attribute[:200])


def read_email(asserted: Asserted, *, attribute: str) -> str:
    """The one address, normalised: of the attribute or, only if the mapping says so, of the NameID (R53)."""
    if attribute in _NAME_ID:
        values = {asserted.name_id.value.strip()} if asserted.name_id else set()
        expected = "NameID"
    else:
        values = {value.strip() for value in find_values(asserted, attribute=attribute) or ()}
        expected = attribute
    values.discard("")
    if not values:
        raise EmailMissing(expected=expected)
    try:
        addresses = {normalise_address(value) for value in values}
    except NotAnAddress as error:
        raise EmailUnusable(expected=expected, received=_printable(", ".join(sorted(values)))) from error
    if len(addresses) > 1:
        raise EmailAmbiguous(expected=expected, received=", ".join(sorted(addresses))[:200])
    return addresses.pop()


def read_groups(asserted: Asserted, *, attribute: str) -> Groups:
    """The groups sent, each once, trimmed, in the order sent; case and form are the identity provider's."""
    values = find_values(asserted, attribute=attribute)
    if values is None:
        named = {name.lower() for name in asserted.attributes}
        return Groups("too_many" if any(link in named for link in _OVERAGE_LINKS) else "missing")
    names = dict.fromkeys(value.strip() for value in values)
    names.pop("", None)
    if len(names) > MOST_GROUPS:
        return Groups("too_many")
    return Groups("listed", tuple(name for name in names if len(name) <= LONGEST_GROUP_NAME))


def find_values(asserted: Asserted, *, attribute: str) -> tuple[str, ...] | None:
    """The values of the attribute that the mapping means; None if it wasn't sent, () if it was sent empty.

    For addresses, names and groups; never for the subject.
    In this order, and the first that is there counts: the exact name; the name in other case; the FriendlyName or the
    last part of a name that is an address (…/claims/givenname) or a number (urn:oid:2.5.4.42). Where the mapping has
    one of our default names, what other directories call that field is tried last.
    """
    if attribute in asserted.attributes:
        return asserted.attributes[attribute]
    wanted = attribute.lower()
    for same in (str.lower, _last_segment, _canonical):
        found = [name for name in asserted.attributes if same(name) == wanted]
        if found:
            return _merge(asserted.attributes, found)
    found = [name for name in asserted.friendly_names if name.lower() == wanted]
    if found:
        return _merge(asserted.friendly_names, found)
    for alias in _ALIASES.get(wanted, ()):
        found = [name for name in asserted.attributes if alias in {_last_segment(name), _canonical(name)}]
        if found:
            return _merge(asserted.attributes, found)
    return None


def _merge(values: Mapping[str, tuple[str, ...]], names: list[str]) -> tuple[str, ...]:
    return tuple(value for name in names for value in values[name])


def _last_segment(name: str) -> str:
    """givenname of http://schemas.xmlsoap.org/…/claims/givenname; a name that is no address stays whole."""
    return name.lower().rstrip("/").rpartition("/")[2]


def _canonical(name: str) -> str:
    return _KNOWN_NUMBERS.get(name.lower(), name.lower())


def _read_name(asserted: Asserted, *, attribute: str) -> str:
    """A given or family name for display: one line, bounded, possibly empty."""
    values = find_values(asserted, attribute=attribute) if attribute else None
    text = next((value for value in values or () if value.strip()), "")
    return " ".join(_printable(text).split())[:LONGEST_NAME]


def _usable_subject(value: str, *, expected: str) -> str:
    if not value or not value.strip():
        raise SubjectMissing(expected=expected)
    if value != value.strip() or not value.isprintable():
        # Trimming would make two values of the identity provider one person of ours.
        raise SubjectUnusable(what="has blanks, line breaks or control characters", received=_printable(value))
    if len(value.encode()) > LONGEST_SUBJECT:
        raise SubjectUnusable(what="is too long", expected=f"at most {LONGEST_SUBJECT} bytes in UTF-8")
    return value


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text[:200])
