"""`/login/required/`: which proof is asked for, and how to give it."""

import re
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts import browser
from accounts.addresses import NotAnAddress, domain_of, normalise_address
from accounts.models import Way
from accounts.queries import SignedIn, who_is_at
from orgs.models import Membership, Product
from orgs.queries import managers_of
from sso.actions import attempts
from sso.actions.refusals import record_refusal
from sso.errors import SsoRequired
from sso.models import Connection
from sso.queries.requirement import enforced_since, membership_that_asks
from sso.queries.sign_in import find_live_revision, gather_offer
from sso.rules.decide import NEEDING_SSO, Offer
from sso.sign_in.limits import ensure_attempts_allowed
from sso.sign_in.public import PublicView, flag
from sso.sign_in.refusal import product_label
from sso.sign_in.return_path import next_path, product_of

_SLUG = re.compile(r"[a-z0-9-]{1,60}")


@dataclass(frozen=True)
class Asked:
    """What the page asks for, and of whom. With `needs_sso` nothing else helps, and no connection but `connection` (a
    hex id; none, where nothing would): `decide` said so. `membership` is of the organization that asks, if it may be
    named; `is_recent`: a proof is there, and not new enough; `reference`: of the try that was refused before."""

    email: str
    signed_in: SignedIn | None = None
    membership: Membership | None = None
    needs_sso: bool = False
    connection: str = ""
    is_recent: bool = False
    reference: str = ""


class RequiredView(PublicView):
    """`/login/required/`: which proof is asked for, with a link (not a form) for each way that gives it.

    SSO is offered for the address's domain. Unless SSO itself is what an organization requires (`reason`), a newer
    emailed sign-in helps as well, and is offered beside it. The organization is named to its own members only.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        signed_in = who_is_at(request)
        asked = Asked(
            email=signed_in.user.email if signed_in else _address(request.GET.get("email", "")),
            signed_in=signed_in or None,
            membership=_membership(request, signed_in),
            needs_sso=signed_in is not None and request.GET.get("reason") in NEEDING_SSO,
            connection=request.GET.get("connection", ""),
            is_recent=flag(request, "recent"),
        )
        return _page(request, asked)


def refuse_with_ways(request: HttpRequest, error: SsoRequired, *, way: Way, email: str) -> HttpResponse:
    """Record a try that the address's company closed (spec 6.1), and answer with what opens it instead.

    Said of the domain, so alike for known and unknown addresses.
    """
    reference = record_refusal(error, way=way, email=email, product=product_of(request), now=timezone.now())
    signed_in, connection = who_is_at(request), error.context["connection"]
    asked = Asked(
        email=email,
        signed_in=signed_in if signed_in and signed_in.user.email == email else None,
        needs_sso=True,
        connection=connection.hex if isinstance(connection, UUID) else "",
        reference=reference,
    )
    return _page(request, asked, status=error.status)


def _page(request: HttpRequest, asked: Asked, *, status: int = 200) -> HttpResponse:
    email, membership, product = asked.email, asked.membership, product_of(request)
    offer = gather_offer(email, product=product) if email else None
    ways = _ways(request, _that_help(offer, asked), email=email, product=product) if offer else []
    organization = membership.organization if membership else None
    asked_for = organization.product if organization else product
    application = product_label(asked_for) or settings.PLATFORM_NAME
    query = {"next": next_path(request), "product": product.slug if product else ""}
    context = {
        "asked": asked,
        "email": email,
        "ways": ways,
        "email_helps": not asked.needs_sso and (asked.signed_in is not None or offer is None or offer.email),
        "signed_in": asked.signed_in,
        "organization": organization,
        "managers": list(managers_of(organization)[:3]) if organization and not ways else [],
        "since": enforced_since([connection.id for connection, _ in ways], product=asked_for) if ways else None,
        "domain": domain_of(email),
        "it_message": _message_for_it(email, ways, application=application),
        "product_label": product_label(product),
        "by_email_url": _login({**query, "email": email, "again": "true" if asked.signed_in else ""}),
        "other_url": reverse("logout") if asked.signed_in else _login({**query, "again": _again(request)}),
        "reference": asked.reference,
    }
    return render(request, "sign_in/required.html", context, status=status)


def _that_help(offer: Offer, asked: Asked) -> tuple[UUID, ...]:
    """Of the connections for the address, those that change the door's answer."""
    if not asked.needs_sso:
        return offer.connections
    return tuple(connection_id for connection_id in offer.connections if connection_id.hex == asked.connection)


def _ways(
    request: HttpRequest, connections: tuple[UUID, ...], *, email: str, product: Product | None
) -> list[tuple[Connection, str]]:
    """A begun sign-in for each connection offered: whoever presses its link means it (spec 5.7)."""
    if connections:
        ensure_attempts_allowed(request)
    browser_hash = browser.ensure_browser_hash(request)
    ways = []
    for connection_id in connections:
        begun = attempts.start_sign_in(
            find_live_revision(connection_id),
            browser_hash=browser_hash,
            product=product,
            next_path=next_path(request),
            login_hint=email,
            now=timezone.now(),
        )
        ways.append((begun.attempt.revision.connection, f"{begun.path}?{urlencode({'email': email})}"))
    return ways


def _again(request: HttpRequest) -> str:
    """The sign-in page sends on whoever is signed in, unless told otherwise."""
    return "true" if who_is_at(request) else ""


def _address(text: str) -> str:
    """An address out of a link, in its stored form; '' if it isn't one."""
    try:
        return normalise_address(text)
    except NotAnAddress:
        return ""


def _membership(request: HttpRequest, signed_in: SignedIn | None) -> Membership | None:
    slug = request.GET.get("organization", "")
    if not signed_in or not _SLUG.fullmatch(slug):
        return None
    return membership_that_asks(signed_in, slug=slug)


def _login(query: dict[str, str]) -> str:
    return f"{reverse('login')}?{urlencode({name: value for name, value in query.items() if value})}"


def _message_for_it(email: str, ways: list[tuple[Connection, str]], *, application: str) -> str:
    if not ways:
        return (
            f"I can't open {application} as {email}: it requires single sign-on of every member, through a connection "
            "that doesn't serve my address. Please give me an address that it serves, or assign it the domain of mine."
        )
    providers = " or ".join(connection.name for connection, _ in ways)
    return f"Please assign {email} to the application {application} in {providers}. It requires single sign-on."
