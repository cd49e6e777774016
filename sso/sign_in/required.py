"""`/login/required/`: which proof is asked for, and how to give it."""

import re
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts import browser
from accounts.addresses import NotAnAddress, domain_of, normalise_address
from accounts.queries import SignedIn, who_is_at
from orgs.models import Membership, Product
from orgs.queries import managers_of
from sso.actions import attempts
from sso.models import Connection
from sso.queries.requirement import enforced_since, membership_that_asks
from sso.queries.sign_in import find_live_revision, gather_offer
from sso.rules.decide import Offer, Reason
from sso.sign_in.limits import ensure_attempts_allowed
from sso.sign_in.public import PublicView
from sso.sign_in.refusal import product_label
from sso.sign_in.return_path import next_path, product_of

_SLUG = re.compile(r"[a-z0-9-]{1,60}")


class RequiredView(PublicView):
    """`/login/required/`: which proof is asked for, with a link (not a form) for each way that gives it.

    SSO is offered for the address's domain. Unless SSO itself is what an organization requires (`reason`), a newer
    emailed sign-in helps as well, and is offered beside it. The organization is named to its own members only.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        signed_in = who_is_at(request)
        email = signed_in.user.email if signed_in else _address(request.GET.get("email", ""))
        product = product_of(request)
        membership = _membership(request, signed_in)
        offer = gather_offer(email, product=product) if email else None
        needs_sso = request.GET.get("reason") in {Reason.NEEDS_SSO_HERE, Reason.NEEDS_SSO_OF_HOLDER}
        ways = self._ways(request, offer, email=email, product=product) if offer else []
        asked_for = membership.organization.product if membership else product
        since = enforced_since([connection.id for connection, _ in ways], product=asked_for) if ways else None
        wanted = next_path(request)
        query = {"next": wanted, "product": product.slug if product else ""}
        context = {
            "email": email,
            "ways": ways,
            "email_helps": not needs_sso if signed_in else offer is None or offer.email,
            "signed_in": signed_in or None,
            "organization": membership.organization if membership else None,
            "managers": list(managers_of(membership.organization)[:3]) if membership and not ways else [],
            "since": since,
            "domain": domain_of(email),
            "it_message": _message_for_it(email, ways, application=product_label(asked_for) or settings.PLATFORM_NAME),
            "product_label": product_label(product),
            "by_email_url": _login({**query, "email": email, "again": "true" if signed_in else ""}),
            "other_url": reverse("logout") if signed_in else _login(query),
        }
        return render(request, "sign_in/required.html", context)

    def _ways(
        self, request: HttpRequest, offer: Offer, *, email: str, product: Product | None
    ) -> list[tuple[Connection, str]]:
        """A begun sign-in for each connection offered: whoever presses its link means it (spec 5.7)."""
        if offer.connections:
            ensure_attempts_allowed(request)
        browser_hash = browser.ensure_browser_hash(request)
        ways = []
        for connection_id in offer.connections:
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
    providers = " or ".join(connection.name for connection, _ in ways)
    return f"Please assign {email} to the application {application} in {providers}. It requires single sign-on."
