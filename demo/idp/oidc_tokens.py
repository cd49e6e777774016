"""OpenID provider side of a tenant, between machines: token and userinfo (OIDC Core s3.1.3, s5.3)."""

import base64
import binascii
import hashlib
import secrets
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

import jwt
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from demo.models import (
    TOKEN_LIFETIME,
    AccessToken,
    Application,
    AuthorizationCode,
    Key,
    Person,
    Protocol,
    Tenant,
)


class TokenRefused(Exception):
    """`code` is one of RFC 6749 s5.2."""

    def __init__(self, code: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.status = status


@csrf_exempt  # machines come here, with a secret of their own
@require_POST
def issue_token(request: HttpRequest, tenant_slug: str) -> JsonResponse:
    """A code for an id token and an access token."""
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    now = timezone.now()
    try:
        application = _authenticate(request, tenant)
        code = _redeem(request, application, now=now)
    except TokenRefused as refusal:
        response = JsonResponse({"error": refusal.code, "error_description": str(refusal)}, status=refusal.status)
        if refusal.status == 401:
            response["WWW-Authenticate"] = 'Basic realm="token"'
        return _uncached(response)
    token = AccessToken.objects.create(code=code, created_at=now)
    return _uncached(
        JsonResponse(
            {
                "access_token": token.token,
                "token_type": "Bearer",
                "expires_in": int(TOKEN_LIFETIME.total_seconds()),
                "scope": code.scope,
                "id_token": make_id_token(code, access_token=token.token, now=now),
            }
        )
    )


@csrf_exempt
@require_http_methods(["GET", "POST"])
def show_userinfo(request: HttpRequest, tenant_slug: str) -> JsonResponse:
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    token = AccessToken.objects.filter(token=value, code__application__tenant=tenant).select_related("code").first()
    if kind.lower() != "bearer" or token is None or not token.is_live(now=timezone.now()):
        response = JsonResponse({"error": "invalid_token"}, status=401)
        response["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        return response
    return _uncached(
        JsonResponse({"sub": token.code.person.subject, **claims_for(token.code.person, token.code.scope)})
    )


def make_id_token(code: AuthorizationCode, *, access_token: str, now: datetime) -> str:
    """A signed JWT (OIDC Core s2)."""
    tenant = code.application.tenant
    key = Key.objects.filter(tenant=tenant)[0]
    claims = {
        "iss": tenant.address,
        "sub": code.person.subject,
        "aud": code.application.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + TOKEN_LIFETIME).timestamp()),
        "auth_time": int(code.signed_in_at.timestamp()),
        "at_hash": half_hash(access_token),
        **({"nonce": code.nonce} if code.nonce else {}),
        **claims_for(code.person, code.scope),
    }
    return jwt.encode(claims, key.private_pem, algorithm="RS256", headers={"kid": key.key_id})


def half_hash(access_token: str) -> str:
    """The left half of the token's SHA-256 in base64url (OIDC Core s3.1.3.6)."""
    return _base64url(hashlib.sha256(access_token.encode()).digest()[:16])


def claims_for(person: Person, scope: str) -> dict[str, Any]:
    """What the scopes open (OIDC Core s5.4); `groups` is ours, `hd` Google's."""
    by_scope: dict[str, dict[str, Any]] = {
        "profile": {
            "name": person.full_name,
            "given_name": person.first_name,
            "family_name": person.last_name,
            "preferred_username": person.email,
        },
        "email": {
            "email": person.email,
            "email_verified": True,
            **({"hd": person.hosted_domain} if person.hosted_domain else {}),
        },
        "groups": {"groups": person.group_names()},
    }
    return {name: value for granted in scope.split() for name, value in by_scope.get(granted, {}).items()}


def _authenticate(request: HttpRequest, tenant: Tenant) -> Application:
    """The client, by its secret: in the header or in the form, not in both (RFC 6749 s2.3). Raises TokenRefused."""
    header = request.headers.get("Authorization", "")
    client_id, client_secret = request.POST.get("client_id", ""), request.POST.get("client_secret", "")
    if header:
        if client_secret:
            raise TokenRefused("invalid_request", "The client shows its secret in two ways.")
        client_id, client_secret = _read_basic(header)
    application = tenant.applications.filter(protocol=Protocol.OIDC, client_id=client_id).exclude(client_id="").first()
    expected = application.client_secret if application else ""
    if not secrets.compare_digest(client_secret.encode(), expected.encode()) or application is None:
        raise TokenRefused("invalid_client", "Client ID or secret is wrong.", status=401)
    return application


def _read_basic(header: str) -> tuple[str, str]:
    kind, _, value = header.partition(" ")
    try:
        client_id, _, client_secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise TokenRefused("invalid_client", "The Authorization header can't be read.", status=401) from error
    if kind.lower() != "basic":
        raise TokenRefused("invalid_client", "The Authorization header is not of the kind Basic.", status=401)
    return unquote_plus(client_id), unquote_plus(client_secret)


def _redeem(request: HttpRequest, application: Application, *, now: datetime) -> AuthorizationCode:
    """Use up the code. A second use ends the tokens that the first one gave, also when this request fails."""
    if request.POST.get("grant_type") != "authorization_code":
        raise TokenRefused("unsupported_grant_type", "Only authorization_code is offered.")
    with transaction.atomic():
        code = (
            AuthorizationCode.objects.select_for_update()
            .filter(code=request.POST.get("code", ""), application=application)
            .first()
        )
        if code is not None and code.used_at is not None:
            code.tokens.all().delete()
        is_open = code is not None and code.is_open(now=now)
        if code is not None and is_open:
            code.used_at = now
            code.save(update_fields=["used_at"])
    if code is None or not is_open:
        raise TokenRefused("invalid_grant", "The code is unknown, used or older than a minute.")
    if request.POST.get("redirect_uri") != code.redirect_uri:
        raise TokenRefused("invalid_grant", "The redirect URI is not the one of the authorization request.")
    verifier = request.POST.get("code_verifier", "")
    challenge = _base64url(hashlib.sha256(verifier.encode()).digest())
    if not secrets.compare_digest(challenge, code.code_challenge):
        raise TokenRefused("invalid_grant", "The code verifier does not fit the challenge.")
    if not code.person.is_active:
        raise TokenRefused("invalid_grant", "This person may no longer sign in.")
    return code


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _uncached(response: JsonResponse) -> JsonResponse:
    response["Cache-Control"] = "no-store"
    return response
