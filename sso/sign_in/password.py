"""`/login/password/`: an address and its password, for those who set one."""

from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts import browser
from accounts.actions.passwords import MAX_LENGTH
from accounts.errors import SignInNotBegunHere
from accounts.models import Way
from accounts.queries import who_is_at
from identity_platform.errors import PlatformError
from sso.actions.passwords import complete_password
from sso.actions.refusals import record_refusal
from sso.errors import PasswordNotRight, SsoRequired
from sso.sign_in import completion
from sso.sign_in.forms import AddressForm
from sso.sign_in.limits import ensure_password_try_allowed
from sso.sign_in.public import PublicView, flag
from sso.sign_in.refusal import product_label, refuse
from sso.sign_in.required import refuse_with_ways
from sso.sign_in.return_path import next_path, product_of


class PasswordSignInForm(AddressForm):
    password = forms.CharField(
        label="Password",
        max_length=MAX_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        error_messages={"required": "Type your password.", "max_length": "No password here is that long."},
    )


class PasswordView(PublicView):
    """One answer for every address that may sign in by password, known or not, with or without a password."""

    def get(self, request: HttpRequest) -> HttpResponse:
        browser.ensure_browser_hash(request)
        signed_in = who_is_at(request)
        if signed_in and not flag(request, "again"):
            return HttpResponseRedirect(next_path(request) or "/")
        email = request.GET.get("email", "") or (signed_in.user.email if signed_in else "")
        return self._page(request, PasswordSignInForm(initial={"email": email}))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PasswordSignInForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        if not browser.browser_hash(request):
            raise SignInNotBegunHere
        email, product, now = form.cleaned_data["email"], product_of(request), timezone.now()
        ensure_password_try_allowed(request, email)
        try:
            proven = complete_password(email, form.cleaned_data["password"], product=product, now=now)
            return completion.finish(request, proven, next_path=next_path(request), now=now)
        except PasswordNotRight as error:
            form.add_error(None, f"{error.message_text} {error.remedy_text}")
            reference = record_refusal(error, way=Way.PASSWORD, email=email, product=product, now=now)
            return self._page(request, form, status=422, reference=reference)
        except SsoRequired as error:
            return refuse_with_ways(request, error, way=Way.PASSWORD, email=email)
        except PlatformError as error:
            return refuse(request, error, way=Way.PASSWORD, email=email, product=product, next_path=next_path(request))

    def _page(
        self, request: HttpRequest, form: PasswordSignInForm, *, status: int = 200, reference: str = ""
    ) -> HttpResponse:
        product, signed_in = product_of(request), who_is_at(request)
        carried = {"product": product.slug if product else "", "next": next_path(request)}
        carried["again"] = "true" if flag(request, "again") else ""
        carried = {name: value for name, value in carried.items() if value}
        context = {
            "form": form,
            "carried": carried,
            "by_email_url": f"{reverse('login')}?{urlencode(carried)}" if carried else reverse("login"),
            "product": product,
            "product_label": product_label(product),
            "signed_in": signed_in,
            "reference": reference,
        }
        return render(request, "sign_in/password.html", context, status=status)
