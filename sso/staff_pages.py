"""Pages of the staff site about signing in: a reference in full, and *Explain a sign-in* (spec 9.2).

Looking changes nothing and needs no reason; what staff do about it are acts of their own.
"""

from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from audit.models import AuditEvent
from orgs.models import Product
from sso.queries.explain import explain_sign_in
from sso.queries.refusals import find_refusal
from sso.sign_in.forms import AddressForm


class ExplainForm(AddressForm):
    product = forms.ModelChoiceField(Product.objects.all(), required=False, empty_label="Any product")


def urls_of(site: AdminSite) -> list[URLPattern]:
    """The addresses that the staff site adds to those of its tables."""

    def explain(request: HttpRequest) -> HttpResponse:
        """`/admin/explain/?email=…&product=…`: what the sign-in of an address is offered, and why."""
        form = ExplainForm(request.GET if "email" in request.GET else None)
        explanation = None
        if form.is_valid():
            product = form.cleaned_data["product"]
            explanation = explain_sign_in(form.cleaned_data["email"], product=product, now=timezone.now())
        return _page(request, "sso/staff/explain.html", title="Explain a sign-in", form=form, explanation=explanation)

    def find(request: HttpRequest) -> HttpResponse:
        """`/admin/references/?reference=…`: to what a person read out, of whatever kind it is."""
        reference = request.GET.get("reference", "").strip().upper()[:20]
        event = AuditEvent.objects.filter(reference=reference).first() if reference.isprintable() else None
        if event is None:
            return _page(
                request, "sso/staff/explain.html", title="Explain a sign-in", form=ExplainForm(), missing=reference
            )
        if event.code == "sign_in.refused":
            return HttpResponseRedirect(reverse("admin:refused_sign_in", args=[event.reference]))
        return HttpResponseRedirect(reverse("admin:audit_auditevent_change", args=[event.id]))

    def show_refusal(request: HttpRequest, reference: str) -> HttpResponse:
        """`/admin/sign-ins/<reference>/`: one refusal in full, of whatever parent, or of none."""
        refusal = find_refusal(reference, among=AuditEvent.objects.select_related("parent", "organization"))
        if refusal is None:
            raise Http404
        return _page(request, "sso/staff/refusal.html", title=refusal.cause, refusal=refusal)

    def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        return render(request, template, {**site.each_context(request), **context})

    return [
        path("explain/", site.admin_view(explain), name="explain_sign_in"),
        path("references/", site.admin_view(find), name="find_reference"),
        path("sign-ins/<reference:reference>/", site.admin_view(show_refusal), name="refused_sign_in"),
    ]
