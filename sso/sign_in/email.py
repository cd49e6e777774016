"""The emailed code and link: what they prove, and the session that follows."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone

from accounts import browser
from accounts.actions import emailed_sign_in
from accounts.errors import CodeUsedUp, LinkUnknown, WrongCode
from accounts.models import EmailedSignIn, User, Way
from accounts.queries import who_is_at
from identity_platform.errors import PlatformError
from sso.actions.sign_in import complete_email
from sso.sign_in import completion
from sso.sign_in.forms import CodeForm
from sso.sign_in.limits import ensure_mail_allowed
from sso.sign_in.public import PublicView
from sso.sign_in.refusal import refuse


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
        return refuse(
            request,
            error,
            way=Way.STAFF if verified.for_staff else Way.EMAIL,
            email=verified.email,
            next_path=verified.next_path,
        )
    return completion.finish(request, proven, next_path=verified.next_path, now=now)


def _whom_it_signs_out(request: HttpRequest, sign_in: EmailedSignIn) -> User | None:
    """Somebody else who is signed in here: the page says so before the button swaps them (spec 5.7)."""
    signed_in = who_is_at(request)
    return signed_in.user if signed_in and signed_in.user.email != sign_in.email else None
