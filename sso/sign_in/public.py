"""What the pages of signing in share: they are for everybody, and flags are `true` or absent."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from identity_platform.errors import PlatformError
from sso.sign_in.refusal import refuse


@method_decorator([login_not_required, never_cache], name="dispatch")
class PublicView(View):
    """A page for people who aren't signed in; never stored by browsers or proxies.

    Whatever refuses a sign-in inside ends on the page of `refuse`. A view that knows more of what was tried calls
    `refuse` itself.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except PlatformError as error:
            return refuse(request, error)


def flag(request: HttpRequest, name: str) -> bool:
    """Whether the form or the address says `name=true`."""
    return (request.POST.get(name) or request.GET.get(name)) == "true"
