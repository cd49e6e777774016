"""Our request to the OpenID provider: where the browser goes, and what is kept until it comes back.

Code flow with PKCE, state and nonce, always (OIDC Core s3.1.2.1, RFC 7636, RFC 9700 s2.1; R23).
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from identity_platform import credentials
from sso.oidc import names
from sso.oidc.discovery import Provider


@dataclass(frozen=True)
class Client:
    """This platform as one provider knows it. The redirect URI is this provider's alone (R27)."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str

    def __repr__(self) -> str:  # the secret must not get into a log by accident (R28)
        return f"Client({self.issuer!r}, {self.client_id!r})"


@dataclass(frozen=True)
class Secrets:
    """What one request keeps back, 256 random bits each: the nonce comes back in the ID token, the verifier goes to
    the token endpoint."""

    nonce: str
    code_verifier: str

    @property
    def code_challenge(self) -> str:
        """S256 (RFC 7636 s4.2)."""
        digest = hashlib.sha256(self.code_verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def make_secrets() -> Secrets:
    return Secrets(nonce=credentials.make_token(), code_verifier=credentials.make_token())


def authorization_url(
    provider: Provider, client: Client, *, state: str, secrets: Secrets, more: Mapping[str, str] | None = None
) -> str:
    """Where the browser goes. `more`: optional parameters such as login_hint or prompt; empty ones are left out."""
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": names.SCOPES,
        "state": state,
        "nonce": secrets.nonce,
        "code_challenge": secrets.code_challenge,
        "code_challenge_method": "S256",
        **{name: value for name, value in (more or {}).items() if value},
    }
    address = provider.authorization_endpoint
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
