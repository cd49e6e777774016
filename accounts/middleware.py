"""Loads session, user and proofs in one query, and writes the session cookie when a sign-in asks for it."""

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from accounts import browser, queries


class SessionMiddleware:
    """Sets `request.signed_in` (accounts.queries.SignedIn or None) and `request.user`.

    Both are lazy: a page that doesn't ask who is there doesn't pay for it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.signed_in = SimpleLazyObject(lambda: queries.signed_in_of(request))  # type: ignore[attr-defined]
        request.user = SimpleLazyObject(lambda: _user_of(request))  # type: ignore[assignment]
        response = self.get_response(request)
        browser.write_cookies(request, response)
        if browser.session_key(request) and not response.has_header("Cache-Control"):
            # Neither a proxy nor the back button after signing out may show a page of somebody.
            response["Cache-Control"] = "no-store, private"
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        """A view class with a `load_signed_in` has the session loaded in one query with what it needs itself."""
        load = getattr(getattr(view, "view_class", None), "load_signed_in", None)
        if load:
            request.signed_in = SimpleLazyObject(lambda: load(request, **kwargs))  # type: ignore[attr-defined]


def _user_of(request: HttpRequest) -> object:
    from django.contrib.auth.models import AnonymousUser  # noqa: PLC0415 - needs the app registry

    signed_in = queries.who_is_at(request)
    return signed_in.user if signed_in else AnonymousUser()
