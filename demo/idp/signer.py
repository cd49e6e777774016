"""An identity provider's side of SAML: keys, metadata, and responses signed for real.

Written against the standard and xmlsec, without a line of `sso.saml`: what one side gets wrong, the other must not
get wrong in the same way. The demo's identity provider uses it, and so do the tests, which bend its messages.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from lxml import etree

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XS = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

EMAIL_ADDRESS = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
STATUS_PREFIX = "urn:oasis:names:tc:SAML:2.0:status:"

Signed = Literal["assertion", "response", "both", "none"]

_SIGNATURE_METHODS = {
    "rsa-sha1": xmlsec.constants.TransformRsaSha1,
    "rsa-sha256": xmlsec.constants.TransformRsaSha256,
    "rsa-sha384": xmlsec.constants.TransformRsaSha384,
    "rsa-sha512": xmlsec.constants.TransformRsaSha512,
    "ecdsa-sha256": xmlsec.constants.TransformEcdsaSha256,
    "ecdsa-sha384": xmlsec.constants.TransformEcdsaSha384,
    "ecdsa-sha512": xmlsec.constants.TransformEcdsaSha512,
}
_DIGEST_METHODS = {
    "sha1": xmlsec.constants.TransformSha1,
    "sha256": xmlsec.constants.TransformSha256,
    "sha384": xmlsec.constants.TransformSha384,
    "sha512": xmlsec.constants.TransformSha512,
}


@dataclass(frozen=True)
class SigningKey:
    """A private key and its self-signed certificate, both as PEM text."""

    private_pem: str
    certificate_pem: str

    @classmethod
    def create(
        cls,
        common_name: str,
        *,
        now: datetime,
        days: int = 3650,
        kind: Literal["rsa", "ec"] = "rsa",
        bits: int = 2048,
    ) -> "SigningKey":
        """Make a new key whose certificate is valid from an hour before `now` for `days` days."""
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
        if kind == "ec":
            key = ec.generate_private_key({256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}[bits])
        else:
            key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=days))
            .sign(key, hashes.SHA256())
        )
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(private.decode(), certificate.public_bytes(Encoding.PEM).decode())

    @property
    def kind(self) -> Literal["rsa", "ec"]:
        key = x509.load_pem_x509_certificate(self.certificate_pem.encode()).public_key()
        return "rsa" if isinstance(key, rsa.RSAPublicKey) else "ec"

    @property
    def certificate_base64(self) -> str:
        """The certificate as it stands in an X509Certificate element: base64 without frame or line breaks."""
        return "".join(line for line in self.certificate_pem.splitlines() if "-----" not in line)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate's DER form, in lower-case hex."""
        return hashlib.sha256(base64.b64decode(self.certificate_base64)).hexdigest()


def new_id() -> str:
    """An unpredictable xs:ID; it never begins with a digit, as xs:ID demands."""
    return "_" + secrets.token_hex(20)


