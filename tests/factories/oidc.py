"""An OpenID provider of the tests: real HTTP on this machine, real signatures, and whatever a test wants wrong."""

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from sso.oidc.tokens import Expected

CLIENT_ID = "platform-at-provider"
CLIENT_SECRET = "a secret with : and % and + in it"
ACCESS_TOKEN = "an-access-token"
NONCE = "n" * 43

# A response of an endpoint: status, headers, body.
Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Key:
    """A private key that signs, and what a key set says of it."""

    key_id: str
    algorithm: str
    private: Any

    @property
    def jwk(self) -> dict[str, Any]:
        writer = {"RS": RSAAlgorithm, "PS": RSAAlgorithm, "ES": ECAlgorithm, "Ed": OKPAlgorithm}[self.algorithm[:2]]
        public = json.loads(writer.to_jwk(self.private.public_key()))
        return {**public, "kid": self.key_id, "use": "sig", "alg": self.algorithm}


@lru_cache(maxsize=32)
def make_key(key_id: str = "first", algorithm: str = "RS256", *, bits: int = 2048) -> Key:
    """The key of this name, the same for the whole run: RSA keys take a while."""
    if algorithm.startswith(("RS", "PS")):
        return Key(key_id, algorithm, rsa.generate_private_key(65537, bits))
    if algorithm == "EdDSA":
        return Key(key_id, algorithm, ed25519.Ed25519PrivateKey.generate())
    curve = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}[algorithm]
    return Key(key_id, algorithm, ec.generate_private_key(curve()))


def expectation(issuer: str = "https://op.example", **fields: Any) -> Expected:
    """What our side expects of the tokens below."""
    return Expected(**{"issuer": issuer, "client_id": CLIENT_ID, "nonce": NONCE, "algorithms": ("RS256",), **fields})


def claims_of(*, issuer: str = "https://op.example", now: datetime, **changes: Any) -> dict[str, Any]:
    """The claims of a good ID token; what is changed to None is left out."""
    claims = {
        "iss": issuer,
        "sub": "subject-1",
        "aud": CLIENT_ID,
        "azp": CLIENT_ID,
        "iat": int(now.timestamp()),
        "exp": int(now.timestamp()) + 600,
        "nonce": NONCE,
        "email": "rosa@gmail.com",
        "email_verified": True,
        "name": "Rosa Keller",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def sign(claims: dict[str, Any], *, key: Key | None = None, **headers: Any) -> str:
    key = key or make_key()
    # Below jwt.encode, which refuses to write some of what an attacker would.
    payload = json.dumps(claims).encode()
    return jwt.api_jws.PyJWS().encode(
        payload, key.private, algorithm=key.algorithm, headers={"kid": key.key_id, **headers}
    )


def base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def assemble(header: object, claims: object, signature: bytes = b"") -> str:
    """A token made of anything, which no library would write."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    return ".".join(base64url(part) for part in (*parts, signature))


def json_answer(body: object, *, status: int = 200, **headers: str) -> Answer:
    return status, {"content-type": "application/json", **headers}, json.dumps(body).encode()


@dataclass
class OpenIdProvider:
    """Serves discovery, keys and tokens. `discovery_changes` and `answers` (by path) put something else in their place;
    `claims` are those of the next ID tokens, `keys` the published set, `signing_key` the one that signs."""

    issuer: str
    now: Callable[[], datetime]
    claims: dict[str, Any] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=lambda: [make_key()])
    signing_key: Key = field(default_factory=make_key)
    make_token: Callable[[dict[str, Any]], str] | None = None
    discovery_changes: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Callable[[], Answer]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    used_codes: list[str] = field(default_factory=list)

    def authorize(self, url: str) -> dict[str, str]:
        """What the browser is sent back with, after somebody signed in there: the query of the redirect URI."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes) + 1}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def paths_asked(self) -> list[str]:
        return [path for path, _, _ in self.requests]

    def answer(self, path: str, headers: dict[str, str], form: dict[str, str]) -> Answer:
        self.requests.append((path, headers, form))
        if path in self.answers:
            return self.answers[path]()
        if path == "/.well-known/openid-configuration":
            return json_answer(self._discovery())
        if path == "/keys":
            return json_answer({"keys": [key.jwk for key in self.keys]})
        if path == "/token":
            return self._tokens(headers, form)
        return json_answer({}, status=404)

    def _discovery(self) -> dict[str, Any]:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            **self.discovery_changes,
        }
        return {name: value for name, value in document.items() if value is not None}

    def _tokens(self, headers: dict[str, str], form: dict[str, str]) -> Answer:
        expected = base64.b64encode(b"platform-at-provider:a+secret+with+%3A+and+%25+and+%2B+in+it").decode()
        by_post = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        if headers.get("authorization") != f"Basic {expected}" and not by_post:
            return json_answer({"error": "invalid_client", "error_description": f"not {CLIENT_SECRET}"}, status=401)
        code = form.get("code", "")
        asked = self.codes.get(code)
        challenge = base64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or code in self.used_codes or challenge != asked["code_challenge"]:
            return json_answer({"error": "invalid_grant", "error_description": f"{code} is bad"}, status=400)
        assert form["redirect_uri"] == asked["redirect_uri"]
        self.used_codes.append(code)
        claims = claims_of(**{"issuer": self.issuer, "now": self.now(), "nonce": asked["nonce"], **self.claims})
        token = self.make_token(claims) if self.make_token else sign(claims, key=self.signing_key)
        return json_answer({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": token})


@contextmanager
def serve_provider(now: Callable[[], datetime]) -> Iterator[OpenIdProvider]:
    """A provider at a free port of this machine until the block is left."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            self._reply({name: values[0] for name, values in parse_qs(body).items()})

        def _reply(self, form: dict[str, str]) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, sent, body = provider.answer(self.path, headers, form)
            self.send_response(status)
            for name, value in {**sent, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # the platform hangs up on an answer that is too large
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider = OpenIdProvider(issuer=f"http://127.0.0.1:{server.server_address[1]}", now=now)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
