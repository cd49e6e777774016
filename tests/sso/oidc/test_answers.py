"""The way from our request to a verified token, against a provider that misbehaves at each step."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from identity_platform.errors import PlatformError
from sso.oidc import errors, status
from sso.oidc.answers import read_code, redeem_code
from sso.oidc.discovery import Provider, find_provider
from sso.oidc.requests import Client, authorization_url, make_secrets
from sso.oidc.tokens import VerifiedIdToken
from tests.factories.oidc import CLIENT_ID, CLIENT_SECRET, Answer, OpenIdProvider, json_answer, make_key, sign

REDIRECT_URI = "https://id.example/login/google/callback/"


@pytest.fixture
def client(provider: OpenIdProvider) -> Client:
    return Client(issuer=provider.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, redirect_uri=REDIRECT_URI)


@pytest.fixture
def known(provider: OpenIdProvider, now: datetime) -> Provider:
    return find_provider(provider.issuer, now=now)


@pytest.fixture
def go(provider: OpenIdProvider, client: Client, now: datetime) -> Callable[..., VerifiedIdToken]:
    """The whole way, as a browser would make it; `query` changes what it brings back."""

    def sign_in(**query: str) -> VerifiedIdToken:
        known = find_provider(provider.issuer, now=now)
        secrets = make_secrets()
        answer = provider.authorize(authorization_url(known, client, state="s", secrets=secrets)) | query
        code = read_code(answer, provider=known)
        return redeem_code(code, provider=known, client=client, secrets=secrets, now=now)

    return sign_in


def test_a_code_becomes_a_verified_token(go: Callable[..., VerifiedIdToken], provider: OpenIdProvider) -> None:
    token = go()

    assert (token.issuer, token.subject) == (provider.issuer, "subject-1")


def test_the_secret_goes_by_form_where_the_provider_wants_it_so(
    go: Callable[..., VerifiedIdToken], provider: OpenIdProvider
) -> None:
    provider.discovery_changes["token_endpoint_auth_methods_supported"] = ["client_secret_post"]

    assert go().subject == "subject-1"
    _, headers, form = provider.requests[-2]
    assert form["client_secret"] == CLIENT_SECRET
    assert "authorization" not in headers


def test_r23_each_request_has_fresh_state_nonce_and_pkce(known: Provider, client: Client) -> None:
    first, second = make_secrets(), make_secrets()
    url = authorization_url(known, client, state="s", secrets=first, more={"prompt": "select_account", "hd": ""})
    query = parse_qs(urlsplit(url).query)

    assert query["tenant"] == ["1"], "what the endpoint's address carries stays"
    assert query["code_challenge_method"] == ["S256"]
    assert query["code_challenge"] == [first.code_challenge]
    assert first.code_verifier not in url
    assert (query["response_type"], query["prompt"]) == (["code"], ["select_account"])
    assert "hd" not in query
    assert len({first.nonce, second.nonce, first.code_verifier, second.code_verifier}) == 4
    assert all(43 <= len(secret) <= 128 for secret in (first.nonce, first.code_verifier))


def test_r23_a_code_works_only_with_the_verifier_of_its_own_request(
    provider: OpenIdProvider, known: Provider, client: Client, now: datetime
) -> None:
    answer = provider.authorize(authorization_url(known, client, state="s", secrets=make_secrets()))

    with pytest.raises(errors.CodeNotAccepted):
        redeem_code(answer["code"], provider=known, client=client, secrets=make_secrets(), now=now)


def test_a_code_used_before_is_refused(
    provider: OpenIdProvider, known: Provider, client: Client, now: datetime
) -> None:
    secrets = make_secrets()
    answer = provider.authorize(authorization_url(known, client, state="s", secrets=secrets))
    redeem_code(answer["code"], provider=known, client=client, secrets=secrets, now=now)

    with pytest.raises(errors.CodeNotAccepted):
        redeem_code(answer["code"], provider=known, client=client, secrets=secrets, now=now)


def test_r23_a_token_of_another_request_is_refused(
    go: Callable[..., VerifiedIdToken], provider: OpenIdProvider
) -> None:
    provider.claims["nonce"] = "of another request"

    with pytest.raises(errors.WrongNonce):
        go()


def test_r27_an_answer_of_another_issuer_is_refused_before_its_code_is_sent_anywhere(
    go: Callable[..., VerifiedIdToken], provider: OpenIdProvider
) -> None:
    with pytest.raises(errors.AnswerOfOtherIssuer):
        go(iss="https://other.example")

    assert "/token" not in provider.paths_asked()


def test_r27_a_provider_that_announces_its_issuer_has_to_name_it(provider: OpenIdProvider, now: datetime) -> None:
    provider.discovery_changes["authorization_response_iss_parameter_supported"] = True
    known = find_provider(provider.issuer, now=now)

    with pytest.raises(errors.AnswerOfOtherIssuer):
        read_code({"code": "x", "state": "s"}, provider=known)
    assert read_code({"code": "x", "state": "s", "iss": provider.issuer}, provider=known) == "x"


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        ("access_denied", status.AccessDenied),
        ("interaction_required", status.LoginRequired),
        ("temporarily_unavailable", status.ProviderBusy),
        ("invalid_scope", status.RequestRefused),
        ("made\nup\x00", status.ProviderRefused),
    ],
)
def test_what_the_provider_says_no_with_is_explained(error: str, refusal: type[PlatformError], known: Provider) -> None:
    with pytest.raises(refusal) as raised:
        read_code({"error": error, "error_description": "because <b>"}, provider=known)

    assert raised.value.received.isprintable()


@pytest.mark.parametrize("query", [{}, {"code": ""}, {"code": "x" * 5000}, {"code": "a\x00b"}, {"code": "ä"}])
def test_r50_an_answer_without_a_usable_code_is_refused_by_name(query: dict[str, str], known: Provider) -> None:
    with pytest.raises(errors.AnswerUnreadable):
        read_code(query, provider=known)


SECRETS_INSIDE = f"debug: client_secret={CLIENT_SECRET} code=code-1"


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (
            json_answer({"error": "invalid_client", "error_description": SECRETS_INSIDE}, status=401),
            errors.ClientNotAccepted,
        ),
        (
            json_answer({"error": "invalid_grant", "error_description": SECRETS_INSIDE}, status=400),
            errors.CodeNotAccepted,
        ),
        (json_answer({"error": SECRETS_INSIDE}, status=400), errors.TokenEndpointFailed),
        (json_answer({"error": {"a": 1}}, status=400), errors.TokenEndpointFailed),
        (json_answer({"id_token": "x.y.z"}, status=500), errors.TokenEndpointFailed),
        ((500, {}, SECRETS_INSIDE.encode()), errors.TokenEndpointFailed),
        ((200, {"content-type": "text/html"}, b"<html>" + SECRETS_INSIDE.encode()), errors.TokenEndpointFailed),
        ((200, {}, b""), errors.TokenEndpointFailed),
        (json_answer([]), errors.TokenEndpointFailed),
        (json_answer({"access_token": "x"}), errors.TokenEndpointFailed),
        (json_answer({"id_token": 7}), errors.TokenEndpointFailed),
        (json_answer({"id_token": "x.y.z", "access_token": 7}), errors.TokenEndpointFailed),
        (json_answer({"id_token": "x.y.z"}), errors.TokenUnreadable),
        ((302, {"location": "/elsewhere"}, b""), errors.EndpointFailed),
        ((307, {"location": "http://localhost/"}, b""), errors.EndpointFailed),
        ((200, {}, b"x" * (1024 * 1024 + 1)), errors.EndpointFailed),
    ],
)
def test_r28_whatever_the_token_endpoint_answers_is_a_refusal_that_repeats_nothing_of_it(
    answer: Answer, refusal: type[PlatformError], go: Callable[..., VerifiedIdToken], provider: OpenIdProvider
) -> None:
    provider.answers["/token"] = lambda: answer

    with pytest.raises(refusal) as raised:
        go()

    error = raised.value
    told = " ".join((error.message_text, error.remedy_text, error.expected, error.received, repr(error.context)))
    assert CLIENT_SECRET not in told
    assert "code-1" not in told
    assert error.status < 500
    assert provider.paths_asked().count("/token") == 1, "a code is never tried twice"
    assert "/elsewhere" not in provider.paths_asked()


def test_r28_the_clients_secret_is_not_in_its_representation(client: Client) -> None:
    assert CLIENT_SECRET not in repr(client)
    assert CLIENT_SECRET not in str(client)


@pytest.mark.parametrize(
    ("claims", "refusal"),
    [
        ({"aud": "another-client"}, errors.WrongAudience),
        ({"iss": "https://other.example"}, errors.WrongIssuer),
        ({"azp": "another-client"}, errors.WrongAuthorizedParty),
        ({"exp": 1}, errors.TokenExpired),
        ({"at_hash": "of another token"}, errors.WrongAccessTokenHash),
    ],
)
def test_r21_the_token_is_checked_also_though_it_came_by_tls_from_the_provider(
    claims: dict[str, Any], refusal: type[PlatformError], go: Callable[..., VerifiedIdToken], provider: OpenIdProvider
) -> None:
    """OIDC Core s3.1.3.7 would let us leave the signature away here; we leave nothing away."""
    provider.claims |= claims

    with pytest.raises(refusal):
        go()


def test_r22_a_key_that_the_provider_does_not_publish_is_refused(
    go: Callable[..., VerifiedIdToken], provider: OpenIdProvider
) -> None:
    provider.make_token = lambda claims: sign(claims, key=make_key("unpublished"))

    with pytest.raises(errors.KeyUnknown):
        go()