def say_time(at: datetime) -> str:
    """A time in UTC as SAML writes it (Core s1.3.3)."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def encode_response(xml: bytes) -> str:
    """The value of the SAMLResponse form field (Bindings s3.5.4)."""
    return base64.b64encode(xml).decode("ascii")


def make_response(
    *,
    key: SigningKey | None,
    issuer: str,
    audience: str | Sequence[str] | None,
    acs_url: str,
    in_response_to: str | None,
    name_id: str | None,
    name_id_format: str | None = PERSISTENT,
    attributes: Mapping[str, str | Sequence[str]] | None = None,
    now: datetime,
    sign: Signed = "assertion",
    status: Sequence[str] = ("Success",),
    status_message: str | None = None,
    friendly_names: Mapping[str, str] | None = None,
    response_id: str | None = None,
    assertion_id: str | None = None,
    session_index: str | None = None,
    lifetime: timedelta = timedelta(minutes=5),
    not_before: datetime | None = None,
    not_on_or_after: datetime | None = None,
    confirmation_not_on_or_after: datetime | None = None,
    session_not_on_or_after: datetime | None = None,
    authn_instant: datetime | None = None,
    destination: str | None = "as acs_url",
    recipient: str | None = "as acs_url",
    response_in_response_to: str | None = "as in_response_to",
    response_issuer: str | None = "as issuer",
    signature_method: str | None = None,
    digest_method: str = "sha256",
    include_certificate: bool = True,
    inclusive_prefixes: str | None = None,
    pretty: bool = False,
) -> bytes:
    """One samlp:Response as XML; without an assertion unless the status is Success.

    The knobs after `sign` exist so that tests can make every single part wrong, absent (None) or unusual. Times
    default to a five-minute life from `now`. With sign="none" no key is needed.
    """
    response = _element(
        None,
        SAMLP,
        "Response",
        ID=response_id or new_id(),
        Version="2.0",
        IssueInstant=say_time(now),
        Destination=acs_url if destination == "as acs_url" else destination,
        InResponseTo=in_response_to if response_in_response_to == "as in_response_to" else response_in_response_to,
    )
    outer_issuer = issuer if response_issuer == "as issuer" else response_issuer
    if outer_issuer is not None:
        _element(response, SAML, "Issuer", text=outer_issuer)
    _add_status(response, status, message=status_message)
    assertion = None
    if tuple(status) == ("Success",):
        assertion = _element(
            response, SAML, "Assertion", ID=assertion_id or new_id(), Version="2.0", IssueInstant=say_time(now)
        )
        _element(assertion, SAML, "Issuer", text=issuer)
        end = not_on_or_after or now + lifetime
        _add_subject(
            assertion,
            name_id=name_id,
            name_id_format=name_id_format,
            recipient=acs_url if recipient == "as acs_url" else recipient,
            in_response_to=in_response_to,
            not_on_or_after=confirmation_not_on_or_after or end,
        )
        _add_conditions(assertion, audience=audience, not_before=not_before or now, not_on_or_after=end)
        _add_authn_statement(
            assertion, at=authn_instant or now, index=session_index, not_on_or_after=session_not_on_or_after
        )
        _add_attributes(assertion, attributes or {}, friendly_names=friendly_names or {})
    if pretty:
        etree.indent(response)
    if sign != "none":
        if key is None:
            raise ValueError("a key is needed to sign")
        method = signature_method or ("rsa-sha256" if key.kind == "rsa" else "ecdsa-sha256")
        # The inner signature first: the outer one covers it.
        targets = {"assertion": [assertion], "response": [response], "both": [assertion, response]}[sign]
        for target in targets:
            if target is not None:
                sign_element(
                    target,
                    key=key,
                    signature_method=method,
                    digest_method=digest_method,
                    include_certificate=include_certificate,
                    inclusive_prefixes=inclusive_prefixes,
                )
    return etree.tostring(response, xml_declaration=True, encoding="UTF-8")


def sign_element(
    element: etree._Element,
    *,
    key: SigningKey,
    signature_method: str = "rsa-sha256",
    digest_method: str = "sha256",
    include_certificate: bool = True,
    inclusive_prefixes: str | None = None,
) -> None:
    """Put an enveloped signature of the element behind its Issuer (Core s5.4), in place."""
    signature = xmlsec.template.create(
        element, xmlsec.constants.TransformExclC14N, _SIGNATURE_METHODS[signature_method], ns="ds"
    )
    issuer = element.find(f"{{{SAML}}}Issuer")
    element.insert(0 if issuer is None else 1, signature)
    reference = xmlsec.template.add_reference(
        signature, _DIGEST_METHODS[digest_method], uri="#" + element.get("ID", "")
    )
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    canonicalization = xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    if inclusive_prefixes is not None:
        xmlsec.template.transform_add_c14n_inclusive_namespaces(canonicalization, inclusive_prefixes.split())
    if include_certificate:
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    xmlsec.tree.add_ids(element, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key.private_pem, xmlsec.constants.KeyDataFormatPem)
    if include_certificate:
        context.key.load_cert_from_memory(key.certificate_pem, xmlsec.constants.KeyDataFormatPem)
    context.sign(signature)


def make_metadata(
    *,
    entity_id: str,
    sso_url: str,
    keys: Sequence[SigningKey],
    sso_bindings: Sequence[str] = ("HTTP-Redirect", "HTTP-POST"),
    valid_until: datetime | None = None,
    wants_signed_requests: bool = False,
) -> bytes:
    """An identity provider's metadata (Metadata s2.4.3) with its signing certificates."""
    entity = etree.Element(f"{{{MD}}}EntityDescriptor", nsmap={"md": MD, "ds": DS}, attrib={"entityID": entity_id})
    if valid_until is not None:
        entity.set("validUntil", say_time(valid_until))
    role = _element(
        entity,
        MD,
        "IDPSSODescriptor",
        WantAuthnRequestsSigned="true" if wants_signed_requests else "false",
        protocolSupportEnumeration=SAMLP,
    )
    for key in keys:
        descriptor = _element(role, MD, "KeyDescriptor", use="signing")
        x509_data = _element(_element(descriptor, DS, "KeyInfo"), DS, "X509Data")
        _element(x509_data, DS, "X509Certificate", text=key.certificate_base64)
    for name_id_format in (PERSISTENT, EMAIL_ADDRESS):
        _element(role, MD, "NameIDFormat", text=name_id_format)
    for binding in sso_bindings:
        _element(
            role,
            MD,
            "SingleSignOnService",
            Binding=f"urn:oasis:names:tc:SAML:2.0:bindings:{binding}",
            Location=sso_url,
        )
    return etree.tostring(entity, xml_declaration=True, encoding="UTF-8")


