"""The emailed code and link: what they prove, and the session that follows."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone

from accounts import browser
from accounts.actions import emailed_sign_in
from accounts.errors import CodesPaused, CodeUsedUp, LinkUnknown, MailSentJustNow, WrongCode
from accounts.models import EmailedSignIn, User, Way
from accounts.queries import who_is_at
from identity_platform.errors import PlatformError
from orgs.models import Product
from sso.actions.admission import ensure_admitted
from sso.actions.refusals import record_refusal
from sso.actions.sign_in import complete_email
from sso.sign_in import completion
from sso.sign_in.forms import CodeForm
from sso.sign_in.limits import ensure_mail_allowed
from sso.sign_in.public import PublicView
from sso.sign_in.refusal import refuse


class CodeView(PublicView):
    """`/login/code/<id>/`: the mail is on its way; its code can be typed here."""

    def get(self, request: HttpRequest, sign_in_id: Any) -> HttpResponse:
        sign_in = _load(request, sign_in_id)
        return _lead_on(request, sign_in) or _code_page(request, sign_in, CodeForm())

    def post(self, request: HttpRequest, sign_in_id: Any) -> HttpResponse:
        sign_in, form = _load(request, sign_in_id), CodeForm(request.POST)
        if led_on := _lead_on(request, sign_in):
            return led_on
        if not form.is_valid():
            return _code_page(request, sign_in, form, status=422)
        try:
            verified = emailed_sign_in.verify_code(
                sign_in,
                form.cleaned_data["code"],
                browser_hash=browser.browser_hash(request),
                now=timezone.now(),
            )
        except (WrongCode, CodeUsedUp, CodesPaused) as error:
            form.add_error("code", f"{error.message_text} {error.remedy_text}")
            return _code_page(request, sign_in, form, status=422, reference=_record(error, sign_in))
        except PlatformError as error:
            return _refuse(request, error)
        return finish_email(request, verified)


class SendAgainView(PublicView):
    """`/login/code/<id>/again/`: another mail for the same sign-in, from the page of its code."""

    def post(self, request: HttpRequest, sign_in_id: Any) -> HttpResponse:
        sign_in, now = _load(request, sign_in_id), timezone.now()
        try:
            emailed_sign_in.ensure_resendable(sign_in, now=now)
            if not sign_in.for_staff:  # who is staff is told after the proof alone
                ensure_admitted(sign_in.email, way=Way.EMAIL, product=_product_of(sign_in), now=now)
        except MailSentJustNow as error:
            page = _code_page(request, sign_in, CodeForm(), status=error.status, too_soon=error)
            page["Retry-After"] = str(error.retry_after)
            return page
        except PlatformError as error:
            return _refuse(request, error, sign_in=sign_in)
        return send_mail(
            request,
            sign_in.email,
            product_slug=sign_in.product_slug,
            next_path=sign_in.next_path,
            for_staff=sign_in.for_staff,
        )


class LinkView(PublicView):
    """`/login/link/<token>/`: opening it shows a button, because mail scanners open links; the button signs in."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        mark = browser.browser_hash(request)
        try:
            sign_in = emailed_sign_in.find_link(token, browser_hash=mark, now=timezone.now())
        except PlatformError as error:
            return _lead_on(request, emailed_sign_in.sign_in_of_link(token)) or _refuse(request, error)
        return render(
            request, "sign_in/link.html", {"email": sign_in.email, "signed_out": _whom_it_signs_out(request, sign_in)}
        )

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        mark = browser.browser_hash(request)
        try:
            verified = emailed_sign_in.verify_link(token, browser_hash=mark, now=timezone.now())
        except PlatformError as error:
            return _lead_on(request, emailed_sign_in.sign_in_of_link(token)) or _refuse(request, error)
        return finish_email(request, verified)


