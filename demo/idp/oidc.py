"""OpenID provider side of a tenant, up to the code: discovery, keys, authorization (OIDC Core s3.1.2, RFC 7636)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from cryptography.x509 import load_pem_x509_certificate
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from jwt.algorithms import RSAAlgorithm

from demo.idp.errors import RequestRefused
from demo.idp.pending import PendingRequest
from demo.idp.sessions import IdpSession, read_session
from demo.models import Application, AuthorizationCode, Key, Protocol, Tenant, origin_of

SCOPES = ("openid", "profile", "email", "groups")
S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""A SHA-256 in base64url without padding."""
PLATFORM_CALLBACK = re.compile(r"/sso/oidc/[^/]+/callback/|/login/google/callback/")


@dataclass(frozen=True)
class AuthorizationError(Exception):
    """What is wrong with a request whose redirect URI is sound, so that the application may be told (s3.1.2.6)."""

    error: str
    description: str


@dataclass(frozen=True)
class AuthorizationRequest:
    redirect_uri: str
    state: str
    nonce: str
    scope: str
    code_challenge: str
    prompt: str
    max_age: int | None
    login_hint: str

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Raises AuthorizationError."""
        scopes = query.get("scope", "").split()
        if query.get("response_type") != "code":
            raise AuthorizationError("unsupported_response_type", "Only the code flow is offered.")
        if "openid" not in scopes:
            raise AuthorizationError("invalid_scope", "The scope openid is missing.")
        if query.get("code_challenge_method") != "S256" or not S256_CHALLENGE.fullmatch(
            query.get("code_challenge", "")
        ):
            raise AuthorizationError("invalid_request", "PKCE with S256 is required.")
        max_age = query.get("max_age", "")
        if max_age and not max_age.isdecimal():
            raise AuthorizationError("invalid_request", "max_age is not a number of seconds.")
        return cls(
            redirect_uri=query["redirect_uri"],
            state=query.get("state", ""),
            nonce=query.get("nonce", ""),
            scope=" ".join(scope for scope in scopes if scope in SCOPES),
            code_challenge=query["code_challenge"],
            prompt=query.get("prompt", ""),
            max_age=int(max_age) if max_age else None,
            login_hint=query.get("login_hint", ""),
        )


@require_safe
def show_discovery(request: HttpRequest, tenant_slug: str) -> JsonResponse:
    """OpenID Connect Discovery s4.2."""
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    return JsonResponse(
        {
            "issuer": tenant.address,
            "authorization_endpoint": f"{tenant.address}/oidc/authorize/",
            "token_endpoint": f"{tenant.address}/oidc/token/",
            "userinfo_endpoint": f"{tenant.address}/oidc/userinfo/",
            "jwks_uri": f"{tenant.address}/oidc/jwks/",
            "scopes_supported": SCOPES,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "claims_supported": [
                *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash"),
                *("name", "given_name", "family_name", "email", "email_verified", "hd", "groups"),
            ],
        }
    )


@require_safe
def show_keys(request: HttpRequest, tenant_slug: str) -> JsonResponse:
    """RFC 7517 s5: the key that signs and those before it."""
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    return JsonResponse({"keys": [_public_key(key) for key in tenant.keys.all()]})


@require_safe
@never_cache
def authorize(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    """Check the request, then ask who is there. An unsound redirect URI is refused here and told to nobody."""
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    application = _find_application(tenant, request.GET.get("client_id", ""), request.GET.get("redirect_uri", ""))
    try:
        authorization = AuthorizationRequest.read(request.GET.dict())
        session = read_session(request, tenant)
        if authorization.prompt == "none" and session is None:
            raise AuthorizationError("login_required", "Nobody is signed in here.")
    except AuthorizationError as refusal:
        return _send_back(
            tenant,
            request.GET["redirect_uri"],
            state=request.GET.get("state", ""),
            error=refusal.error,
            error_description=refusal.description,
        )
    now = timezone.now().timestamp()
    max_age = authorization.max_age
    is_too_old = session is not None and max_age is not None and session.signed_in_at.timestamp() < now - max_age
    pending = PendingRequest(
        application_id=application.id.hex,
        asked_at=now,
        parameters={
            "redirect_uri": authorization.redirect_uri,
            "state": authorization.state,
            "nonce": authorization.nonce,
            "scope": authorization.scope,
            "code_challenge": authorization.code_challenge,
        },
        must_sign_in=authorization.prompt in ("login", "select_account") or is_too_old,
        login_hint=authorization.login_hint,
    )
    return redirect(reverse("idp-continue", args=[tenant.slug]) + f"?request={pending.to_token()}")


def answer(application: Application, session: IdpSession, parameters: Mapping[str, str]) -> HttpResponse:
    """Send the browser back with a code, or with access_denied for somebody who isn't assigned."""
    if not application.admits(session.person):
        return _send_back(
            application.tenant,
            parameters["redirect_uri"],
            state=parameters["state"],
            error="access_denied",
            error_description=f"{session.person.email} is not assigned to {application.name}.",
        )
    code = AuthorizationCode.objects.create(
        application=application,
        person=session.person,
        redirect_uri=parameters["redirect_uri"],
        scope=parameters["scope"],
        nonce=parameters["nonce"],
        code_challenge=parameters["code_challenge"],
        signed_in_at=session.signed_in_at,
        created_at=timezone.now(),
    )
    return _send_back(application.tenant, parameters["redirect_uri"], state=parameters["state"], code=code.code)


def _find_application(tenant: Tenant, client_id: str, redirect_uri: str) -> Application:
    """The relying party; the platform's own callback joins its redirect URIs by itself, a shortcut of this demo.

    Raises RequestRefused.
    """
    application = tenant.applications.filter(protocol=Protocol.OIDC, client_id=client_id).exclude(client_id="").first()
    if application is None:
        raise RequestRefused(f"{tenant.name} knows no application with the client ID {client_id or '(none)'}.")
    if redirect_uri in application.redirect_uris:
        return application
    origin = origin_of(settings.PUBLIC_URL)
    is_platform = redirect_uri.startswith(origin) and PLATFORM_CALLBACK.fullmatch(redirect_uri.removeprefix(origin))
    if not is_platform:
        raise RequestRefused(
            f"{redirect_uri or 'No address'} is not among the redirect URIs of {application.name}. Add it under "
            f"Applications."
        )
    application.redirect_uris = [*application.redirect_uris, redirect_uri]
    application.save(update_fields=["redirect_uris"])
    return application


def _send_back(tenant: Tenant, redirect_uri: str, **parameters: str) -> HttpResponse:
    """Redirect with what the answer says and who says it (RFC 9207)."""
    given = {name: value for name, value in parameters.items() if value}
    separator = "&" if "?" in redirect_uri else "?"
    return redirect(redirect_uri + separator + urlencode({**given, "iss": tenant.address}))


def _public_key(key: Key) -> dict[str, object]:
    public = load_pem_x509_certificate(key.certificate_pem.encode()).public_key()
    return {**json.loads(RSAAlgorithm.to_jwk(public)), "kid": key.key_id, "use": "sig", "alg": "RS256"}  # type: ignore[arg-type]  # the seed makes RSA keys only
