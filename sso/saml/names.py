"""The names of the wire format, and the fixed limits of our side with their sources."""

from datetime import timedelta
from typing import Final

SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
MD: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"

RESPONSE: Final = f"{{{SAMLP}}}Response"
STATUS: Final = f"{{{SAMLP}}}Status"
STATUS_CODE: Final = f"{{{SAMLP}}}StatusCode"
STATUS_MESSAGE: Final = f"{{{SAMLP}}}StatusMessage"
ASSERTION: Final = f"{{{SAML}}}Assertion"
ENCRYPTED_ASSERTION: Final = f"{{{SAML}}}EncryptedAssertion"
ISSUER: Final = f"{{{SAML}}}Issuer"
SIGNATURE: Final = f"{{{DS}}}Signature"

BINDING_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
BINDING_REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
FORMAT_ENTITY: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
FORMAT_TRANSIENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
STATUS_SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"

# Both ways and everywhere (spec 5.9). Entra sets NotBefore to its own "now", without any allowance.
CLOCK_SKEW: Final = timedelta(seconds=120)

# The browser carries the answer straight from the IdP to us; an older one has been lying about. Some IdPs let their
# Conditions run for over an hour, so their own end alone would leave a stolen message usable for as long.
ANSWER_LIFETIME: Final = timedelta(minutes=10)

# A record of a used assertion is kept at least this long, however short the assertion's own life (R14).
SHORTEST_REPLAY_MEMORY: Final = timedelta(minutes=10)

# In octets, as it arrives, still base64 (R12).
LARGEST_MESSAGE: Final = 256 * 1024

# The record of used assertions keeps IDs this long; real ones have some 40 characters.
LONGEST_ID: Final = 256
