"""What a response must survive before anything costly or clever touches it (R12, R49).

Size, then the bytes, then one parse without DTD, entities or network, then its depth, then the form of its signatures.
Everything here costs time in proportion to the size of a message that is at most 256 kB; no key is loaded, nothing is
canonicalized, no transform runs. xmlsec runs transforms before anybody knows whether the key is right: with
python3-saml alone a message signed with a stranger's key holds a worker for over 20 seconds.
"""

import binascii
import re
import threading
from dataclasses import dataclass

from lxml import etree

from .errors import DoctypeForbidden, MalformedResponse, ResponseTooComplex, ResponseTooLarge, VoidCanonicalForm, show
from .names import LARGEST_MESSAGE, RESPONSE, SIGNATURE
from .signature_form import MOST_SIGNATURES, SignatureForm, forbid_signature_extras, read_signature_form

# A response with 500 group values has about 1,200 angle brackets; some .NET identity providers declare two namespaces
# on each value. Each element takes one bracket at least and each attribute one equals sign, so counting octets bounds
# what the parser can be made to build.
MOST_BRACKETS = 8_000
MOST_EQUALS_SIGNS = 8_000
MOST_NAMESPACE_DECLARATIONS = 4_000
DEEPEST = 24

_XML_DECLARATION = re.compile(
    rb"""<\?xml\s+version\s*=\s*["']1\.0["'](?:\s+encoding\s*=\s*["']([A-Za-z0-9._-]+)["'])?"""
    rb"""(?:\s+standalone\s*=\s*["'](?:yes|no)["'])?\s*\?>"""
)
_NAMESPACE_DECLARATION = re.compile(rb"""xmlns(?::[^\s=]+)?\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ABSOLUTE_URI = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:")


class _Tools(threading.local):
    """One parser per thread: lxml lets threads share one, but then they wait for each other."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            load_dtd=False,
            dtd_validation=False,
            no_network=True,
            huge_tree=False,
            # Comments never reach the tree, so text on both sides of one is one text node and a comment can't shorten
            # a value (R11). Canonicalization leaves them out as well, so no signature depends on them.
            remove_comments=True,
            remove_pis=True,
        )
        self.is_too_deep = etree.XPath("boolean(" + "/*" * (DEEPEST + 1) + ")")


_tools = _Tools()


@dataclass(frozen=True)
class GuardedResponse:
    """A message that is safe to look at. Nothing in it is proven."""

    raw: bytes
    unverified_root: etree._Element
    unverified_signatures: tuple[SignatureForm, ...]


def guard_response(encoded: str) -> bytes:
    """The XML of a SAMLResponse form field that may be looked at.

    Raises an AssertionRejected with the check "answered" or, for a signature that isn't allowed to be computed,
    "signature". Safe to repeat.
    """
    return open_response(encoded).raw


def open_response(encoded: str) -> GuardedResponse:
    """guard_response, with the tree it had to build anyway."""
    raw = _decode(encoded)
    _check_octets(raw)
    root = parse_safely(raw)
    if root.tag != RESPONSE:
        # A signed logout message or signed metadata never proves a sign-in (R6), so its signature isn't looked at.
        raise MalformedResponse(expected="a SAML response", received=show(etree.QName(root).localname))
    if _tools.is_too_deep(root):
        raise ResponseTooComplex(what="nested elements", expected=f"at most {DEEPEST} levels")
    forbid_signature_extras(root)
    signatures = list(root.iter(SIGNATURE))
    if len(signatures) > MOST_SIGNATURES:
        raise ResponseTooComplex(
            what="signatures", expected=f"at most {MOST_SIGNATURES}", received=str(len(signatures))
        )
    forms = tuple(read_signature_form(signature) for signature in signatures)
    return GuardedResponse(raw=raw, unverified_root=root, unverified_signatures=forms)


def parse_safely(raw: bytes) -> etree._Element:
    """Parse with everything switched off that reaches outside the message. Raises MalformedResponse."""
    try:
        root = etree.fromstring(raw, _tools.parser)
    except (etree.LxmlError, ValueError) as error:
        raise MalformedResponse(received="text that isn't well-formed XML") from error
    # The octets were searched for it already; this asks the parser itself.
    if root.getroottree().docinfo.doctype:
        raise DoctypeForbidden()
    return root


def _decode(encoded: str) -> bytes:
    if len(encoded) > LARGEST_MESSAGE:
        raise ResponseTooLarge(expected=f"{LARGEST_MESSAGE // 1024} kB", received=f"{len(encoded) // 1024} kB")
    try:
        # Some identity providers fold the value into lines; every other stray character is refused.
        octets = encoded.encode("ascii").replace(b"\r", b"").replace(b"\n", b"")
        raw = binascii.a2b_base64(octets, strict_mode=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise MalformedResponse(received="text that isn't base64") from error
    return raw.removeprefix(b"\xef\xbb\xbf")


def _check_octets(raw: bytes) -> None:
    """What can be told without a parser. Only UTF-8 is read, so that the octets searched are those the parser sees."""
    if not raw.startswith(b"<"):
        raise MalformedResponse(received="nothing" if not raw else "text that doesn't begin as XML")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedResponse(received="text that isn't UTF-8") from error
    body = raw
    if raw.startswith(b"<?xml"):
        declaration = _XML_DECLARATION.match(raw)
        if declaration is None or (declaration[1] or b"utf-8").lower() not in {b"utf-8", b"utf8", b"us-ascii"}:
            raise MalformedResponse(received="an XML declaration other than version 1.0 in UTF-8")
        body = raw[declaration.end() :]
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"<?" in body:
        raise DoctypeForbidden()
    if body.count(b"<") > MOST_BRACKETS:
        raise ResponseTooComplex(what="elements", expected=f"at most {MOST_BRACKETS // 2}")
    if body.count(b"=") > MOST_EQUALS_SIGNS:
        raise ResponseTooComplex(what="XML attributes", expected=f"at most {MOST_EQUALS_SIGNS}")
    declarations = _NAMESPACE_DECLARATION.findall(body)
    if len(declarations) > MOST_NAMESPACE_DECLARATIONS:
        raise ResponseTooComplex(what="namespaces", expected=f"at most {MOST_NAMESPACE_DECLARATIONS}")
    for double_quoted, single_quoted in set(declarations):
        # A relative namespace address makes canonicalization fail, and a verifier that reads a failure as an empty
        # text has signed nothing: "void canonicalization" (R10).
        if not _ABSOLUTE_URI.match(double_quoted or single_quoted):
            raise VoidCanonicalForm(expected="absolute namespace addresses")
