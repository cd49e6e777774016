"""`/continue/<token>/`: what somebody had typed before they were asked to sign in waits here, once."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from accounts import browser
from accounts.actions import parked_forms
from accounts.errors import FormGone
from identity_platform.refusals import render_page
from orgs.access import require_sign_in


@method_decorator(never_cache, name="dispatch")
class ContinueView(View):
    """Shows what waits. Its button uses the parked form up and has the browser post the same fields where they were
    going (RFC 9110 s15.4.8), so that they are judged there as if nothing had come between."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except FormGone as gone:
            return render_page(request, gone, retry_url=reverse("home"), retry_label="Your organizations")

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        user = require_sign_in(request).user
        typed = parked_forms.read_form(token, user=user, browser_hash=browser.browser_hash(request), now=timezone.now())
        return render(request, "account/continue.html", {"typed": typed, "shown": _shown(typed), "person": user})

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        user = require_sign_in(request).user
        path = parked_forms.use_up_form(
            token, user=user, browser_hash=browser.browser_hash(request), now=timezone.now()
        )
        return HttpResponseRedirect(path, preserve_request=True)


def _shown(typed: parked_forms.Typed) -> list[tuple[str, str]]:
    """The fields for people's eyes: named in words, without the empty ones."""
    return [
        (name.replace("_", " ").replace("-", " ").capitalize(), text) for name, text in typed.fields if text.strip()
    ]
