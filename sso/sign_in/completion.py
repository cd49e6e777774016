"""The last step of every way in: a session for this browser, or a page that asks first."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts import browser
from accounts.queries import who_is_at
from sso.actions.sign_in import Proven, sign_in


def finish(request: HttpRequest, proven: Proven, *, next_path: str, now: datetime) -> HttpResponse:
    """Give the browser its session and send the person on. `next_path` was checked when it came in."""
    key = sign_in(
        proven,
        signed_in=who_is_at(request),
        browser_hash=browser.ensure_browser_hash(request),
        now=now,
    )
    if key:
        browser.give_session(request, key)
    default = "/admin/" if proven.way == "staff" else "/"
    return HttpResponseRedirect(next_path or default)
