"""What an OpenID provider says of itself (OIDC Discovery s3, s4; RFC 8414), fetched with care and kept for a day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from identity_platform.outgoing_addresses import read_url
from identity_platform.outgoing_errors import FetchFailed
from sso.oidc import endpoints, names
from sso.oidc.errors import (
    DiscoveryIssuerDiffers,
    DiscoveryUnreadable,
    NoClientAuthentication,
    NoCommonAlgorithm,
    show,
)
from sso.oidc.reading_json import read_object
from sso.oidc.remembered import Remembered

FRESH_FOR = timedelta(hours=24)
# A provider whose configuration can't be fetched for a while goes on being believed what it said last.
USABLE_FOR = timedelta(hours=48)

_remembered: Remembered["Provider"] = Remembered(most=1000)


@dataclass(frozen=True)
class Provider:
    """An OpenID provider, as its own document describes it. `algorithms`: those it signs with and we accept;
    `client_authentication`: the way its token endpoint takes our secret."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    algorithms: tuple[str, ...]
    client_authentication: str
    sends_issuer: bool = False


def discovery_url(issuer: str) -> str:
    """Where the document stands (OIDC Discovery s4.1): after the issuer's path, a slash at its end taken away."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def find_provider(issuer: str, *, now: datetime) -> Provider:
    """The provider of this issuer; asked anew once a day. Not to be called inside a transaction.

    Raises EndpointFailed and what `read_provider` raises, unless what it said within the last two days is at hand.
    """
    return _remembered.find(
        issuer, fetch=lambda: _fetch(issuer), fresh_for=FRESH_FOR, usable_for=USABLE_FOR, now=now
    ).value


def forget_providers() -> None:
    """Ask every provider anew at the next sign-in."""
    _remembered.clear()


def read_provider(document: bytes, *, issuer: str) -> Provider:
    """Read the document that `issuer` published.

    Raises DiscoveryUnreadable, DiscoveryIssuerDiffers, NoCommonAlgorithm, NoClientAuthentication.
    """
    address = discovery_url(issuer)
    if len(document) > names.LARGEST_DISCOVERY:
        raise DiscoveryUnreadable(expected=address, why="it is larger than 256 KiB")
    try:
        read = read_object(document)
    except ValueError as error:
        raise DiscoveryUnreadable(expected=address, why=str(error)) from None
    said = read.get("issuer")
    if said != issuer:  # R21
        raise DiscoveryIssuerDiffers(expected=issuer, received=show(said))
    return Provider(
        issuer=issuer,
        authorization_endpoint=_endpoint(read, "authorization_endpoint", address=address),
        token_endpoint=_endpoint(read, "token_endpoint", address=address),
        jwks_uri=_endpoint(read, "jwks_uri", address=address),
        algorithms=_algorithms(read, address=address),
        client_authentication=_client_authentication(read, address=address),
        sends_issuer=read.get("authorization_response_iss_parameter_supported") is True,
    )


def _fetch(issuer: str) -> tuple[Provider, timedelta]:
    address = discovery_url(issuer)
    answer = endpoints.get(address, purpose="discovery", accept="application/json")
    if read_url(answer.url).origin != read_url(address).origin:
        # An open redirect at the provider would otherwise be enough to put other keys in place of its own.
        raise DiscoveryUnreadable(expected=address, received=show(answer.url), why="it redirects to another host")
    return read_provider(answer.body, issuer=issuer), FRESH_FOR


def _endpoint(read: Mapping[str, Any], name: str, *, address: str) -> str:
    """An absolute https address (http where development allows it); the browser or we will go there."""
    value = read.get(name)
    if not isinstance(value, str) or not value:
        raise DiscoveryUnreadable(expected=address, why=f"{name} is missing")
    try:
        return read_url(value).url
    except FetchFailed:
        raise DiscoveryUnreadable(
            expected=address, received=show(value), why=f"{name} isn't an https address"
        ) from None


def _algorithms(read: Mapping[str, Any], *, address: str) -> tuple[str, ...]:
    announced = _texts(read, "id_token_signing_alg_values_supported", address=address) or (names.DEFAULT_ALGORITHM,)
    common = tuple(name for name in names.ALGORITHMS if name in announced)
    if not common:
        raise NoCommonAlgorithm(expected=", ".join(names.ALGORITHMS), received=show(", ".join(announced)))
    return common


def _client_authentication(read: Mapping[str, Any], *, address: str) -> str:
    announced = _texts(read, "token_endpoint_auth_methods_supported", address=address) or (
        names.DEFAULT_CLIENT_AUTHENTICATION,
    )
    for way in names.CLIENT_AUTHENTICATION:
        if way in announced:
            return way
    raise NoClientAuthentication(expected=" or ".join(names.CLIENT_AUTHENTICATION), received=show(", ".join(announced)))


def _texts(read: Mapping[str, Any], name: str, *, address: str) -> tuple[str, ...]:
    value = read.get(name, [])
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise DiscoveryUnreadable(expected=address, why=f"{name} isn't a list of texts")
    return tuple(value)
