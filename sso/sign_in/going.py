"""`/login/go/…`: the page between our form and the identity provider."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import browser
from sso.actions import attempts
from sso.saml import leaving
from sso.sign_in.public import PublicView


class GoView(PublicView):
    """`/login/go/<relay state>/`: between our form and the identity provider: a plain link, followed by itself."""

    def get(self, request: HttpRequest, relay_state: str) -> HttpResponse:
        attempt = attempts.find_open_attempt(
            relay_state, browser_hash=browser.browser_hash(request), now=timezone.now()
        )
        url = leaving.sign_in_url(attempt, relay_state=relay_state, email=request.GET.get("email", ""))
        return render(request, "sign_in/go.html", {"url": url, "connection": attempt.connection})
