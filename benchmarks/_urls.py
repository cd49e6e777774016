"""The platform's addresses and two pages that render nothing, for what surrounds every page."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from identity_platform import urls
from orgs.access import IdentityManagerView


@login_not_required
def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class NothingToManage(IdentityManagerView):
    """A settings page of which only the fixed cost is left: session, person, membership, both policies."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


urlpatterns = [
    path("nothing/", nothing),
    path("orgs/<slug:slug>/nothing/", NothingToManage.as_view()),
    *urls.urlpatterns,
]
