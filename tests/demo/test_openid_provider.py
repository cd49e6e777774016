"""The demo's OpenID side, used by a relying party over the network; PyJWT checks what it signs."""

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import urllib3

from demo.models import Application, Person
from tests.demo.conftest import PLATFORM, hidden_fields

CALLBACK = f"{PLATFORM}/sso/oidc/1/callback/"
CLIENT_ID = "northwind-platform"


@dataclass
class RelyingParty:
    """A browser and a server in one: follows redirects by hand, keeps cookies, talks to the token endpoint."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))

    @property
    def issuer(self) -> str:
        return f"{self.address}/idp/northwind"

    @property
    def secret(self) -> str:
        return Application.objects.get(client_id=CLIENT_ID).client_secret

    def get_json(self, url: str, **headers: str) -> dict[str, Any]:
        return json.loads(self.http.request("GET", url, headers=headers).data)

    def browse(self, method: str, url: str, **fields: str) -> urllib3.BaseHTTPResponse:
        """One request of the browser; redirects within the identity provider are followed."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = urlencode(fields) if method == "POST" else None
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        response = self.http.request(method, url, headers=headers, body=body, redirect=False)
        for cookie in response.headers.getlist("Set-Cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        location = response.headers.get("Location", "")
        if location.startswith("/"):
            return self.browse("GET", self.address + location)
        return response

    def authorize(self, **changes: str | None) -> urllib3.BaseHTTPResponse:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        parameters = {
            "client_id": CLIENT_ID,
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile email groups",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **changes,
        }
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        return self.browse("GET", f"{self.get_json(self.discovery)['authorization_endpoint']}?{query}")

    @property
    def discovery(self) -> str:
        return f"{self.issuer}/.well-known/openid-configuration"

    def sign_in(self, page: urllib3.BaseHTTPResponse, email: str) -> urllib3.BaseHTTPResponse:
        html = page.data.decode()
        person = Person.objects.get(email=email)
        return self.browse("POST", f"{self.issuer}/sign-in/", person=person.id.hex, **hidden_fields(html))

    def get_code(self, email: str = "amara@northwind.example", **changes: str) -> str:
        back = query_of(self.sign_in(self.authorize(**changes), email))
        return back["code"]

    def redeem(self, code: str, **changes: str) -> tuple[int, dict[str, Any]]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
            "client_id": CLIENT_ID,
            "client_secret": self.secret,
            **changes,
        }
        response = self.http.request("POST", f"{self.issuer}/oidc/token/", fields=fields, encode_multipart=False)
        assert response.headers["Cache-Control"] == "no-store"
        return response.status, json.loads(response.data)

    def read_id_token(self, token: str) -> dict[str, Any]:
        keys = jwt.PyJWKSet.from_dict(self.get_json(self.get_json(self.discovery)["jwks_uri"]))
        key = keys[jwt.get_unverified_header(token)["kid"]]
        return jwt.decode(token, key, algorithms=["RS256"], audience=CLIENT_ID, issuer=self.issuer)


def query_of(response: urllib3.BaseHTTPResponse) -> dict[str, str]:
    """What the identity provider sent back to the callback."""
    location = response.headers["Location"]
    assert location.startswith(CALLBACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


@pytest.fixture
def party(served: str) -> RelyingParty:
    return RelyingParty(served)


def test_a_sign_in_from_discovery_to_userinfo(party: RelyingParty) -> None:
    page = party.authorize()
    assert "Who is signing in?" in page.data.decode()
    back = query_of(party.sign_in(page, "amara@northwind.example"))
    assert (back["state"], back["iss"]) == ("state-1", party.issuer)

    status, tokens = party.redeem(back["code"])
    assert status == 200
    claims = party.read_id_token(tokens["id_token"])
    amara = Person.objects.get(email="amara@northwind.example")
    assert claims["sub"] == amara.id.hex
    assert claims["nonce"] == "nonce-1"
    assert (claims["email"], claims["email_verified"]) == ("amara@northwind.example", True)
    assert (claims["given_name"], claims["family_name"]) == ("Amara", "Okafor")
    assert claims["groups"] == ["Engineering", "Everyone"]
    left_half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(left_half).rstrip(b"=").decode()

    userinfo = party.get_json(f"{party.issuer}/oidc/userinfo/", Authorization=f"Bearer {tokens['access_token']}")
    assert userinfo == {name: claims[name] for name in userinfo}
    assert userinfo["sub"] == claims["sub"]


def test_discovery_names_the_issuer_as_it_was_asked_for(party: RelyingParty) -> None:
    document = party.get_json(party.discovery)
    assert document["issuer"] == party.issuer
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert all(document[name].startswith(party.issuer) for name in document if name.endswith("_endpoint"))


def test_the_secret_may_come_in_the_header_too(party: RelyingParty) -> None:
    code = party.get_code()
    basic = base64.b64encode(f"{CLIENT_ID}:{party.secret}".encode()).decode()
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": party.verifier,
    }
    response = party.http.request(
        "POST",
        f"{party.issuer}/oidc/token/",
        fields=fields,
        encode_multipart=False,
        headers={"Authorization": f"Basic {basic}"},
    )
    assert response.status == 200


