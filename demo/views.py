"""The demo's front page, and the pages for what goes wrong anywhere in it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token
from django.views.decorators.http import require_safe

from demo.cast import PEOPLE, SEATS
from demo.models import DnsZone, SentMail, Tenant


@require_safe
def show_index(request: HttpRequest) -> HttpResponse:
    """What is here, who plays, and what to do next."""
    context = {
        "public_url": settings.PUBLIC_URL,
        "tenants": Tenant.objects.all(),
        "zones": DnsZone.objects.all(),
        "mail_count": SentMail.objects.count(),
        "people": PEOPLE,
        "seats": SEATS,
    }
    return render(request, "demo/index.html", context)


def show_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "demo/not_found.html", status=404)


@requires_csrf_token
def refuse_forgery(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "demo/forgery.html", status=403)
