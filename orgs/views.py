"""The start page with its invitations, and forwarding of short settings addresses to an organization."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views import View

from accounts.models import User
from identity_platform.errors import NotAllowed, NotFound, PlatformError
from identity_platform.refusals import render_page
from orgs import access, guards
from orgs.actions.invitations import accept_invitation, invitations_shown_to
from orgs.errors import AlreadyMember, InvitationBlocked, InvitationOver


class HomeView(View):
    """`/`: the person's organizations and open invitations; /login/ for strangers (by the login middleware)."""

    def get(self, request: HttpRequest) -> HttpResponse:
        signed_in = access.require_sign_in(request)
        memberships = list(access.memberships_shown_to(signed_in))
        context = {
            "person": signed_in.user,
            "memberships": memberships,
            "invitations": invitations_shown_to(signed_in, now=timezone.now()),
            # After a reset, for instance: what is theirs isn't shown, rather than not there.
            "is_shown_little": not memberships and not access.proves_the_person(signed_in),
            "creating_refused": None if memberships else _why_not_create(signed_in.user),
        }
        return render(request, "orgs/home.html", context)


class AcceptInvitationView(View):
    """`/invitations/<id>/accept/`: the button on the start page."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, invitation_id: uuid.UUID) -> HttpResponse:
        signed_in = access.require_sign_in(request)
        try:
            membership = accept_invitation(invitation_id, signed_in=signed_in, now=timezone.now())
        except (InvitationOver, InvitationBlocked, AlreadyMember) as refusal:
            return render_page(request, refusal, retry_url=reverse("home"), retry_label="Your organizations")
        messages.success(request, f"You are a member of {membership.organization.name} now.")
        return redirect("home")


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


def _why_not_create(user: User) -> PlatformError | None:
    """The refusal that this person would meet on creating an organization (spec 3.6), with whom to ask."""
    try:
        guards.ask("organization.create", user=user, plan=None)
    except PlatformError as refusal:
        return refusal
    return None
