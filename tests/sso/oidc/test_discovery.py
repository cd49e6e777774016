"""What a provider says of itself: read as hostile input, kept for a day, believed for its own issuer alone."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from identity_platform.errors import PlatformError
from sso.oidc import errors
from sso.oidc.discovery import Provider, discovery_url, find_provider, read_provider
from tests.factories.oidc import OpenIdProvider, json_answer

DOCUMENT = "/.well-known/openid-configuration"
ISSUER = "https://op.example"


def document(**changes: Any) -> bytes:
    said = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/keys",
        **changes,
    }
    return json.dumps({name: value for name, value in said.items() if value is not None}).encode()


def read(**changes: Any) -> Provider:
    return read_provider(document(**changes), issuer=ISSUER)


def test_what_a_document_leaves_out_is_what_the_standard_says() -> None:
    provider = read()

    assert provider.algorithms == ("RS256",)
    assert provider.client_authentication == "client_secret_basic"
    assert provider.sends_issuer is False


@pytest.mark.parametrize("said", ["https://other.example", f"{ISSUER}/", "https://OP.example", "", None, [ISSUER]])
def test_r21_a_document_of_another_issuer_is_refused(said: object) -> None:
    with pytest.raises(errors.DiscoveryIssuerDiffers) as refusal:
        read(issuer=said)

    assert refusal.value.expected == ISSUER


def test_r22_algorithms_are_those_that_both_know() -> None:
    announced = ["none", "HS256", "ES256", "XY1", "RS256"]

    assert read(id_token_signing_alg_values_supported=announced).algorithms == ("RS256", "ES256")
    with pytest.raises(errors.NoCommonAlgorithm):
        read(id_token_signing_alg_values_supported=["none", "HS256"])


def test_the_secret_goes_in_a_way_that_both_know() -> None:
    by_post = read(token_endpoint_auth_methods_supported=["private_key_jwt", "client_secret_post"])

    assert by_post.client_authentication == "client_secret_post"
    with pytest.raises(errors.NoClientAuthentication):
        read(token_endpoint_auth_methods_supported=["private_key_jwt"])


@pytest.mark.parametrize(
    "changes",
    [
        {"token_endpoint": None},
        {"jwks_uri": ""},
        {"authorization_endpoint": 7},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "ftp://op.example/token"},
        {"jwks_uri": "https://user:pass@op.example/keys"},
        {"id_token_signing_alg_values_supported": "RS256"},
        {"token_endpoint_auth_methods_supported": [1]},
    ],
)
def test_r50_documents_that_lack_something_or_have_it_odd_are_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(errors.DiscoveryUnreadable):
        read(**changes)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff", b"[" * 50_000, document() * 2, b" " * 300_000])
def test_r50_what_is_no_document_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(errors.DiscoveryUnreadable):
        read_provider(body, issuer=ISSUER)


def test_http_endpoints_are_refused_outside_development(settings: Any) -> None:
    settings.ALLOW_HTTP_IDENTITY_PROVIDERS = False

    with pytest.raises(errors.DiscoveryUnreadable):
        read(token_endpoint="http://op.example/token")


def test_the_document_stands_after_the_issuers_path() -> None:
    assert discovery_url("https://op.example/a/") == "https://op.example/a/.well-known/openid-configuration"
    assert discovery_url("https://op.example/a") == "https://op.example/a/.well-known/openid-configuration"


def test_it_is_asked_once_a_day(provider: OpenIdProvider, now: datetime) -> None:
    for later in (timedelta(0), timedelta(hours=1), timedelta(hours=23)):
        assert find_provider(provider.issuer, now=now + later).issuer == provider.issuer
    assert provider.paths_asked() == [DOCUMENT]

    find_provider(provider.issuer, now=now + timedelta(hours=25))
    assert provider.paths_asked() == [DOCUMENT] * 2


def test_a_provider_that_is_down_is_believed_what_it_said_for_two_days(provider: OpenIdProvider, now: datetime) -> None:
    said = find_provider(provider.issuer, now=now)
    provider.answers[DOCUMENT] = lambda: json_answer({}, status=500)

    assert find_provider(provider.issuer, now=now + timedelta(hours=30)) == said
    asked = len(provider.requests)
    assert find_provider(provider.issuer, now=now + timedelta(hours=30, seconds=30)) == said
    assert len(provider.requests) == asked, "not asked again at each sign-in"
    with pytest.raises(PlatformError):
        find_provider(provider.issuer, now=now + timedelta(hours=49))


def test_r21_a_provider_that_turns_into_another_issuer_is_not_adopted(provider: OpenIdProvider, now: datetime) -> None:
    with pytest.raises(errors.DiscoveryIssuerDiffers):
        find_provider(f"{provider.issuer}/", now=now)

    provider.discovery_changes["issuer"] = "https://other.example"
    with pytest.raises(errors.DiscoveryIssuerDiffers):
        find_provider(provider.issuer, now=now)


def test_a_redirect_to_another_host_is_refused(provider: OpenIdProvider, now: datetime) -> None:
    elsewhere = provider.issuer.replace("127.0.0.1", "localhost")
    provider.answers[DOCUMENT] = lambda: (302, {"location": f"{elsewhere}/moved"}, b"")
    provider.answers["/moved"] = lambda: json_answer(json.loads(document(issuer=provider.issuer)))

    with pytest.raises(errors.DiscoveryUnreadable) as refusal:
        find_provider(provider.issuer, now=now)

    assert "another host" in refusal.value.message_text


def test_r45_an_issuer_inside_our_network_is_not_asked(provider: OpenIdProvider, settings: Any, now: datetime) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []

    with pytest.raises(errors.EndpointFailed):
        find_provider(provider.issuer, now=now)

    assert provider.requests == []
