"""What an assertion says, read once from octets that a trusted key signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from sso.claims import NameID

from .errors import EncryptedSubjectUnsupported
from .names import SAML

_NAME_ID = f"{{{SAML}}}NameID"
_ENCRYPTED_ID = f"{{{SAML}}}EncryptedID"
_SUBJECT = f"{{{SAML}}}Subject"
_ATTRIBUTE_STATEMENT = f"{{{SAML}}}AttributeStatement"
_ATTRIBUTE = f"{{{SAML}}}Attribute"
_ENCRYPTED_ATTRIBUTE = f"{{{SAML}}}EncryptedAttribute"
_ATTRIBUTE_VALUE = f"{{{SAML}}}AttributeValue"


@dataclass(frozen=True)
class VerifiedAssertion:
    """Facts: signed by a certificate of the connection, meant for us, for this request, and still fresh.

    - `response_id` is empty unless the response itself was signed: an unsigned one can be rewritten at will.
    - `attributes` are the values by Name, in the order sent, several statements of a name merged; neither trimmed nor
      without empty ones. `friendly_names` holds the same values by FriendlyName.
    - `keep_until` is when the record that this assertion was used may be dropped (R14).
    - `clock_difference` is in seconds, positive if the identity provider's clock is ahead of ours.
    """

    assertion_id: str
    response_id: str
    issuer: str
    name_id: NameID | None
    attributes: Mapping[str, tuple[str, ...]]
    friendly_names: Mapping[str, tuple[str, ...]]
    authn_instant: datetime
    session_not_on_or_after: datetime | None
    keep_until: datetime
    issued_at: datetime
    certificate_fingerprint: str
    clock_difference: float


def read_name_id(assertion: etree._Element) -> NameID | None:
    """The subject's NameID as it stands there, blanks included; None if the subject has none.

    Raises EncryptedSubjectUnsupported.
    """
    subject = assertion.find(_SUBJECT)
    if subject is None:
        return None
    if subject.find(_ENCRYPTED_ID) is not None:
        raise EncryptedSubjectUnsupported(what="NameID")
    name_id = subject.find(_NAME_ID)
    return None if name_id is None else NameID(read_text(name_id), name_id.get("Format", ""))


def read_attributes(
    assertion: etree._Element,
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """The values by Name and by FriendlyName. Raises EncryptedSubjectUnsupported for an encrypted attribute."""
    by_name: dict[str, tuple[str, ...]] = {}
    by_friendly_name: dict[str, tuple[str, ...]] = {}
    for statement in assertion.iterchildren(_ATTRIBUTE_STATEMENT):
        if statement.find(_ENCRYPTED_ATTRIBUTE) is not None:
            raise EncryptedSubjectUnsupported(what="attributes")
        for attribute in statement.iterchildren(_ATTRIBUTE):
            values = tuple(read_text(value) for value in attribute.iterchildren(_ATTRIBUTE_VALUE))
            name = attribute.get("Name", "")
            # Keycloak and others repeat an attribute instead of its values.
            by_name[name] = by_name.get(name, ()) + values
            friendly_name = attribute.get("FriendlyName", "")
            if friendly_name:
                by_friendly_name[friendly_name] = by_friendly_name.get(friendly_name, ()) + values
    return by_name, by_friendly_name


def read_text(element: etree._Element) -> str:
    """All text inside, in order: a value is never shortened by what else stands in it (R11)."""
    return "".join(element.itertext()) if len(element) else element.text or ""
