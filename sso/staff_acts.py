"""What staff do about signing in, on the staff site: *Require SSO for every member*, and back (spec 6.2, 9.1).

The site asks for a staff proof of the last hour at each request, so these acts ask for no other recent sign-in.
"""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.queries import who_is_at
from audit.actors import Actor
from identity_platform.errors import PlatformError
from identity_platform.plans import PlanBlocked, PlanChanged, PlanExpired, find_plan, store_plan
from orgs.models import ParentOrganization
from orgs.queries import organizations_under
from sso.actions.enforcement import require_sso_of_everybody, stop_requiring_sso_of_everybody
from sso.queries.enforcement_plans import KIND_OF_REQUIREMENT, plan_requirement

PEOPLE_ON_A_PAGE = 100


class ReasonForm(forms.Form):
    """Why; it stands in the audit log of the parent."""

    reason = forms.CharField(max_length=500, error_messages={"required": "Type why: it is written into the audit log."})


def urls_of(site: AdminSite) -> list[URLPattern]:
    """The addresses that the staff site adds to those of its tables."""

    def require(request: HttpRequest, parent_id: UUID) -> HttpResponse:
        """`/admin/require-sso/<parent>/`: who would be shut out, then the reason, then exactly that."""
        parent = get_object_or_404(ParentOrganization, id=parent_id)
        if request.method != "POST":
            return show(request, parent, form=ReasonForm())
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return show(request, parent, form=form, status=422)
        user = staff_at(request)
        stored = find_plan(request.POST.get("plan"), kind=KIND_OF_REQUIREMENT, parent_id=parent.id, actor_id=user.id)
        if stored is None:
            return show(request, parent, form=form, refusal=PlanExpired(), status=409)
        try:
            require_sso_of_everybody(
                parent,
                stored_plan=stored,
                reason=form.cleaned_data["reason"],
                actor=Actor.of_staff(user),
                now=timezone.now(),
            )
        except (PlanChanged, PlanBlocked, PlanExpired) as error:
            return show(request, parent, form=form, refusal=error, status=409)
        messages.success(request, f"SSO is required of every member under {parent.name}.")
        return redirect("admin:require_sso", parent_id=parent.id)

    @require_POST
    def stop(request: HttpRequest, parent_id: UUID) -> HttpResponse:
        """`/admin/require-sso/<parent>/stop/`: the way back, which shuts out nobody, so it needs no plan."""
        parent = get_object_or_404(ParentOrganization, id=parent_id)
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return show(request, parent, form=form, status=422)
        if stop_requiring_sso_of_everybody(
            parent, reason=form.cleaned_data["reason"], actor=Actor.of_staff(staff_at(request)), now=timezone.now()
        ):
            messages.success(request, f"SSO is no longer required of every member under {parent.name}.")
        return redirect("admin:require_sso", parent_id=parent.id)

    def show(
        request: HttpRequest,
        parent: ParentOrganization,
        *,
        form: ReasonForm,
        refusal: PlatformError | None = None,
        status: int = 200,
    ) -> HttpResponse:
        parent = ParentOrganization.objects.get(id=parent.id)  # as it is now: a refusal may come of its change
        plan = plan_requirement(parent)
        stored = None
        if not plan.blockers:
            stored = store_plan(plan, parent_id=parent.id, actor_id=staff_at(request).id, now=timezone.now())
        context: dict[str, Any] = {
            "title": "Require SSO for every member",
            "parent": parent,
            "organizations": organizations_under(parent),
            "plan": plan,
            "stored": stored,
            "people": Paginator(plan.effects, PEOPLE_ON_A_PAGE).get_page(request.GET.get("page")),
            "form": form,
            "refusal": refusal,
        }
        return render(request, "sso/staff/require_sso.html", {**site.each_context(request), **context}, status=status)

    return [
        path("require-sso/<hex:parent_id>/", site.admin_view(require), name="require_sso"),
        path("require-sso/<hex:parent_id>/stop/", site.admin_view(stop), name="stop_requiring_sso"),
    ]


def staff_at(request: HttpRequest) -> User:
    """Who is at the staff page; the site let nobody else come here."""
    signed_in = who_is_at(request)
    assert signed_in is not None  # noqa: S101 - `StaffSite.has_permission` said so; for the type checker
    return signed_in.user
