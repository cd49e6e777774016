"""`/login/google/…`: Continue with Google, where this deployment is a client there (spec 6.6)."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts import browser
from accounts.addresses import NotAnAddress, normalise_address
from accounts.errors import SignInNotBegunHere
from accounts.models import Way
from accounts.queries import who_is_at
from sso.actions import google
from sso.actions.google import google_client
from sso.actions.sign_in import Proven
from sso.errors import AttemptUnknown, OtherBrowserBegan, SignInRefused, SsoRequired
from sso.models import GoogleSignIn
from sso.oidc.answers import read_code, redeem_code
from sso.oidc.discovery import find_provider
from sso.oidc.requests import Client, authorization_url
from sso.sign_in import completion
from sso.sign_in.public import PublicView
from sso.sign_in.refusal import refuse
from sso.sign_in.return_path import next_path, product_of

LONGEST_STATE = 200


class GoogleView(PublicView):
    """Base of these pages: there are none where no client is configured."""

    client: Client

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        client = google_client()
        if client is None:
            raise Http404
        self.client = client


class BeginView(GoogleView):
    """`/login/google/`: the button of the login page; its POST shows that this browser's person wanted it.

    Opened by hand or anew, it leads to the login page.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        product = product_of(request)
        query = {"product": product.slug if product else "", "next": next_path(request)}
        asked = urlencode({name: value for name, value in query.items() if value})
        return HttpResponseRedirect(f"{reverse('login')}?{asked}" if asked else reverse("login"))

    def post(self, request: HttpRequest) -> HttpResponse:
        browser_hash = browser.browser_hash(request)
        if not browser_hash:
            return refuse(request, SignInNotBegunHere(), way=Way.GOOGLE, next_path=next_path(request))
        state = google.start_google_sign_in(
            browser_hash=browser_hash, product=product_of(request), next_path=next_path(request), now=timezone.now()
        )
        hint = _typed_address(request)
        return HttpResponseRedirect(
            reverse("login_google_go", args=[state]) + (f"?{urlencode({'email': hint})}" if hint else "")
        )


class GoView(GoogleView):
    """`/login/google/go/<state>/`: between our form and Google: a plain link, followed by itself (CSP form-action)."""

    def get(self, request: HttpRequest, state: str) -> HttpResponse:
        now = timezone.now()
        try:
            sign_in = google.find_open_sign_in(state, browser_hash=browser.browser_hash(request), now=now)
            provider = find_provider(self.client.issuer, now=now)
        except (SignInRefused, AttemptUnknown, OtherBrowserBegan) as error:
            return refuse(request, error, way=Way.GOOGLE)
        more = {
            # One browser is often signed in with several accounts there; which one is meant, the person says.
            "prompt": "select_account",
            "login_hint": _typed_address(request),
        }
        secrets = google.secrets_of(sign_in)
        url = authorization_url(provider, self.client, state=state, secrets=secrets, more=more)
        return render(request, "sign_in/google_go.html", {"url": url})


class CallbackView(GoogleView):
    """`/login/google/callback/`: the redirect URI. A top-level GET from Google, which carries our Lax cookies.

    The sign-in is used up before anything is believed or fetched; whatever then fails, it is over (R23).
    """

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        state = request.GET.get("state", "")[:LONGEST_STATE]
        try:
            sign_in, secrets = google.use_up(state, browser_hash=browser.browser_hash(request), now=now)
        except (AttemptUnknown, OtherBrowserBegan) as error:
            return refuse(request, error, way=Way.GOOGLE)
        email = ""
        try:
            provider = find_provider(self.client.issuer, now=now)
            code = read_code(request.GET, provider=provider)
            token = redeem_code(code, provider=provider, client=self.client, secrets=secrets, now=now)
            account = google.read_account(token)
            email = account.email
            proven = google.complete_google(sign_in, account=account, now=now)
        except (SignInRefused, SsoRequired) as error:
            return refuse(
                request, error, way=Way.GOOGLE, email=email, product=sign_in.product, next_path=sign_in.next_path
            )
        signed_in = who_is_at(request)
        if signed_in and signed_in.user.id != proven.user.id:
            google.await_confirmation(sign_in, proven=proven)
            return HttpResponseRedirect(reverse("login_google_confirm", args=[state]))
        return completion.finish(request, proven, next_path=sign_in.next_path, now=now)


class ConfirmView(GoogleView):
    """`/login/google/confirm/<state>/`: names whom Google signed in and asks, before it swaps the session's person."""

    def get(self, request: HttpRequest, state: str) -> HttpResponse:
        try:
            _, proven = self._awaiting(request, state)
        except (AttemptUnknown, OtherBrowserBegan) as error:
            return refuse(request, error, way=Way.GOOGLE)
        context = {"person": proven.user, "signed_in": who_is_at(request)}
        return render(request, "sign_in/google_confirm.html", context)

    def post(self, request: HttpRequest, state: str) -> HttpResponse:
        try:
            sign_in, proven = self._awaiting(request, state)
            google.confirm(sign_in)
        except (AttemptUnknown, OtherBrowserBegan) as error:
            return refuse(request, error, way=Way.GOOGLE)
        try:
            return completion.finish(request, proven, next_path=sign_in.next_path, now=timezone.now())
        except SsoRequired as error:  # since it was asked, the company may have begun to require it
            return refuse(
                request,
                error,
                way=Way.GOOGLE,
                email=proven.user.email,
                product=sign_in.product,
                next_path=sign_in.next_path,
            )

    def _awaiting(self, request: HttpRequest, state: str) -> tuple[GoogleSignIn, Proven]:
        return google.find_awaiting(state, browser_hash=browser.browser_hash(request), now=timezone.now())


def _typed_address(request: HttpRequest) -> str:
    """The address on the login page, as a hint for Google; '' if it isn't one."""
    try:
        return normalise_address(request.POST.get("email") or request.GET.get("email") or "")
    except NotAnAddress:
        return ""
