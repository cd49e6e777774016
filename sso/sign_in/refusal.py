"""A refused sign-in: written down, then shown with its cause, its reference, a contact and a way on (spec 6.7)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts.models import EmailedSignIn, User, Way
from accounts.queries import who_is_at
from identity_platform.errors import PlatformError
from orgs.models import Organization, Product
from sso.actions.refusals import ONE_REFERENCE_FOR, Occasion, record_refusal
from sso.errors import ConnectionNotLive, OtherBrowserBegan, SsoRequired, WrongAccount
from sso.models import Connection, ConnectionRevision, SignInAttempt
from sso.saml import addresses
from sso.sign_in.advice import Advice, advice_for
from sso.sign_in.limits import network_of


def refuse(
    request: HttpRequest,
    error: PlatformError,
    *,
    way: str = "",
    email: str = "",
    product: Product | None = None,
    connection: Connection | None = None,
    revision: ConnectionRevision | None = None,
    user: User | None = None,
    organization: Organization | None = None,
    next_path: str = "",
    mail: EmailedSignIn | None = None,
) -> HttpResponse:
    """Record a refused sign-in and render its page; call it after the transaction has rolled back.

    `email` is an address that this browser typed, or that a verified answer named: it stands on the page. What is left
    out is taken from the attempt that the error names, if it does. What a reload refuses again is written down once:
    of that attempt, of `mail`, and within the hour of a connection that isn't live. An error for which `advice_for`
    knows nothing is raised again: it is no refused sign-in, and has its own page.
    """
    advice = advice_for(error)
    if advice is None:
        raise error
    attempt = error.context.get("attempt")
    if isinstance(attempt, SignInAttempt):
        way, connection, revision = Way.SSO, attempt.connection, attempt.revision
        if not isinstance(error, OtherBrowserBegan):  # where the other browser wanted to go is its own business
            product, next_path = attempt.product, attempt.next_path
    elif isinstance(error, ConnectionNotLive):
        connection = _connection_of_address(request)
    now = timezone.now()
    reference = record_refusal(
        error,
        way=way,
        email=email,
        product=product,
        connection=connection,
        revision=revision,
        user=user,
        organization=organization,
        occasion=_occasion_of(request, error, begun=attempt or mail, connection=connection, now=now),
        now=now,
    )
    refused = Refused(
        error=error,
        reference=reference,
        at=now,
        way=way,
        email=email,
        product=product,
        connection=connection,
        organization=organization,
        next_path=next_path,
    )
    return show_refused(request, refused)


@dataclass(frozen=True)
class Refused:
    """A refused sign-in that was written down, as its page shows it."""

    error: PlatformError
    reference: str
    at: datetime
    way: str = ""
    email: str = ""
    product: Product | None = None
    connection: Connection | None = None
    organization: Organization | None = None
    next_path: str = ""


def show_refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The page of a refused sign-in. What was expected and received stays out of it (spec 6.7)."""
    error, way, email, product, connection = (
        *(refused.error, refused.way, refused.email),
        *(refused.product, refused.connection),
    )
    advice = advice_for(error) or Advice()
    names = {
        "provider": connection.name if connection else _provider_of(way),
        "application": product_label(product) or settings.PLATFORM_NAME,
        "email": email,
        "person": email or "me",
        "as_email": f" as {email}" if email else "",
        "signed_in_there": f" You are signed in there as {email}." if email and connection else "",
        "expected": error.expected,
        "organization": refused.organization.name if refused.organization else error.context.get("organization", ""),
        "reference": refused.reference,
        "sso_page": addresses.tile_url(product.slug if product else ""),
    }
    signed_in = who_is_at(request)
    query = {"email": email, "product": product.slug if product else "", "next": refused.next_path}
    if isinstance(error, WrongAccount):
        query["email"] = error.expected
    if signed_in:
        query["again"] = "true"  # without it the sign-in page sends on whoever is signed in
    context: dict[str, Any] = {
        "error": error,
        "badge": "No access yet" if advice.is_signed_in else "Not signed in",
        "title": _sentence(advice.title, names) or error.message_text,
        "lead": _sentence(advice.lead, names) or error.remedy_text,
        "for_it": _sentence(advice.for_it, names) if way != Way.GOOGLE else "",  # no company's IT runs that
        "steps": [_sentence(step, names) for step in advice.steps],
        "reference": refused.reference,
        "connection": connection,
        "email": email,
        "way": Way(way).label if way else "",
        "at": refused.at,
        "retry_url": _retry_url(error, advice, way=way, query=query),
        "retry_label": "Continue with SSO" if isinstance(error, SsoRequired) else "Try again",
        "signed_in": signed_in,
        "other_account_url": reverse("logout") if signed_in else _with_query("login", {**query, "email": ""}),
        "product_label": product_label(product),
    }
    return render(request, "sign_in/refused.html", context, status=error.status)


def product_label(product: Product | None) -> str:
    """How the pages of signing in name a product: "Acme Assistant"."""
    return f"{settings.PLATFORM_NAME.split()[0]} {product}" if product else ""


def _provider_of(way: str) -> str:
    return "Google" if way == Way.GOOGLE else "your company's identity provider"


def _connection_of_address(request: HttpRequest) -> Connection | None:
    """The connection whose own address was opened, though it isn't live: its managers want to know."""
    connection_id = request.resolver_match.kwargs.get("connection_id") if request.resolver_match else None
    # Named by the address that was opened; nobody is known yet.
    found: Connection | None = Connection.unscoped.filter(id=connection_id).first() if connection_id else None
    return found


def _occasion_of(
    request: HttpRequest, error: PlatformError, *, begun: object, connection: Connection | None, now: datetime
) -> Occasion | None:
    """What a reload refuses again: `begun`, or a connection's address while it isn't live."""
    if isinstance(begun, SignInAttempt | EmailedSignIn):
        return Occasion(begun.id.hex, since=begun.created_at)
    if isinstance(error, ConnectionNotLive) and connection:
        return Occasion(f"{connection.id.hex} {network_of(request)}", since=now - ONE_REFERENCE_FOR)
    return None


def _sentence(text: str, names: dict[str, Any]) -> str:
    """One of our own texts filled in, beginning with a capital: `{provider}` may be "your company's identity provider".

    Never an error's text: that holds names already, and a name may have braces.
    """
    filled = text.format_map(names).strip() if text else ""
    return filled[:1].upper() + filled[1:]


def _retry_url(error: PlatformError, advice: Advice, *, way: str, query: dict[str, str]) -> str:
    """Where the same thing can be tried anew: what was refused is used up, its own address would only refuse again."""
    if isinstance(error, SsoRequired) and query["email"]:
        return _with_query("login_required", query)
    if way == Way.STAFF:
        return _with_query("login", {"staff": "true", "next": query["next"]})
    if advice.by_email or way in {Way.EMAIL, Way.PASSWORD, Way.GOOGLE}:
        return _with_query("login", query)
    return _with_query("login", {"sso": "true", **query})


def _with_query(name: str, query: dict[str, str]) -> str:
    asked = urlencode({key: value for key, value in query.items() if value})
    return f"{reverse(name)}?{asked}" if asked else reverse(name)
