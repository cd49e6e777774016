"""`/login/`: an address and a way. Its form never answers with a redirect off this site (CSP form-action)."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone

from accounts import browser
from accounts.addresses import domain_of
from accounts.errors import SignInNotBegunHere
from accounts.models import Way
from accounts.queries import who_is_at
from identity_platform.errors import PlatformError
from identity_platform.kept_pages import render_kept
from orgs.models import Product
from sso.actions import attempts
from sso.actions.admission import ensure_admitted
from sso.errors import NoConnection, SsoRequired
from sso.queries.sign_in import find_live_revision, gather_offer
from sso.sign_in.email import send_mail
from sso.sign_in.forms import AddressForm
from sso.sign_in.public import PublicView, flag
from sso.sign_in.refusal import product_label
from sso.sign_in.required import refuse_with_ways
from sso.sign_in.return_path import next_path, product_of


class LoginView(PublicView):
    """`/login/`: an address and a way.

    `?sso=true` offers SSO alone; `?staff=true` is for staff; `?again=true` asks whoever is signed in for a newer proof.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        browser.ensure_browser_hash(request)
        signed_in = who_is_at(request)
        if signed_in and not (flag(request, "again") or flag(request, "staff")):
            return HttpResponseRedirect(next_path(request) or "/")
        email = signed_in.user.email if signed_in else request.GET.get("email", "")
        return self._page(request, email=email)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = AddressForm(request.POST)
        if not form.is_valid():
            return self._page(request, email=request.POST.get("email", ""), form=form)
        try:
            return self._continue(request, form.cleaned_data["email"], product=product_of(request))
        except PlatformError as error:
            if not error.field:
                raise  # a page of its own: nothing that can be typed here helps
            form.add_error(error.field, f"{error.message_text} {error.remedy_text}")
            return self._page(request, email=request.POST.get("email", ""), form=form)

    def _continue(self, request: HttpRequest, email: str, *, product: Product | None) -> HttpResponse:
        now, browser_hash = timezone.now(), browser.browser_hash(request)
        if not browser_hash:
            raise SignInNotBegunHere
        if flag(request, "staff"):
            return self._send_mail(request, email, product=None, for_staff=True)
        if request.POST.get("way") != "sso" and not flag(request, "sso"):
            try:
                ensure_admitted(email, way=Way.EMAIL, product=product, now=now)
            except SsoRequired as error:
                return refuse_with_ways(request, error, way=Way.EMAIL, email=email)
            return self._send_mail(request, email, product=product)
        offer = gather_offer(email, product=product)
        if not offer.connections:
            raise NoConnection(domain=domain_of(email))
        if len(offer.connections) > 1:
            query = {"email": email, "next": next_path(request), "product": product.slug if product else ""}
            return HttpResponseRedirect(f"/login/required/?{urlencode({k: v for k, v in query.items() if v})}")
        begun = attempts.start_sign_in(
            find_live_revision(offer.connections[0]),
            browser_hash=browser_hash,
            product=product,
            next_path=next_path(request),
            login_hint=email,
            now=now,
        )
        return HttpResponseRedirect(f"{begun.path}?{urlencode({'email': email})}")

    def _send_mail(
        self, request: HttpRequest, email: str, *, product: Product | None, for_staff: bool = False
    ) -> HttpResponse:
        return send_mail(
            request,
            email,
            product_slug=product.slug if product else "",
            next_path=next_path(request),
            for_staff=for_staff,
        )

    def _page(self, request: HttpRequest, *, email: str, form: AddressForm | None = None) -> HttpResponse:
        """The page, with what was wrong in a posted `form`. Everybody opens it, so it is kept while it is empty."""
        product, for_staff, only_sso = product_of(request), flag(request, "staff"), flag(request, "sso")
        again, wanted = flag(request, "again"), next_path(request)
        carried = {
            "product": product.slug if product else "",
            "next": wanted,
            "staff": "true" if for_staff else "",
            "sso": "true" if only_sso else "",
            "again": "true" if again else "",
        }
        carried = {name: value for name, value in carried.items() if value}
        elsewhere = {name: value for name, value in carried.items() if name in {"product", "next", "again"}}
        if email:
            elsewhere["email"] = email
        context = {
            "email": email,
            "product": str(product) if product else "",
            "product_label": product_label(product),
            "carried": carried,
            "elsewhere": f"?{urlencode(elsewhere)}" if elsewhere else "",
            "only_sso": only_sso,
            "for_staff": for_staff,
            "again": again,
            "google": bool(getattr(settings, "GOOGLE_CLIENT_ID", "")) and not for_staff,
        }
        if form is None and not email:
            return render_kept(request, "sign_in/login.html", context)
        errors = {"form": form, "email_errors": form.errors.get("email")} if form else {}
        return render(request, "sign_in/login.html", {**context, **errors}, status=422 if form else 200)
