"""`/logout/`."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from accounts import browser
from accounts.actions import sessions
from audit.actors import Actor
from orgs.access import require_sign_in


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
