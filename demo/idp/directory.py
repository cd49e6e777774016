"""The identity provider's admin pages for people and groups. Anybody on this machine is its admin."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from demo.idp.forms import GroupForm, PersonForm
from demo.models import Person, Tenant


@require_safe
def list_people(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    people = tenant.people.prefetch_related("groups")
    return render(request, "demo/idp/people.html", {"tenant": tenant, "people": people})


@require_http_methods(["GET", "HEAD", "POST"])
def edit_person(request: HttpRequest, tenant_slug: str, person_id: str = "") -> HttpResponse:
    """Add somebody, or change them with `person_id`."""
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    person = get_object_or_404(tenant.people, id=person_id) if person_id else None
    form = PersonForm(request.POST or None, tenant=tenant, instance=person)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        messages.success(request, f"Saved {saved.full_name}. Applications see it at the next sign-in.")
        return redirect("idp-people", tenant_slug=tenant.slug)
    context = {"tenant": tenant, "form": form, "person": person}
    return render(request, "demo/idp/person.html", context, status=422 if form.errors else 200)


@require_POST
def switch_person(request: HttpRequest, tenant_slug: str, person_id: str) -> HttpResponse:
    """Deactivate, or activate again."""
    person = get_object_or_404(Person, tenant_id=tenant_slug, id=person_id)
    person.is_active = not person.is_active
    person.save(update_fields=["is_active"])
    word = "may sign in again" if person.is_active else "can't sign in any more"
    messages.success(request, f"{person.full_name} {word}.")
    return redirect("idp-people", tenant_slug=tenant_slug)


@require_http_methods(["GET", "HEAD", "POST"])
def list_groups(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    """The groups; a POST adds one."""
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    form = GroupForm(request.POST or None, tenant=tenant)
    if request.method == "POST" and form.is_valid():
        group = form.save()
        messages.success(request, f"Added the group {group.name}. Put people into it on their page.")
        return redirect("idp-groups", tenant_slug=tenant.slug)
    groups = tenant.groups.annotate(people_count=Count("people")).prefetch_related("people")
    context = {"tenant": tenant, "form": form, "groups": groups}
    return render(request, "demo/idp/groups.html", context, status=422 if form.errors else 200)


@require_POST
def delete_group(request: HttpRequest, tenant_slug: str, group_id: int) -> HttpResponse:
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    group = get_object_or_404(tenant.groups, id=group_id)
    group.delete()
    messages.success(request, f"Deleted the group {group.name}. Its people stay.")
    return redirect("idp-groups", tenant_slug=tenant.slug)
