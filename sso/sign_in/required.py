"""`/login/required/`: which proof is asked for, and how to give it."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import browser
from accounts.addresses import NotAnAddress, normalise_address
from accounts.queries import who_is_at
from orgs.models import Product
from sso.actions import attempts
from sso.models import Connection
from sso.queries.sign_in import find_live_revision, gather_offer
from sso.rules.decide import Offer, Reason
from sso.sign_in.public import PublicView
from sso.sign_in.return_path import next_path, product_of


class RequiredView(PublicView):
    """`/login/required/`: which proof is asked for, with a link (not a form) for each way that gives it.

    SSO is offered for the address's domain. Unless SSO itself is what an organization requires (`reason`), a newer
    emailed sign-in helps as well, and is offered beside it.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        signed_in = who_is_at(request)
        email = signed_in.user.email if signed_in else _address(request.GET.get("email", ""))
        product = product_of(request)
        offer = gather_offer(email, product=product) if email else None
        needs_sso = request.GET.get("reason") in {Reason.NEEDS_SSO_HERE, Reason.NEEDS_SSO_OF_HOLDER}
        context = {
            "email": email,
            "ways": self._ways(request, offer, email=email, product=product) if offer else [],
            "email_helps": not needs_sso if signed_in else offer is None or offer.email,
            "signed_in": signed_in or None,
            "next": next_path(request),
        }
        return render(request, "sign_in/required.html", context)

    def _ways(
        self, request: HttpRequest, offer: Offer, *, email: str, product: Product | None
    ) -> list[tuple[Connection, str]]:
        """A begun sign-in for each connection offered: whoever presses its link means it (spec 5.7)."""
        browser_hash = browser.ensure_browser_hash(request)
        ways = []
        for connection_id in offer.connections:
            begun = attempts.start_sign_in(
                find_live_revision(connection_id),
                browser_hash=browser_hash,
                product=product,
                next_path=next_path(request),
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
