"""The assertion consumer service in its two requests, and the address that begins a sign-in (spec 5.7).

The identity provider's POST comes from another site and so carries none of our Lax cookies. It is only parked with its
attempt; the redirect that answers it is a top-level GET, which carries them, and there the browser shows that it began
this attempt. Everything costly or trusting happens in that second request.
"""

import uuid
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt

from accounts import browser, queries
from accounts.addresses import domain_of
from accounts.models import Way
from accounts.queries import who_is_at
from domains.queries import serving_claim
from identity_platform.errors import PlatformError
from sso.actions import attempts, tests
from sso.actions.sign_in import Proven, complete_sso
from sso.claims import ClaimsRejected, read_claims
from sso.errors import (
    AddressNotServed,
    ConnectionChanged,
    ConnectionNotLive,
    ResponseTooLarge,
    ResponseUnreadable,
    SignInRefused,
    WrongAccount,
)
from sso.models import SignInAttempt
from sso.queries.sign_in import find_live_revision
from sso.saml import addresses, reading
from sso.saml.errors import AssertionRejected
from sso.sign_in import completion
from sso.sign_in.limits import ensure_attempts_allowed
from sso.sign_in.public import PublicView
from sso.sign_in.refusal import refuse
from sso.sign_in.return_path import next_path, product_of

MAX_RESPONSE_LENGTH = 256 * 1024  # of the base64 text, before anything is decoded (R12)
MAX_BODY_LENGTH = 3 * MAX_RESPONSE_LENGTH  # a form writes "+", "/" and "=" as three characters each
MAX_RELAY_STATE_LENGTH = 80  # octets; SAML Bindings s3.4.3