def test_a_rotated_key_signs_and_the_one_before_still_verifies(party: RelyingParty) -> None:
    _, before = party.redeem(party.get_code())
    page = party.browse("GET", f"{party.issuer}/applications/").data.decode()
    party.browse("POST", f"{party.issuer}/keys/rotate/", **hidden_fields(page))
    _, after = party.redeem(query_of(party.authorize())["code"])
    assert party.read_id_token(before["id_token"])
    assert party.read_id_token(after["id_token"])
    kids = {jwt.get_unverified_header(tokens["id_token"])["kid"] for tokens in (before, after)}
    assert len(kids) == 2


def test_scopes_open_their_claims_and_nothing_more(party: RelyingParty) -> None:
    _, tokens = party.redeem(party.get_code(scope="openid email"))
    claims = party.read_id_token(tokens["id_token"])
    assert "email" in claims
    assert not {"groups", "name", "given_name"} & claims.keys()


def test_somebody_not_assigned_is_denied_by_the_answer(party: RelyingParty) -> None:
    Application.objects.filter(client_id=CLIENT_ID).update(is_for_everybody=False)
    back = query_of(party.sign_in(party.authorize(), "hannah@northwind.example"))
    assert back["error"] == "access_denied"
    assert "code" not in back


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "email"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_a_bad_request_is_told_to_the_application(
    party: RelyingParty, changes: dict[str, str | None], error: str
) -> None:
    back = query_of(party.authorize(**changes))
    assert (back["error"], back["state"], back["iss"]) == (error, "state-1", party.issuer)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"},
        {"client_id": ""},
        {"redirect_uri": "https://evil.example/sso/oidc/1/callback/"},
        {"redirect_uri": f"{PLATFORM}.evil.example/sso/oidc/1/callback/"},
        {"redirect_uri": f"{PLATFORM}/login/?next=/sso/oidc/1/callback/"},
        {"redirect_uri": ""},
    ],
)
def test_an_unknown_application_or_address_is_refused_on_the_page(party: RelyingParty, changes: dict[str, str]) -> None:
    response = party.authorize(**changes)
    assert response.status == 400
    assert "Location" not in response.headers


def test_prompt_login_and_max_age_ask_again(party: RelyingParty) -> None:
    party.get_code()
    assert query_of(party.authorize())["code"]
    assert "Who is signing in?" in party.authorize(prompt="login").data.decode()
    assert "Who is signing in?" in party.authorize(max_age="0").data.decode()


@pytest.mark.parametrize(
    "changes",
    [{"code_verifier": "x" * 43}, {"code_verifier": ""}, {"redirect_uri": f"{PLATFORM}/sso/oidc/2/callback/"}],
)
def test_a_code_is_bound_to_verifier_and_address(party: RelyingParty, changes: dict[str, str]) -> None:
    status, answer = party.redeem(party.get_code(), **changes)
    assert (status, answer["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("changes", [{"client_secret": "wrong"}, {"client_secret": ""}, {"client_id": "unknown"}])
def test_a_wrong_secret_is_refused(party: RelyingParty, changes: dict[str, str]) -> None:
    status, answer = party.redeem(party.get_code(), **changes)
    assert (status, answer["error"]) == (401, "invalid_client")


def test_an_empty_secret_does_not_authenticate_an_unknown_client(party: RelyingParty) -> None:
    status, _ = party.redeem("any", client_id="unknown", client_secret="")
    assert status == 401


def test_a_code_of_one_application_is_none_for_another(party: RelyingParty) -> None:
    code = party.get_code()
    tenant = Application.objects.get(client_id=CLIENT_ID).tenant
    tenant.applications.create(protocol="oidc", name="Other", client_id="other", client_secret="secret")
    status, _ = party.redeem(code, client_id="other", client_secret="secret")
    assert status == 400
    assert party.redeem(code)[0] == 200


def test_a_code_serves_once_and_a_second_use_ends_its_token(party: RelyingParty) -> None:
    code = party.get_code()
    _, tokens = party.redeem(code)
    assert party.redeem(code)[0] == 400
    response = party.http.request(
        "GET", f"{party.issuer}/oidc/userinfo/", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert response.status == 401
    assert re.match("Bearer", response.headers["WWW-Authenticate"])
