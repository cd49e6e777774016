"""/login/ and what follows it. A form here never answers with a redirect off this site (CSP form-action)."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from accounts import browser
from accounts.actions import emailed_sign_in, sessions
from accounts.addresses import NotAnAddress, domain_of, normalise_address
from accounts.errors import CodeUsedUp, LinkUnknown, SignInNotBegunHere, WrongCode
from accounts.models import EmailedSignIn, User
from accounts.queries import who_is_at
from audit.actors import Actor
from identity_platform.errors import PlatformError
from orgs.access import require_sign_in
from orgs.models import Product
from sso.actions import attempts
from sso.actions.sign_in import complete_email, record_refusal
from sso.errors import NoConnection
from sso.models import Connection
from sso.queries.sign_in import find_live_revision, gather_offer
from sso.rules.decide import Offer, Reason
from sso.saml import leaving
from sso.sign_in import completion
from sso.sign_in.forms import AddressForm, CodeForm
from sso.sign_in.refusal import render_refusal
from sso.sign_in.return_path import next_path, product_of


@method_decorator([login_not_required, never_cache], name="dispatch")
class PublicView(View):
    """A page for people who aren't signed in; never stored by browsers or proxies."""


class LoginView(PublicView):
    """`/login/`: an address and a way.

    `?sso=true` offers SSO alone; `?staff=true` is for staff; `?again=true` asks whoever is signed in for a newer proof.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        browser.ensure_browser_hash(request)
        signed_in = who_is_at(request)
        if signed_in and not (_flag(request, "again") or _flag(request, "staff")):
            return HttpResponseRedirect(next_path(request) or "/")
        email = signed_in.user.email if signed_in else request.GET.get("email", "")
        return self._page(request, AddressForm(initial={"email": email}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = AddressForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        try:
            return self._continue(request, form.cleaned_data["email"], product=product_of(request))
        except PlatformError as error:
            form.add_error(error.field or None, f"{error.message_text} {error.remedy_text}")
            return self._page(request, form, status=422)

    def _continue(self, request: HttpRequest, email: str, *, product: Product | None) -> HttpResponse:
        now, browser_hash = timezone.now(), browser.browser_hash(request)
        if not browser_hash:
            raise SignInNotBegunHere
        if _flag(request, "staff"):
            return self._send_mail(request, email, product=None, for_staff=True)
        offer = gather_offer(email, product=product)
        wants_sso = request.POST.get("way") == "sso" or _flag(request, "sso")
        if not wants_sso and offer.email:
            return self._send_mail(request, email, product=product)
        if not offer.connections:
            raise NoConnection(domain=domain_of(email))
        if not wants_sso or len(offer.connections) > 1:
            query = {"email": email, "next": next_path(request), "product": product.slug if product else ""}
            return HttpResponseRedirect(f"/login/required/?{urlencode({k: v for k, v in query.items() if v})}")
        begun = attempts.start_sign_in(
            find_live_revision(offer.connections[0]),
            browser_hash=browser_hash,
            product=product,
            next_path=next_path(request),
            now=now,
        )
        return HttpResponseRedirect(f"{begun.path}?{urlencode({'email': email})}")

    def _send_mail(
        self, request: HttpRequest, email: str, *, product: Product | None, for_staff: bool = False
    ) -> HttpResponse:
        sent = emailed_sign_in.send_sign_in_mail(
            email,
            browser_hash=browser.browser_hash(request),
            product_slug=product.slug if product else "",
            next_path=next_path(request),
            for_staff=for_staff,
            now=timezone.now(),
        )
        return HttpResponseRedirect(f"/login/code/{sent.id.hex}/")

    def _page(self, request: HttpRequest, form: AddressForm, *, status: int = 200) -> HttpResponse:
        product = product_of(request)
        context = {
            "form": form,
            "product": product,
            "product_label": f"{settings.PLATFORM_NAME.split()[0]} {product}" if product else "",
            "next": next_path(request),
            "only_sso": _flag(request, "sso"),
            "for_staff": _flag(request, "staff"),
            "again": _flag(request, "again"),
        }
        return render(request, "sign_in/login.html", context, status=status)


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


class GoView(PublicView):
    """`/login/go/<relay state>/`: between our form and the identity provider: a plain link, followed by itself."""

    def get(self, request: HttpRequest, relay_state: str) -> HttpResponse:
        attempt = attempts.find_open_attempt(
            relay_state, browser_hash=browser.browser_hash(request), now=timezone.now()
        )
        url = leaving.sign_in_url(attempt, relay_state=relay_state, email=request.GET.get("email", ""))
        return render(request, "sign_in/go.html", {"url": url, "connection": attempt.connection})


class CodeView(PublicView):
    """`/login/code/<id>/`: the mail is on its way; its code can be typed here."""

    def get(self, request: HttpRequest, sign_in_id: Any) -> HttpResponse:
        return self._page(request, self._load(request, sign_in_id), CodeForm())

    def post(self, request: HttpRequest, sign_in_id: Any) -> HttpResponse:
        sign_in, form = self._load(request, sign_in_id), CodeForm(request.POST)
        if not form.is_valid():
            return self._page(request, sign_in, form, status=422)
        try:
            verified = emailed_sign_in.verify_code(
                sign_in,
                form.cleaned_data["code"],
                browser_hash=browser.browser_hash(request),
                now=timezone.now(),
            )
        except (WrongCode, CodeUsedUp) as error:
            form.add_error("code", f"{error.message_text} {error.remedy_text}")
            return self._page(request, sign_in, form, status=422)
        return finish_email(request, verified)

    def _load(self, request: HttpRequest, sign_in_id: Any) -> EmailedSignIn:
        """Only the browser that asked sees the page: the address on it is nobody else's business."""
        sign_in = EmailedSignIn.objects.filter(id=sign_in_id).first()
        if sign_in is None or sign_in.browser_hash != browser.browser_hash(request):
            raise LinkUnknown
        return sign_in

    def _page(self, request: HttpRequest, sign_in: EmailedSignIn, form: CodeForm, *, status: int = 200) -> HttpResponse:
        context = {"form": form, "email": sign_in.email, "signed_out": _whom_it_signs_out(request, sign_in)}
        return render(request, "sign_in/code.html", context, status=status)


