"""What a test sign-in tells a manager: every check in order, the claims, who this would be, the message itself.

Pure functions: the sign-in code passes in what it found, on the path that real sign-ins take, and stores the report
with `sso.actions.connections.record_test`. Nothing here decides anything.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from identity_platform.errors import PlatformError
from sso.claims import ClaimMapping, Claims, find_values
from sso.saml.assertion import VerifiedAssertion
from sso.saml.errors import CHECKS, AssertionRejected, show
from sso.saml.guard import parse_safely
from sso.saml.names import DS, LARGEST_MESSAGE, XENC

TITLES: Mapping[str, str] = {
    "answered": "The identity provider answered",
    "signature": "The signature is valid",
    "issuer": "Sent by your identity provider",
    "audience": "Meant for this connection",
    "recipient": "Sent to the right address",
    "request": "Answers the request of this browser",
    "time": "Issued just now",
    "one_use": "Used for the first time",
    "subject": "Says who it is",
    "email": "Carries one email address",
    "domain": "The address lies in a verified domain",
    "attributes": "First and last name",
    "groups": "Groups",
}

# A provider may send hundreds of attributes; the page shows enough of them to see what is missing.
MOST_ATTRIBUTES = 60
MOST_VALUES = 30

_MASKED = {f"{{{DS}}}SignatureValue", f"{{{XENC}}}CipherValue"}
_SHORTENED = {f"{{{DS}}}X509Certificate"}
_MASK = "[masked]"


def build_report(
    *,
    rejected: AssertionRejected | PlatformError | None,
    assertion: VerifiedAssertion | None,
    claims: Claims | None,
    domain_is_assigned: bool,
    account_exists: bool,
    memberships: Sequence[str],
    mapping: ClaimMapping,
) -> dict[str, Any]:
    """The report of one test, as JSON.

    `rejected` is what the sign-in would be refused with; its `check` says where it stopped. `assertion` and `claims`
    are given as far as they could be read. `domain_is_assigned` is False before going live: then the address lies in a
    verified domain that no connection serves yet, which is no reason to stop (anything else is `rejected`).
    `memberships` are sentences on what this person would get.
    """
    details = _passed_details(assertion, claims, domain_is_assigned=domain_is_assigned, mapping=mapping)
    report: dict[str, Any] = {
        "checks": _list_checks(rejected, details),
        "claims": _list_attributes(assertion),
        "claims_rows": _list_claims(assertion, mapping),
        "who": None,
        "memberships": [],
        "error": None,
    }
    if claims is not None and rejected is None:  # of somebody refused nothing was looked up
        report["who"] = {"email": claims.email, "account": "existing" if account_exists else "new"}
        report["memberships"] = list(memberships)
    if rejected is not None:
        report["error"] = {
            "code": rejected.code,
            "message": rejected.message_text,
            "remedy": rejected.remedy_text,
            "expected": rejected.expected,
            "received": rejected.received,
        }
    return report


def mask_message(raw: str) -> str:
    """What the identity provider sent, indented, without what could be used again: signatures and encrypted values.

    Takes the XML or its base64 form; what is neither comes back as one short, printable text.
    """
    text = _decode(raw.strip())
    try:
        root = parse_safely(text.encode())
    except (PlatformError, UnicodeError):
        return show(re.sub(r"(SignatureValue|CipherValue)[^>]*>[^<]*", rf"\1>{_MASK}", text[:4096]))
    for element in root.iter():
        if element.tag in _MASKED:
            element.text = _MASK
        elif element.tag in _SHORTENED and element.text:
            element.text = "".join(element.text.split())[:24] + "…"
    etree.indent(root)
    return str(etree.tostring(root, encoding="unicode"))


def _decode(raw: str) -> str:
    if raw.startswith("<") or len(raw) > LARGEST_MESSAGE:
        return raw[:LARGEST_MESSAGE]
    try:
        return base64.b64decode("".join(raw.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return raw


def _list_checks(rejected: PlatformError | None, details: Mapping[str, str]) -> list[dict[str, str]]:
    """All checks in their order: passed before the one that stopped, not checked after it."""
    stopped_at = getattr(rejected, "check", "answered") if rejected is not None else ""
    reached = CHECKS.index(stopped_at) if stopped_at in CHECKS else len(CHECKS)
    rows = []
    for position, name in enumerate(CHECKS):
        row = {"check": name, "title": TITLES[name], "detail": "", "expected": "", "received": ""}
        if position < reached:
            row |= {"result": "passed", "detail": details.get(name, "")}
        elif position > reached or rejected is None:
            row |= {"result": "not_checked"}
        else:
            row |= {
                "result": "stopped",
                "detail": rejected.message_text,
                "expected": show(rejected.expected) if rejected.expected else "",
                "received": show(rejected.received) if rejected.received else "",
            }
        rows.append(row)
    return rows


def _passed_details(
    assertion: VerifiedAssertion | None, claims: Claims | None, *, domain_is_assigned: bool, mapping: ClaimMapping
) -> dict[str, str]:
    details: dict[str, str] = {}
    if assertion is not None:
        fingerprint = assertion.certificate_fingerprint
        details["signature"] = f"Certificate with the SHA-256 fingerprint {fingerprint[:16]}…" if fingerprint else ""
        details["issuer"] = show(assertion.issuer)
        details["time"] = f"Clock difference {abs(assertion.clock_difference):.1f} seconds"
    if claims is not None:
        domain = claims.email.rpartition("@")[2]
        details["subject"] = f"{show(claims.subject)}, from {mapping.subject or 'the NameID'}"
        details["email"] = claims.email
        details["domain"] = (
            f"{domain} is assigned to this connection"
            if domain_is_assigned
            else f"{domain} is verified; you assign it when you go live"
        )
        missing = [
            theirs
            for theirs, value in ((mapping.first_name, claims.first_name), (mapping.last_name, claims.last_name))
            if not value
        ]
        details["attributes"] = (
            f"{' and '.join(missing)} didn't come: people are shown by their address" if missing else ""
        )
        details["groups"] = {
            "listed": f"{len(claims.groups.names)} sent",
            "missing": f"{mapping.groups} didn't come; only group mappings need it",
            "too_many": "Too many to be sent: they count as unknown",
        }[claims.groups.state]
    return details


def _list_attributes(assertion: VerifiedAssertion | None) -> dict[str, list[str]]:
    """All that was sent, as it was named, bounded."""
    if assertion is None:
        return {}
    found = {
        show(name): [show(value) for value in values[:MOST_VALUES]]
        for name, values in list(assertion.attributes.items())[:MOST_ATTRIBUTES]
    }
    if assertion.name_id is not None:
        found["NameID"] = [show(assertion.name_id.value)]
    return found


def _list_claims(assertion: VerifiedAssertion | None, mapping: ClaimMapping) -> list[dict[str, str]]:
    """What we want, what it is called there, what came, and whether that is a problem."""
    if assertion is None:
        return []
    name_id = (assertion.name_id.value,) if assertion.name_id else None
    wanted = (
        ("Subject", mapping.subject, True),
        ("Email", mapping.email, True),
        ("First name", mapping.first_name, False),
        ("Last name", mapping.last_name, False),
        ("Groups", mapping.groups, False),
    )
    rows = []
    for ours, theirs, required in wanted:
        # Only subject and email fall to the NameID when the mapping names no attribute (spec 5.8).
        values = find_values(assertion, attribute=theirs) if theirs else (name_id if required else None)
        sent = [show(value) for value in (values or ())[:MOST_VALUES] if value.strip()]
        result = "received" if sent else "missing" if required else "not_sent"
        rows.append(
            {
                "ours": ours,
                "theirs": theirs or ("NameID" if required else ""),
                "value": ", ".join(sent),
                "result": result,
            }
        )
    return rows
