"""The two cookies: `session` carries the key of a session, `browser` marks a browser for a year.

A browser's mark proves nothing about a person. It binds a sign-in to the browser that began it (R13, R23), and lets us
tell a browser that was this person before from one that never was.
"""

import re
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from identity_platform import credentials

BROWSER_LIFETIME = timedelta(days=400)  # browsers keep no cookie longer
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")


def browser_hash(request: HttpRequest) -> str:
    """The stored form of this browser's mark; '' if it has none yet."""
    key = getattr(request, "_browser_key", "") or request.COOKIES.get(settings.BROWSER_COOKIE_NAME, "")
    return credentials.hash_token(key) if _KEY.fullmatch(key) else ""


def ensure_browser_hash(request: HttpRequest) -> str:
    """The same, marking the browser with the response if it has no mark."""
    if not browser_hash(request):
        request._browser_key = credentials.make_token()  # type: ignore[attr-defined]
    return browser_hash(request)


def session_key(request: HttpRequest) -> str:
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    return key if _KEY.fullmatch(key) else ""


def give_session(request: HttpRequest, key: str) -> None:
    """Have the response carry this session key."""
    request._session_key = key  # type: ignore[attr-defined]


def take_session(request: HttpRequest) -> None:
    """Have the response clear the session cookie."""
    request._session_key = ""  # type: ignore[attr-defined]


def write_cookies(request: HttpRequest, response: HttpResponseBase) -> None:
    if hasattr(request, "_browser_key"):
        _set(response, settings.BROWSER_COOKIE_NAME, request._browser_key, BROWSER_LIFETIME)
    if hasattr(request, "_session_key"):
        _set(response, settings.SESSION_COOKIE_NAME, request._session_key, settings.SESSION_ABSOLUTE_LIFETIME)


def _set(response: HttpResponseBase, name: str, value: str, lifetime: timedelta) -> None:
    response.set_cookie(
        name,
        value,
        max_age=int(lifetime.total_seconds()) if value else 0,
        path="/",
        secure=settings.PUBLIC_URL.startswith("https://"),
        httponly=True,
        samesite="Lax",
    )
