"""When a request needs a sign-in, the person is sent there and comes back, with what they had typed.

Django's LoginRequiredMiddleware asks strangers; the doors ask everybody else by raising SignInNeeded and its kinds.
Both meet here. What a form had posted is parked (`accounts.actions.parked_forms`), and the way back leads to it.
"""

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts import browser, queries
from accounts.actions.parked_forms import Typed, park_form
from accounts.models import Session, User
from identity_platform import credentials
from identity_platform.errors import SignInNeeded
from identity_platform.refusals import page_before

MACHINES = ("/api/", "/scim/")
# Nothing was typed there that could be lost; and the address of a confirmation is a secret for one use.
NOT_PARKED = ("/logout/", "/continue/", "/account/address/confirm/")
_CSRF_FIELD = "csrfmiddlewaretoken"
# Never kept, not even sealed: the person types them again.
_SECRET = re.compile(r"passw|passphrase|secret|private.?key|^code$", re.IGNORECASE)


class SignInAskedMiddleware(LoginRequiredMiddleware):
    """Stands below SessionMiddleware and above the views; RefusalMiddleware answers whatever this one leaves alone."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        # Django's looks first who is there; a page for everybody needn't ask the database.
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponseRedirect:
        if request.method in {"GET", "HEAD"} or self.get_login_url(view_func) != settings.LOGIN_URL:
            return super().handle_no_permission(request, view_func)
        return _ask(request, SignInNeeded())

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, SignInNeeded) or request.path.startswith(MACHINES):
            return None
        return _ask(request, exception)


def _ask(request: HttpRequest, needed: SignInNeeded) -> HttpResponseRedirect:
    if request.method in {"GET", "HEAD"}:
        return HttpResponseRedirect(needed.location(request.get_full_path()))
    return HttpResponseRedirect(needed.location(_park(request) or page_before(request)))


def _park(request: HttpRequest) -> str:
    """The address where this form waits; '' where it can't be kept, or nobody is known whose it could be."""
    user = _person_at(request)
    if request.method != "POST" or user is None or request.path.startswith(NOT_PARKED):
        return ""
    token = park_form(_read(request), user=user, browser_hash=browser.ensure_browser_hash(request), now=timezone.now())
    return f"/continue/{token}/" if token else ""


def _person_at(request: HttpRequest) -> User | None:
    """Who is signed in here, else who was last: a form of somebody who never was can't have been filled in."""
    signed_in = queries.who_is_at(request)
    if signed_in:
        return signed_in.user
    sessions = Session.objects.select_related("user").order_by("-created_at")
    key, mark = browser.session_key(request), browser.browser_hash(request)
    last = sessions.filter(key_hash=credentials.hash_token(key)).first() if key else None
    if last is None and mark:  # the cookie went with a sign-out in another tab, or with its own lifetime
        last = sessions.filter(browser_hash=mark).first()
    return last.user if last else None


def _read(request: HttpRequest) -> Typed:
    posted = [(name, value) for name, values in request.POST.lists() for value in values if name != _CSRF_FIELD]
    secret = {name for name, _ in posted if _SECRET.search(name)} | set(request.FILES)
    return Typed(
        path=request.get_full_path(),
        page=page_before(request),
        fields=tuple((name, value) for name, value in posted if name not in secret),
        left_out=tuple(sorted(secret)),
    )