class LinkView(PublicView):
    """`/login/link/<token>/`: opening it shows a button, because mail scanners open links; the button signs in."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        sign_in = emailed_sign_in.find_link(token, browser_hash=browser.browser_hash(request), now=timezone.now())
        return render(
            request, "sign_in/link.html", {"email": sign_in.email, "signed_out": _whom_it_signs_out(request, sign_in)}
        )

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        verified = emailed_sign_in.verify_link(token, browser_hash=browser.browser_hash(request), now=timezone.now())
        return finish_email(request, verified)


def finish_email(request: HttpRequest, verified: EmailedSignIn) -> HttpResponse:
    """From a used-up link or code to a session, or to the page that says why not."""
    now = timezone.now()
    try:
        proven = complete_email(verified, now=now)
    except PlatformError as error:
        return render_refusal(request, error, reference=record_refusal(error, email=verified.email, now=now))
    return completion.finish(request, proven, next_path=verified.next_path, now=now)


@method_decorator(never_cache, name="dispatch")
class LogoutView(View):
    """`/logout/`: GET shows a button, POST ends the session."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "sign_in/logout.html", {"person": request.user})

    def post(self, request: HttpRequest) -> HttpResponse:
        signed_in = require_sign_in(request)
        sessions.end_session(signed_in.session, actor=Actor.of(signed_in.user), now=timezone.now())
        browser.take_session(request)
        return HttpResponseRedirect("/login/")


def _flag(request: HttpRequest, name: str) -> bool:
    return (request.POST.get(name) or request.GET.get(name)) == "true"


def _whom_it_signs_out(request: HttpRequest, sign_in: EmailedSignIn) -> User | None:
    """Somebody else who is signed in here: the page says so before the button swaps them (spec 5.7)."""
    signed_in = who_is_at(request)
    return signed_in.user if signed_in and signed_in.user.email != sign_in.email else None


def _address(text: str) -> str:
    """An address out of a link, in its stored form; '' if it isn't one."""
    try:
        return normalise_address(text)
    except NotAnAddress:
        return ""