@method_decorator(csrf_exempt, name="dispatch")
class AssertionConsumerView(PublicView):
    """`…/acs/`: parks the answer to an attempt of this connection. What nobody asked for is never stored (R20).

    Exempt from the CSRF check, since the form is another site's; the attempt and the browser's cookie take its place.
    """

    http_method_names = ["post"]

    def post(self, request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
        if _body_length(request) > MAX_BODY_LENGTH:
            raise ResponseTooLarge
        response, relay_state = request.POST.get("SAMLResponse", ""), request.POST.get("RelayState", "")
        if len(response) > MAX_RESPONSE_LENGTH:
            raise ResponseTooLarge
        if not response.isascii() or "\x00" in response:
            raise ResponseUnreadable  # base64 has neither, and no database keeps a NUL
        if response and 0 < len(relay_state) <= MAX_RELAY_STATE_LENGTH:
            if attempts.park_response(connection_id, relay_state=relay_state, response=response, now=timezone.now()):
                return _see_other(reverse("saml_finish", args=[connection_id, relay_state]))
            if attempts.is_known(relay_state, connection_id=connection_id):
                # The person went back, or a proxy repeated the POST: the page after it says that this one is over.
                return _see_other(reverse("saml_finish", args=[connection_id, relay_state]))
        return _answer_unsolicited(connection_id)


def _body_length(request: HttpRequest) -> int:
    """As Django read it: what isn't a number counts as no body, and then none is read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


def _answer_unsolicited(connection_id: uuid.UUID) -> HttpResponse:
    """An unsolicited response signs nobody in: it starts a sign-in of ours, or a page offers one (spec 5.7)."""
    revision = find_live_revision(connection_id)
    if revision is None:
        raise ConnectionNotLive
    if revision.connection.parent.unsolicited_starts_sign_in:
        return _see_other(reverse("saml_login", args=[connection_id]))
    return _see_other(reverse("saml_offer", args=[connection_id]))


class OfferView(PublicView):
    """A page with *Continue with SSO*, for parents that chose it over being sent on."""

    def get(self, request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
        revision = find_live_revision(connection_id)
        if revision is None:
            raise ConnectionNotLive
        context = {"connection": revision.connection, "bookmark": addresses.tile_url()}
        return render(request, "sign_in/offer.html", context)


class BeginView(PublicView):
    """`…/login/`: a sign-in at this connection, for tiles and bookmarks and for links on our own pages.

    A bare GET can be caused by any page of the web, so what it ends in is asked about first, unless this browser was
    that person before (`is_unasked`).
    """

    def get(self, request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
        ensure_attempts_allowed(request)
        revision = find_live_revision(connection_id)
        begun = attempts.start_sign_in(
            revision,
            browser_hash=browser.ensure_browser_hash(request),
            # A tile doesn't say where it leads: to the product that the wizard asked for (spec 5.7).
            product=product_of(request) or (revision.connection.default_product if revision else None),
            next_path=next_path(request),
            is_unasked=True,
            now=timezone.now(),
        )
        return HttpResponseRedirect(begun.path)


class FinishView(PublicView):
    """`…/finish/<relay state>/`: the same-site page after the POST. Consumes the attempt, then reads the answer."""

    def get(self, request: HttpRequest, connection_id: uuid.UUID, relay_state: str) -> HttpResponse:
        now = timezone.now()
        answered = attempts.use_up(
            relay_state, connection_id=connection_id, browser_hash=browser.browser_hash(request), now=now
        )
        if answered.attempt.purpose == SignInAttempt.Purpose.TEST:
            return HttpResponseRedirect(tests.conclude(answered, now=now))
        return self._sign_in(request, answered, now=now)

    def _sign_in(self, request: HttpRequest, answered: attempts.Answered, *, now: datetime) -> HttpResponse:
        attempt, email = answered.attempt, ""
        try:
            attempts.ensure_still_in_force(attempt)
            assertion = reading.read(answered, now=now)
            claims = read_claims(assertion, mapping=reading.mapping_of(attempt.revision))
            email = claims.email
            proven = complete_sso(attempt, assertion=assertion, claims=claims, now=now)
        except (AssertionRejected, ClaimsRejected, SignInRefused, ConnectionChanged) as error:
            return refuse(
                request,
                _name_other_account(request, error, attempt=attempt, email=email),
                way=Way.SSO,
                email=email or attempt.login_hint,
                product=attempt.product,
                connection=attempt.connection,
                revision=attempt.revision,
                next_path=attempt.next_path,
            )
        if _must_ask(request, attempt, proven):
            attempts.await_confirmation(attempt, user=proven.user)
            return _see_other(reverse("saml_confirm", args=[attempt.connection_id, relay_state_of(request)]))
        return completion.finish(request, proven, next_path=attempt.next_path, now=now)


def _name_other_account(
    request: HttpRequest, error: PlatformError, *, attempt: SignInAttempt, email: str
) -> PlatformError:
    """An address that nothing serves is another account's, where this browser came as somebody of the connection's own.

    Its managers read what is written down. Whoever else is signed in here, in a domain that isn't theirs alone, is
    none of their business: any link on the web leads through their identity provider (R38).
    """
    signed_in, meant = who_is_at(request), attempt.login_hint
    claim = serving_claim(domain_of(signed_in.user.email)) if signed_in else None
    if signed_in and claim and claim.connection_id == attempt.connection_id:
        meant = signed_in.user.email
    if isinstance(error, AddressNotServed) and meant not in {"", email}:
        return WrongAccount(expected=meant, received=email)
    return error


def relay_state_of(request: HttpRequest) -> str:
    assert request.resolver_match is not None  # noqa: S101 - a view is running
    return str(request.resolver_match.kwargs["relay_state"])


class ConfirmView(PublicView):
    """`…/confirm/<relay state>/`: names who was signed in at the identity provider and asks, before a session changes.

    For sign-ins that nobody here asked for, and for those that would swap the session's person (spec 5.7).
    """

    def get(self, request: HttpRequest, connection_id: uuid.UUID, relay_state: str) -> HttpResponse:
        attempt = self._awaiting(request, relay_state)
        context = {
            "person": attempt.awaiting_user,
            "connection": attempt.connection,
            "signed_in": who_is_at(request),
        }
        return render(request, "sign_in/confirm.html", context)

    def post(self, request: HttpRequest, connection_id: uuid.UUID, relay_state: str) -> HttpResponse:
        attempt = self._awaiting(request, relay_state)
        now = timezone.now()
        user = attempts.confirm(attempt, now=now)
        proven = Proven(
            user=user,
            way=Way.SSO,
            proved_at=attempt.consumed_at or now,
            product=attempt.product,
            connection=attempt.connection,
        )
        return completion.finish(request, proven, next_path=attempt.next_path, now=now)

    def _awaiting(self, request: HttpRequest, relay_state: str) -> SignInAttempt:
        return attempts.find_awaiting(relay_state, browser_hash=browser.browser_hash(request), now=timezone.now())


def _must_ask(request: HttpRequest, attempt: SignInAttempt, proven: Proven) -> bool:
    signed_in = who_is_at(request)
    if signed_in:
        return bool(signed_in.user.id != proven.user.id)
    if not attempt.is_unasked:
        return False
    return not queries.was_this_person_before(browser_hash=attempt.browser_hash, user=proven.user)


def _see_other(location: str) -> HttpResponse:
    return HttpResponseRedirect(location, status=303)
