"""The platform's addresses, and the plainest page of an organization: open to any member, behind the one door."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from identity_platform.urls import handler400, handler403, handler404, handler500
from identity_platform.urls import urlpatterns as platform_urls
from orgs.access import OrganizationView

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


class InsideView(OrganizationView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(f"inside {self.organization.slug}")


urlpatterns = [path("orgs/<slug:slug>/inside/", InsideView.as_view()), *platform_urls]
