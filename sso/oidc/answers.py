"""What the browser brings back from the OpenID provider, and the code's exchange for tokens (OIDC Core s3.1.2.5–3.1.3).

No body of an endpoint is kept, shown or logged: some providers repeat the request there, with the secret in it (R28).
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote_plus, urlencode

from identity_platform.guarded_client import Fetched
from sso.oidc import endpoints, keys
from sso.oidc.discovery import Provider
from sso.oidc.errors import (
    AnswerOfOtherIssuer,
    AnswerUnreadable,
    ClientNotAccepted,
    CodeNotAccepted,
    TokenEndpointFailed,
    show,
)
from sso.oidc.reading_json import read_object
from sso.oidc.requests import Client, Secrets
from sso.oidc.status import refusal_of
from sso.oidc.tokens import Expected, VerifiedIdToken, verify_id_token

LONGEST_CODE = 4096


@dataclass(frozen=True)
class _Tokens:
    id_token: str
    access_token: str


def read_code(query: Mapping[str, str], *, provider: Provider) -> str:
    """The code in the answer. Call it after the state was found and used up.

    Raises AnswerOfOtherIssuer, AnswerUnreadable, and of status.py whatever explains the provider's own no.
    """
    issuer = query.get("iss")
    # RFC 9207 s2.4: if it is there it counts, and from a provider that announces it, it has to be there.
    if (issuer is not None or provider.sends_issuer) and issuer != provider.issuer:
        raise AnswerOfOtherIssuer(expected=provider.issuer, received=show(issuer))
    if error := query.get("error", ""):
        raise refusal_of(error, query.get("error_description", ""))
    code = query.get("code", "")
    if not code or len(code) > LONGEST_CODE or not code.isascii() or not code.isprintable():
        raise AnswerUnreadable
    return code


def redeem_code(code: str, *, provider: Provider, client: Client, secrets: Secrets, now: datetime) -> VerifiedIdToken:
    """Exchange the code and verify the ID token that comes for it. Asks once; a code is never tried again.

    Not to be called inside a transaction. Raises an OidcRejected or EndpointFailed.
    """
    tokens = _ask_for_tokens(code, provider=provider, client=client, secrets=secrets)
    return verify_id_token(
        tokens.id_token,
        expected=Expected(
            issuer=provider.issuer,
            client_id=client.client_id,
            nonce=secrets.nonce,
            algorithms=provider.algorithms,
        ),
        find_key=lambda key_id, algorithm: keys.find_key(provider, key_id=key_id, algorithm=algorithm, now=now),
        access_token=tokens.access_token,
        now=now,
    )


def _ask_for_tokens(code: str, *, provider: Provider, client: Client, secrets: Secrets) -> _Tokens:
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": secrets.code_verifier,
    }
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    if provider.client_authentication == "client_secret_basic":
        # RFC 6749 s2.3.1: each part is form-encoded before they are joined.
        pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        fields |= {"client_id": client.client_id, "client_secret": client.client_secret}
    return _read_tokens(endpoints.post(provider.token_endpoint, body=urlencode(fields).encode(), headers=headers))


def _read_tokens(answer: Fetched) -> _Tokens:
    """Raises ClientNotAccepted, CodeNotAccepted, TokenEndpointFailed."""
    try:
        read = read_object(answer.body)
    except ValueError as odd:
        why = str(odd) if answer.status == 200 else f"status {answer.status}"
        raise TokenEndpointFailed(received=str(answer.status), why=why) from None
    if answer.status != 200:
        error = read.get("error")  # anything at all, until it equals one of these
        if error in ("invalid_client", "unauthorized_client"):
            raise ClientNotAccepted(received=str(error))
        if error == "invalid_grant":
            raise CodeNotAccepted(received=error)
        raise TokenEndpointFailed(received=str(answer.status), why=f"status {answer.status}")
    id_token, access_token = read.get("id_token"), read.get("access_token", "")
    if not isinstance(id_token, str) or not id_token:
        raise TokenEndpointFailed(received=str(answer.status), why="it gave no ID token")
    if not isinstance(access_token, str):
        raise TokenEndpointFailed(received=str(answer.status), why="its access token isn't a text")
    return _Tokens(id_token=id_token, access_token=access_token)
