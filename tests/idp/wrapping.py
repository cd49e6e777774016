"""Signature wrapping (XSW): a genuine signature in a message that says something else.

The eight shapes are those of Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be", USENIX Security 2012,
in the numbering of the SAML Raider tool. In each, the evil copy names EVIL as its subject.
"""

from copy import deepcopy

from lxml import etree

from demo.idp.signer import DS, SAML, SAMLP
from tests.idp.scenario import genuine

EVIL = "u-evil"


def parse(xml: bytes) -> etree._Element:
    return etree.fromstring(xml)


def write(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def find(root: etree._Element, name: str, namespace: str = SAML) -> etree._Element:
    found = root.find(f".//{{{namespace}}}{name}")
    assert found is not None
    return found


def corrupt(element: etree._Element, *, new_id: str) -> etree._Element:
    """An unsigned copy with another ID and another subject."""
    copied = deepcopy(element)
    copied.tail = None
    for signature in list(copied.iter(f"{{{DS}}}Signature")):
        signature.getparent().remove(signature)  # type: ignore[union-attr] # it was found inside
    copied.set("ID", new_id)
    find(copied, "NameID").text = EVIL
    return copied


def wrapped_1() -> bytes:
    """Signed response: an evil response around it, which carries the original inside the original's signature."""
    original = parse(genuine(sign="response"))
    signature = find(original, "Signature", DS)
    evil = corrupt(original, new_id="_evil")
    moved = deepcopy(signature)
    original.remove(signature)
    moved.append(original)
    evil.insert(1, moved)
    return write(evil)


def wrapped_2() -> bytes:
    """Signed response: an evil response that carries the original before a detached signature."""
    original = parse(genuine(sign="response"))
    signature = find(original, "Signature", DS)
    evil = corrupt(original, new_id="_evil")
    moved = deepcopy(signature)
    original.remove(signature)
    evil.insert(1, original)
    evil.insert(2, moved)
    return write(evil)


def wrapped_3() -> bytes:
    """Signed assertion: an evil, unsigned assertion before it."""
    root = parse(genuine())
    assertion = find(root, "Assertion")
    assertion.addprevious(corrupt(assertion, new_id="_evil"))
    return write(root)


def wrapped_4() -> bytes:
    """Signed assertion: an evil assertion that contains it."""
    root = parse(genuine())
    assertion = find(root, "Assertion")
    evil = corrupt(assertion, new_id="_evil")
    root.replace(assertion, evil)
    evil.append(assertion)
    return write(root)


def wrapped_5() -> bytes:
    """Signed assertion: the evil one carries the signature, the original stands unsigned at the end."""
    root = parse(genuine())
    assertion = find(root, "Assertion")
    signature = find(assertion, "Signature", DS)
    evil = corrupt(assertion, new_id="_evil")
    evil.insert(1, deepcopy(signature))
    assertion.remove(signature)
    assertion.addprevious(evil)
    return write(root)


def wrapped_6() -> bytes:
    """Signed assertion: the evil one carries the signature, and the signature the original."""
    root = parse(genuine())
    assertion = find(root, "Assertion")
    signature = find(assertion, "Signature", DS)
    evil = corrupt(assertion, new_id="_evil")
    moved = deepcopy(signature)
    assertion.remove(signature)
    root.replace(assertion, evil)
    moved.append(assertion)
    evil.insert(1, moved)
    return write(root)


def wrapped_7() -> bytes:
    """Signed assertion: the evil one in Extensions, where a schema allows anything."""
    root = parse(genuine())
    evil = corrupt(find(root, "Assertion"), new_id="_evil")
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(evil)
    root.insert(1, extensions)
    return write(root)


def wrapped_8() -> bytes:
    """Signed assertion: the evil one carries the signature, which carries the original in an Object."""
    root = parse(genuine())
    assertion = find(root, "Assertion")
    signature = find(assertion, "Signature", DS)
    evil = corrupt(assertion, new_id="_evil")
    moved = deepcopy(signature)
    assertion.remove(signature)
    root.replace(assertion, evil)
    etree.SubElement(moved, f"{{{DS}}}Object").append(assertion)
    evil.insert(1, moved)
    return write(root)


def wrapped_in_extensions() -> bytes:
    """The genuine assertion moved to Extensions, the evil one in its place."""
    root = parse(genuine())
    assertion = find(root, "Assertion")
    root.replace(assertion, corrupt(assertion, new_id="_evil"))
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(assertion)
    root.insert(1, extensions)
    return write(root)


def only_in_extensions() -> bytes:
    """One assertion, genuine and signed, but only carried along."""
    root = parse(genuine())
    assertion = find(root, "Assertion")
    root.remove(assertion)
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(assertion)
    root.insert(1, extensions)
    return write(root)


def wrapped_in_advice() -> bytes:
    """The genuine assertion as Advice of an evil one."""
    root = parse(genuine())
    assertion = find(root, "Assertion")
    evil = corrupt(assertion, new_id="_evil")
    root.replace(assertion, evil)
    advice = etree.Element(f"{{{SAML}}}Advice")
    advice.append(assertion)
    find(evil, "Conditions").addnext(advice)
    return write(root)


def duplicate_id() -> bytes:
    """Another element under the ID that the signature names."""
    root = parse(genuine(sign="response"))
    find(root, "Assertion").set("ID", "_response-1")
    return write(root)


def duplicate_id_in_extensions() -> bytes:
    """The ID of the signed assertion on an element that the schema doesn't know."""
    root = parse(genuine())
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    etree.SubElement(extensions, "{https://x.example/}x").set("ID", "_assertion-1")
    root.insert(1, extensions)
    return write(root)


def signed_response_inside_unsigned() -> bytes:
    """A genuine signed refusal of the identity provider, carried by an unsigned response with an unsigned assertion."""
    refusal = parse(genuine(sign="response", status=("Responder",), response_id="_refusal"))
    root = parse(genuine(sign="none"))
    find(root, "NameID").text = EVIL
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(refusal)
    root.insert(1, extensions)
    return write(root)


def signed_assertion_of_a_signed_response_exchanged() -> bytes:
    """Both signed: the signed response keeps its signature, its assertion is one from another signed message."""
    root = parse(genuine(sign="both"))
    other = find(parse(genuine(sign="both", name_id=EVIL)), "Assertion")
    root.replace(find(root, "Assertion"), other)
    return write(root)
