"""SAML side of a tenant: metadata, AuthnRequests, and the responses that the browser posts to the application."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from demo.content_policy import allow_forms_to
from demo.idp.errors import RequestRefused
from demo.idp.pending import PendingRequest
from demo.idp.saml_requests import AuthnRequest, read_post, read_redirect
from demo.idp.sessions import IdpSession
from demo.idp.signer import EMAIL_ADDRESS, PERSISTENT, encode_response, make_metadata, make_response
from demo.models import Application, Person, Protocol, SubjectChoice, Tenant, origin_of

LONGEST_RELAY_STATE = 1000


@require_safe
def show_metadata(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    xml = make_metadata(
        entity_id=tenant.entity_id, sso_url=tenant.sso_url, keys=[key.pair for key in tenant.keys.all()]
    )
    return HttpResponse(xml, content_type="application/samlmetadata+xml")


@csrf_exempt  # an application's form, which can't know our token; it only asks
@require_http_methods(["GET", "POST"])
@never_cache
def begin(request: HttpRequest, tenant_slug: str) -> HttpResponse:
    """The single sign-on service: take the AuthnRequest, then ask who is there on a page of our own.

    The redirect also brings the session cookie along where the request came as a cross-site POST.
    """
    tenant = get_object_or_404(Tenant, pk=tenant_slug)
    given: Mapping[str, str] = request.POST if request.method == "POST" else request.GET
    authn_request = read_post(given) if request.method == "POST" else read_redirect(given)
    application, is_first = find_or_register_application(tenant, authn_request)
    pending = PendingRequest(
        application_id=application.id.hex,
        asked_at=timezone.now().timestamp(),
        parameters={"in_response_to": authn_request.id, "relay_state": given.get("RelayState", "")},
        must_sign_in=authn_request.force_authn,
        login_hint=given.get("login_hint", ""),
        is_first=is_first,
    )
    if len(pending.parameters["relay_state"]) > LONGEST_RELAY_STATE:
        raise RequestRefused("The RelayState is longer than any real one.")
    return redirect(reverse("idp-continue", args=[tenant.slug]) + f"?request={pending.to_token()}")


def find_or_register_application(tenant: Tenant, authn_request: AuthnRequest) -> tuple[Application, bool]:
    """The application that asks, and whether it registered itself just now, as one of the platform's addresses may.

    That is a shortcut of this demo: a real identity provider would let anybody collect its users' assertions.
    Raises RequestRefused.
    """
    if authn_request.destination not in ("", tenant.sso_url):
        raise RequestRefused(f"The SAML request is meant for {authn_request.destination}, and this is {tenant.sso_url}")
    with transaction.atomic():
        application = tenant.applications.filter(entity_id=authn_request.issuer).exclude(entity_id="").first()
        if application is None:
            return _register(tenant, authn_request), True
    if authn_request.acs_url not in ("", application.acs_url):
        raise RequestRefused(
            f"{application.name} wants its answer at {authn_request.acs_url}, but is registered with "
            f"{application.acs_url}"
        )
    return application, False


def answer(
    request: HttpRequest, application: Application, session: IdpSession, parameters: Mapping[str, str]
) -> HttpResponse:
    """The page that posts the response: an assertion, or the refusal of somebody who isn't assigned."""
    return post_response(
        request,
        application,
        session,
        in_response_to=parameters["in_response_to"],
        relay_state=parameters["relay_state"],
    )


def post_response(
    request: HttpRequest,
    application: Application,
    session: IdpSession,
    *,
    in_response_to: str | None,
    relay_state: str,
) -> HttpResponse:
    """The page of the POST binding (Bindings s3.5.4). Without `in_response_to` the response is unsolicited."""
    is_admitted = application.admits(session.person)
    xml = make_saml_response(application, session, in_response_to=in_response_to, now=timezone.now())
    name = session.person.full_name
    response = render(
        request,
        "demo/idp/post.html",
        {
            "tenant": application.tenant,
            "application": application,
            "heading": f"{name} goes on to {application.name}" if is_admitted else f"{name} is not assigned",
            "is_admitted": is_admitted,
            "is_unsolicited": in_response_to is None,
            "saml_response": encode_response(xml),
            "relay_state": relay_state,
        },
    )
    allow_forms_to(response, [application.acs_url])
    return response


def make_saml_response(
    application: Application, session: IdpSession, *, in_response_to: str | None, now: datetime
) -> bytes:
    tenant, person = application.tenant, session.person
    is_email = application.name_id == SubjectChoice.EMAIL
    is_admitted = application.admits(person)
    key = tenant.keys.first()
    if key is None:
        raise RequestRefused(f"{tenant.name} has no key to sign with. Run the demo's seed.")
    return make_response(
        key=key.pair,
        issuer=tenant.entity_id,
        audience=application.entity_id,
        acs_url=application.acs_url,
        in_response_to=in_response_to,
        name_id=person.email if is_email else person.subject,
        name_id_format=EMAIL_ADDRESS if is_email else PERSISTENT,
        attributes=attributes_for(application, person),
        now=now,
        sign=application.signed_part,  # type: ignore[arg-type]  # the column's choices are the signer's words
        status=("Success",) if is_admitted else ("Responder", "RequestDenied"),
        status_message=None if is_admitted else f"{person.email} is not assigned to {application.name}.",
        authn_instant=session.signed_in_at,
    )


def attributes_for(application: Application, person: Person) -> dict[str, str | list[str]]:
    """What this application is told. Somebody without groups gets no `groups` at all, as most providers do it."""
    known: dict[str, str | list[str]] = {
        "email": person.email,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "groups": person.group_names(),
    }
    return {name: value for name, value in known.items() if name in application.attributes and value}


def _register(tenant: Tenant, authn_request: AuthnRequest) -> Application:
    if not authn_request.issuer or origin_of(authn_request.acs_url) != origin_of(settings.PUBLIC_URL):
        raise RequestRefused(
            f"{tenant.name} knows no application with the entity ID {authn_request.issuer or '(none)'}. "
            f"Add it under Applications."
        )
    return Application.objects.create(
        tenant=tenant,
        protocol=Protocol.SAML,
        name=_free_name(tenant),
        entity_id=authn_request.issuer,
        acs_url=authn_request.acs_url,
        is_self_registered=True,
    )


def _free_name(tenant: Tenant) -> str:
    """The platform's name; from the second connection on with a number behind it."""
    count = tenant.applications.filter(protocol=Protocol.SAML, is_self_registered=True).count()
    return settings.PLATFORM_NAME if not count else f"{settings.PLATFORM_NAME} {count + 1}"
