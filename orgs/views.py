"""The start page, and forwarding of short settings addresses to an organization."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views import View

from identity_platform.errors import NotAllowed, NotFound
from orgs import access


class HomeView(View):
    """`/`: the person's organizations; /login/ for strangers (by the login middleware)."""

    def get(self, request: HttpRequest) -> HttpResponse:
        memberships = access.memberships_shown_to(access.require_sign_in(request))
        return render(request, "orgs/home.html", {"person": request.user, "memberships": memberships})


class ForwardView(View):
    """`/settings/identity/`: to the one organization that it can mean, else a page that asks which."""

    page = ""

    def get(self, request: HttpRequest) -> HttpResponse:
        memberships = list(access.memberships_shown_to(access.require_sign_in(request)))
        if not memberships:
            raise NotFound
        managed = [m for m in memberships if m.role.manages_identity and m.lets_in]
        if not managed:
            raise NotAllowed
        if len(managed) == 1:
            return HttpResponseRedirect(reverse(self.page, args=[managed[0].organization.slug]))
        choices = [(m.organization, reverse(self.page, args=[m.organization.slug])) for m in managed]
        return render(request, "orgs/which.html", {"choices": choices, "person": request.user})
