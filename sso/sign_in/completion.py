"""The last step of every way in: a session for this browser, or a page that asks first."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts import browser
from accounts.queries import find_session, who_is_at
from sso.actions.refusals import record_refusal
from sso.actions.sign_in import Proven, sign_in
from sso.queries.closed_doors import find_closed_door


def finish(request: HttpRequest, proven: Proven, *, next_path: str, now: datetime) -> HttpResponse:
    """Give the browser its session and send the person on. `next_path` was checked when it came in.

    Whom an identity provider let in and no organization has is sent to a page that says whom to ask (spec 6.7).
    """
    key = sign_in(
        proven,
        signed_in=who_is_at(request),
        browser_hash=browser.ensure_browser_hash(request),
        now=now,
    )
    if key:
        browser.give_session(request, key)
    if not next_path or next_path.startswith("/orgs/"):
        next_path = _closed_door(proven, key=key or browser.session_key(request), now=now) or next_path
    default = "/admin/" if proven.way == "staff" else "/"
    return HttpResponseRedirect(next_path or default)


def _closed_door(proven: Proven, *, key: str, now: datetime) -> str:
    """The page of somebody whom SSO proved and who has no organization to open; '' for everybody else.

    Written down for the connection's managers: to them it is a sign-in that led nowhere.
    """
    if proven.connection is None or proven.has_way_in:
        return ""
    signed_in = find_session(key, now=now)
    closed = find_closed_door(signed_in, connection=proven.connection, now=now) if signed_in else None
    if closed is None:
        return ""
    reference = record_refusal(
        closed.error,
        way=proven.way,
        email=proven.user.email,
        product=proven.product,
        connection=proven.connection,
        user=proven.user,
        organization=closed.organization,
        now=now,
    )
    return reverse("login_error", args=[reference])