def _element(
    parent: etree._Element | None, namespace: str, name: str, *, text: str | None = None, **attributes: str | None
) -> etree._Element:
    given = {key: value for key, value in attributes.items() if value is not None}
    tag = f"{{{namespace}}}{name}"
    if parent is None:
        element = etree.Element(tag, attrib=given, nsmap={"samlp": SAMLP, "saml": SAML})
    else:
        element = etree.SubElement(parent, tag, attrib=given)
    element.text = text
    return element


def _add_status(response: etree._Element, codes: Sequence[str], *, message: str | None) -> None:
    status = _element(response, SAMLP, "Status")
    parent = status
    for code in codes:
        parent = _element(parent, SAMLP, "StatusCode", Value=code if ":" in code else STATUS_PREFIX + code)
    if message is not None:
        _element(status, SAMLP, "StatusMessage", text=message)


def _add_subject(
    assertion: etree._Element,
    *,
    name_id: str | None,
    name_id_format: str | None,
    recipient: str | None,
    in_response_to: str | None,
    not_on_or_after: datetime,
) -> None:
    subject = _element(assertion, SAML, "Subject")
    if name_id is not None:
        _element(subject, SAML, "NameID", text=name_id, Format=name_id_format)
    confirmation = _element(subject, SAML, "SubjectConfirmation", Method="urn:oasis:names:tc:SAML:2.0:cm:bearer")
    _element(
        confirmation,
        SAML,
        "SubjectConfirmationData",
        NotOnOrAfter=say_time(not_on_or_after),
        Recipient=recipient,
        InResponseTo=in_response_to,
    )


def _add_conditions(
    assertion: etree._Element,
    *,
    audience: str | Sequence[str] | None,
    not_before: datetime,
    not_on_or_after: datetime,
) -> None:
    conditions = _element(
        assertion, SAML, "Conditions", NotBefore=say_time(not_before), NotOnOrAfter=say_time(not_on_or_after)
    )
    if audience is not None:
        restriction = _element(conditions, SAML, "AudienceRestriction")
        for value in [audience] if isinstance(audience, str) else audience:
            _element(restriction, SAML, "Audience", text=value)


def _add_authn_statement(
    assertion: etree._Element, *, at: datetime, index: str | None, not_on_or_after: datetime | None
) -> None:
    statement = _element(
        assertion,
        SAML,
        "AuthnStatement",
        AuthnInstant=say_time(at),
        SessionIndex=index or assertion.get("ID"),
        SessionNotOnOrAfter=None if not_on_or_after is None else say_time(not_on_or_after),
    )
    context = _element(statement, SAML, "AuthnContext")
    _element(
        context,
        SAML,
        "AuthnContextClassRef",
        text="urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    )


def _add_attributes(
    assertion: etree._Element,
    attributes: Mapping[str, str | Sequence[str]],
    *,
    friendly_names: Mapping[str, str],
) -> None:
    if not attributes:
        return
    statement = etree.SubElement(assertion, f"{{{SAML}}}AttributeStatement", nsmap={"xs": XS, "xsi": XSI})
    for name, values in attributes.items():
        attribute = _element(
            statement,
            SAML,
            "Attribute",
            Name=name,
            NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified",
            FriendlyName=friendly_names.get(name),
        )
        for value in [values] if isinstance(values, str) else values:
            _element(attribute, SAML, "AttributeValue", text=value).set(f"{{{XSI}}}type", "xs:string")