def send_mail(
    request: HttpRequest, email: str, *, product_slug: str, next_path: str, for_staff: bool = False
) -> HttpResponse:
    """Send link and code to a normalised address and lead to the page of the code. Raises TooManyMails."""
    ensure_mail_allowed(request, email)
    sent = emailed_sign_in.send_sign_in_mail(
        email,
        browser_hash=browser.browser_hash(request),
        product_slug=product_slug,
        next_path=next_path,
        for_staff=for_staff,
        now=timezone.now(),
    )
    return HttpResponseRedirect(f"/login/code/{sent.id.hex}/")


def finish_email(request: HttpRequest, verified: EmailedSignIn) -> HttpResponse:
    """From a used-up link or code to a session, or to the page that says why not."""
    now = timezone.now()
    try:
        proven = complete_email(verified, now=now)
    except PlatformError as error:
        return _refuse(request, error, sign_in=verified)
    return completion.finish(request, proven, next_path=verified.next_path, now=now)


def _lead_on(request: HttpRequest, sign_in: EmailedSignIn | None) -> HttpResponse | None:
    """Where a used-up sign-in led, for whoever is signed in here by now: they went back, or pressed the button twice,
    and a browser shows the answer to the second press."""
    signed_in = who_is_at(request)
    if sign_in and sign_in.used_at and signed_in and signed_in.user.email == sign_in.email:
        return HttpResponseRedirect(sign_in.next_path or "/")
    return None


def _load(request: HttpRequest, sign_in_id: Any) -> EmailedSignIn:
    """Only the browser that asked sees the page: the address on it is nobody else's business."""
    sign_in = EmailedSignIn.objects.filter(id=sign_in_id).first()
    if sign_in is None or sign_in.browser_hash != browser.browser_hash(request):
        raise LinkUnknown
    return sign_in


def _code_page(
    request: HttpRequest,
    sign_in: EmailedSignIn,
    form: CodeForm,
    *,
    status: int = 200,
    too_soon: MailSentJustNow | None = None,
    reference: str = "",
) -> HttpResponse:
    path = f"/login/code/{sign_in.id.hex}/"
    query = {
        "email": sign_in.email,
        "product": sign_in.product_slug,
        "next": sign_in.next_path,
        "staff": "true" if sign_in.for_staff else "",
    }
    context = {
        "form": form,
        "email": sign_in.email,
        "has_code": sign_in.has_code,
        "signed_out": _whom_it_signs_out(request, sign_in),
        "code_url": path,
        "again_url": f"{path}again/",
        "other_url": f"/login/?{urlencode({name: value for name, value in query.items() if value})}",
        "too_soon": too_soon,
        "reference": reference,
    }
    return render(request, "sign_in/code.html", context, status=status)


def _refuse(request: HttpRequest, error: PlatformError, *, sign_in: EmailedSignIn | None = None) -> HttpResponse:
    """The page of a refusal, with the address and the way back that this browser itself began with."""
    sign_in = sign_in or error.context.get("sign_in")  # type: ignore[assignment]  # what emailed_sign_in puts there
    if sign_in is None:
        return refuse(request, error, way=Way.EMAIL)
    return refuse(
        request,
        error,
        way=_way_of(sign_in),
        email=sign_in.email,
        product=_product_of(sign_in),
        next_path=sign_in.next_path,
        mail=sign_in,
    )


def _record(error: PlatformError, sign_in: EmailedSignIn) -> str:
    """The reference of a wrong code, whose page stays open for another try."""
    way, product = _way_of(sign_in), _product_of(sign_in)
    return record_refusal(error, way=way, email=sign_in.email, product=product, now=timezone.now())


def _way_of(sign_in: EmailedSignIn) -> Way:
    return Way.STAFF if sign_in.for_staff else Way.EMAIL


def _product_of(sign_in: EmailedSignIn) -> Product | None:
    return Product.objects.filter(slug=sign_in.product_slug).first() if sign_in.product_slug else None


def _whom_it_signs_out(request: HttpRequest, sign_in: EmailedSignIn) -> User | None:
    """Somebody else who is signed in here: the page says so before the button swaps them (spec 5.7)."""
    signed_in = who_is_at(request)
    return signed_in.user if signed_in and signed_in.user.email != sign_in.email else None
