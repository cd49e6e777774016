"""Signing in at a tenant without a password: one says who one is. Then the application that asked gets its answer."""

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from demo.content_policy import allow_forms_to
from demo.idp import oidc, saml
from demo.idp.errors import RequestRefused
from demo.idp.pending import PendingRequest
from demo.idp.sessions import end_session, read_session, write_session
from demo.models import Application, Protocol, Tenant

NO_PASSWORDS = "There are no passwords here: say who you are."


@require_safe
@never_cache
def continue_request(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    """Answer an application's request, asking first who is there if this browser has no fitting session."""
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    try:
        pending = PendingRequest.from_token(request.GET.get("request", ""))
    except signing.BadSignature as error:
        raise RequestRefused("This sign-in took longer than ten minutes. Begin again at the application.") from error
    application = get_object_or_404(Application, tenant=tenant, id=pending.application_id)
    session = read_session(request, tenant)
    if session is None or not pending.is_met_by(session.signed_in_at):
        return ask_who(
            request,
            tenant,
            next_path=request.get_full_path(),
            application=application,
            hint=pending.login_hint,
            is_first=pending.is_first,
        )
    if application.protocol == Protocol.SAML:
        return saml.answer(request, application, session, pending.parameters)
    return oidc.answer(application, session, pending.parameters)


@require_safe
@never_cache
def open_application(request: HttpRequest, tenant_slug: str, application_id: str) -> HttpResponse:
    """A tile: a response that nobody asked for (SAML Profiles s4.1.5), or the page where the application begins."""
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    application = get_object_or_404(tenant.applications, id=application_id, protocol=Protocol.SAML)
    session = read_session(request, tenant)
    if session is None:
        return ask_who(request, tenant, next_path=request.get_full_path(), application=application)
    return saml.post_response(request, application, session, in_response_to=None, relay_state="from-tile")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def sign_in(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    next_path = _own_path(tenant, request.POST.get("next") or request.GET.get("next", ""))
    if request.method != "POST":
        return ask_who(request, tenant, next_path=next_path)
    person = get_object_or_404(tenant.people, id=request.POST.get("person", ""), is_active=True)
    response = redirect(next_path)
    write_session(response, person, now=timezone.now())
    return response


@require_POST
def sign_out(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    response = redirect("idp-home", tenant_slug=tenant.slug)
    end_session(response, tenant)
    return response


def ask_who(
    request: HttpRequest,
    tenant: Tenant,
    *,
    next_path: str,
    application: Application | None = None,
    hint: str = "",
    is_first: bool = False,
) -> HttpResponse:
    """The page "Who is signing in?". It puts first whom the application expects, and says if it came by itself."""
    people = list(tenant.people.filter(is_active=True))
    people.sort(key=lambda person: person.email != hint.strip().lower())
    response = render(
        request,
        "demo/idp/sign_in.html",
        {
            "tenant": tenant,
            "people": people,
            "expected": hint if people and people[0].email == hint.strip().lower() else "",
            "application": application,
            "lead": f"To go on to {application.name}. {NO_PASSWORDS}" if application else NO_PASSWORDS,
            "is_first": is_first,
            "next_path": next_path,
        },
    )
    if application is not None:
        allow_forms_to(response, application.destinations)
    return response


def _own_path(tenant: Tenant, path: str) -> str:
    """`path` if it lies within this tenant's pages, else the tenant's home."""
    home = reverse("idp-home", args=[tenant.slug])
    is_own = path.startswith(home) and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_own else home
