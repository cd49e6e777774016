"""What the browser brings back from the OpenID provider, and the code's exchange for tokens (OIDC Core s3.1.2.5–3.1.3).

No body of an endpoint is kept, shown or logged: some providers repeat the request there, with the secret in it (R28).
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote_plus, urlencode

from identity_platform.guarded_client import Fetched, fetch
from sso.oidc import keys
from sso.oidc.discovery import Provider
from sso.oidc.errors import (
    AnswerOfOtherIssuer,
    AnswerUnreadable,
    ClientNotAccepted,
    CodeNotAccepted,
    ProviderRefused,
    TokenEndpointFailed,
    show,
)
from sso.oidc.reading_json import read_object
from sso.oidc.requests import Client, Secrets
from sso.oidc.tokens import Expected, VerifiedIdToken, verify_id_token

LONGEST_CODE = 4096

# What a provider may answer instead of a code (RFC 6749 s4.1.2.1, OIDC Core s3.1.2.6): what it means for the person,
# and what is to be done.
_REFUSALS = {
    "access_denied": (
        "The sign-in was declined, or this account isn't allowed to use it.",
        "Try again and agree, use another account, or have this account assigned at the provider.",
    ),
    "login_required": ("Nobody is signed in there.", "Sign in there first, then start again."),
    "interaction_required": ("It needs to ask something first.", "Start again and answer what it asks."),
    "account_selection_required": ("It needs to know which account is meant.", "Start again and choose an account."),
    "consent_required": ("It needs your consent first.", "Start again and agree to what it asks."),
    "temporarily_unavailable": ("It is busy or under maintenance.", "Try again in a few minutes."),
    "server_error": ("Something failed there.", "Try again; if it stays, look at the provider's own logs."),
    "invalid_scope": (
        "It doesn't know what it was asked for.",
        "Let the provider's application have the scopes openid, email and profile.",
    ),
    "unauthorized_client": (
        "It doesn't let this platform sign people in.",
        "Allow the authorization code flow for this client at the provider.",
    ),
    "invalid_request": ("It didn't understand the request.", "Compare the client's settings at the provider."),
    "unsupported_response_type": (
        "It doesn't offer the code flow.",
        "Allow the authorization code flow for this client at the provider.",
    ),
}


@dataclass(frozen=True)
class _Tokens:
    id_token: str
    access_token: str


def read_code(query: Mapping[str, str], *, provider: Provider) -> str:
    """The code in the answer. Call it after the state was found and used up.

    Raises AnswerOfOtherIssuer, ProviderRefused, AnswerUnreadable.
    """
    issuer = query.get("iss")
    # RFC 9207 s2.4: if it is there it counts, and from a provider that announces it, it has to be there.
    if (issuer is not None or provider.sends_issuer) and issuer != provider.issuer:
        raise AnswerOfOtherIssuer(expected=provider.issuer, received=show(issuer))
    if error := query.get("error", ""):
        why, todo = _REFUSALS.get(error, ("It gave a reason that isn't known here.", "Try again."))
        raise ProviderRefused(received=show(error), why=why, todo=todo)
    code = query.get("code", "")
    if not code or len(code) > LONGEST_CODE or not code.isascii() or not code.isprintable():
        raise AnswerUnreadable
    return code


def redeem_code(code: str, *, provider: Provider, client: Client, secrets: Secrets, now: datetime) -> VerifiedIdToken:
    """Exchange the code and verify the ID token that comes for it. Asks once; a code is never tried again.

    Not to be called inside a transaction. Raises an OidcRejected or FetchFailed.
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
    answer = fetch(
        provider.token_endpoint,
        purpose="token",
        method="POST",
        body=urlencode(fields).encode(),
        headers=headers,
    )
    return _read_tokens(answer)


def _read_tokens(answer: Fetched) -> _Tokens:
    """Raises ClientNotAccepted, CodeNotAccepted, TokenEndpointFailed."""
    try:
        read = read_object(answer.body)
    except ValueError as odd:
        why = str(odd) if answer.status == 200 else f"status {answer.status}"
        raise TokenEndpointFailed(received=str(answer.status), why=why) from None
    if answer.status != 200:
        error = read.get("error")
        if error in {"invalid_client", "unauthorized_client"}:
            raise ClientNotAccepted(received=str(error))
        if error == "invalid_grant":
            raise CodeNotAccepted(received=str(error))
        raise TokenEndpointFailed(received=str(answer.status), why=f"status {answer.status}")
    id_token, access_token = read.get("id_token"), read.get("access_token", "")
    if not isinstance(id_token, str) or not id_token:
        raise TokenEndpointFailed(received=str(answer.status), why="it gave no ID token")
    if not isinstance(access_token, str):
        raise TokenEndpointFailed(received=str(answer.status), why="its access token isn't a text")
    return _Tokens(id_token=id_token, access_token=access_token)
