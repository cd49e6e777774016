"""The identity provider's home with its tiles, and the admin pages for applications and keys."""

import secrets

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from demo.idp.forms import FORMS
from demo.idp.sessions import read_session
from demo.idp.signer import SigningKey
from demo.models import Application, Key, Protocol, Tenant

KEYS_KEPT = 2


@require_safe
@never_cache
def show_home(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    """Who is signed in, and a tile for each application."""
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    session = read_session(request, tenant)
    context = {
        "tenant": tenant,
        "person": session.person if session else None,
        "tiles": tenant.applications.filter(protocol=Protocol.SAML),
        "bookmark": f"{settings.PUBLIC_URL}/login/?sso=true",
    }
    return render(request, "demo/idp/home.html", context)


@require_safe
def list_applications(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    """The applications, and what they need to know of this identity provider."""
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    context = {"tenant": tenant, "applications": tenant.applications.all(), "keys": tenant.keys.all()}
    return render(request, "demo/idp/applications.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add_application(request: HttpRequest, tenant_slug: str, protocol: str) -> HttpResponse:
    if protocol not in FORMS:
        raise Http404
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    new = Application(tenant=tenant, protocol=protocol)
    if protocol == Protocol.OIDC:
        new.client_id, new.client_secret = secrets.token_hex(10), secrets.token_urlsafe(32)
    return _edit(request, tenant, new, is_new=True)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_application(request: HttpRequest, tenant_slug: str, application_id: str) -> HttpResponse:
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    return _edit(request, tenant, get_object_or_404(tenant.applications, id=application_id), is_new=False)


@require_POST
def delete_application(request: HttpRequest, tenant_slug: str, application_id: str) -> HttpResponse:
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    application = get_object_or_404(tenant.applications, id=application_id)
    application.delete()
    messages.success(request, f"Deleted the application {application.name}.")
    return redirect("idp-applications", tenant_slug=tenant.slug)


@require_POST
def rotate_key(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    """From now on a new key signs. The one before is still published, so that applications can follow."""
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    add_key(tenant)
    messages.success(request, "A new key signs from now on. Metadata and key set show it beside the one before.")
    return redirect("idp-applications", tenant_slug=tenant.slug)


def add_key(tenant: Tenant) -> Key:
    """Make a key that signs from now on, and forget all but the last two."""
    now = timezone.now()
    pair = SigningKey.create(f"{tenant.name} demo identity provider", now=now)
    with transaction.atomic():
        key = tenant.keys.create(private_pem=pair.private_pem, certificate_pem=pair.certificate_pem, created_at=now)
        kept = list(tenant.keys.values_list("pk", flat=True)[:KEYS_KEPT])
        tenant.keys.exclude(pk__in=kept).delete()
    return key


def _edit(request: HttpRequest, tenant: Tenant, application: Application, *, is_new: bool) -> HttpResponse:
    form = FORMS[application.protocol](request.POST or None, tenant=tenant, instance=application)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        messages.success(request, f"Saved {saved.name}.")
        if is_new and saved.protocol == Protocol.OIDC:
            # Its page shows the client ID and secret, which the other side needs next.
            return redirect("idp-application", tenant_slug=tenant.slug, application_id=saved.id)
        return redirect("idp-applications", tenant_slug=tenant.slug)
    context = {"tenant": tenant, "application": application, "form": form, "is_new": is_new}
    return render(request, "demo/idp/application.html", context, status=422 if form.errors else 200)
