"""Asks an endpoint of an OpenID provider, through the guarded client like every other address (R45, R52)."""

from collections.abc import Mapping
from typing import Literal

from identity_platform.guarded_client import Fetched, FetchFailed, fetch
from sso.oidc.errors import EndpointFailed


def get(url: str, *, purpose: Literal["discovery", "jwks"], accept: str) -> Fetched:
    """A document. Raises EndpointFailed; for keys, redirects are a failure too."""
    try:
        return fetch(url, purpose=purpose, headers={"accept": accept})
    except FetchFailed as error:
        raise _refusal(error, url) from error


def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> Fetched:
    """The token endpoint's answer, whatever its status. No redirect is followed. Raises EndpointFailed."""
    try:
        return fetch(url, purpose="token", method="POST", body=body, headers=headers)
    except FetchFailed as error:
        raise _refusal(error, url) from error


def _refusal(error: FetchFailed, url: str) -> EndpointFailed:
    return EndpointFailed(expected=url, received=error.code, why=error.message_text)
