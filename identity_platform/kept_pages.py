"""Pages that are the same for everybody but for the CSRF token: drawn once, then kept by this process.

Drawing a page costs twice what the rest of its request does, and everybody opens the first one
(benchmarks/sign_in_pages.py).
"""

import json
import secrets
from collections.abc import Mapping
from functools import lru_cache

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string

from identity_platform.context import platform
from identity_platform.templatetags.ui.leaves import THEMES

# Stands in a kept page where the visitor's token goes. Unknown outside, so nobody can put it there by what they send.
_TOKEN = secrets.token_hex(32)


def render_kept(request: HttpRequest, template: str, context: Mapping[str, object]) -> HttpResponse:
    """The page of a template that says nothing of the person or the browser, from memory if it was drawn before.

    `context` is plain data (what JSON can say), and all that the page depends on besides the theme; the template sees
    no request but an empty one, so that nothing of one visitor can be shown to another.
    """
    theme = request.COOKIES.get("theme", "")
    if settings.DEBUG or CookieStorage.cookie_name in request.COOKIES:
        return render(request, template, dict(context))  # a template may have changed; a message is for this browser
    seen = json.dumps([platform(request), context], separators=(",", ":"))
    page = _draw(template, theme if theme in THEMES else "", seen)
    return HttpResponse(page.replace(_TOKEN, get_token(request)))


@lru_cache(maxsize=256)
def _draw(template: str, theme: str, seen: str) -> str:
    deployment, context = json.loads(seen)
    nobody = HttpRequest()
    nobody.COOKIES["theme"] = theme
    return render_to_string(template, {**deployment, **context, "csrf_token": _TOKEN}, request=nobody)
