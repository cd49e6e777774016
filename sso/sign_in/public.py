"""What the pages of signing in share: they are for everybody, and flags are `true` or absent."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache


@method_decorator([login_not_required, never_cache], name="dispatch")
class PublicView(View):
    """A page for people who aren't signed in; never stored by browsers or proxies."""


def flag(request: HttpRequest, name: str) -> bool:
    """Whether the form or the address says `name=true`."""
    return (request.POST.get(name) or request.GET.get(name)) == "true"
