"""The renderers of refusals, one per audience: page, RFC 9457 problem details, SCIM error body (RFC 7644 s3.12).

Nothing else formats an error. Which one speaks follows from the path.
"""

import logging
import sys
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render as render_template
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token

from identity_platform.errors import NotAllowed, NotFound, PlatformError, TooManyTries
from identity_platform.references import make_reference

logger = logging.getLogger(__name__)

_HINT = "If it stays like this, tell support what you did and at what time."
SIGN_IN_PATHS = ("/login/", "/sso/")
_DJANGOS_OWN = (Http404, PermissionDenied, SuspiciousOperation, BadRequest, MultiPartParserError)
SCIM_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


class UnexpectedFailure(PlatformError):
    code = "unexpected"
    message = "Something failed on our side."
    remedy = "Try again. If it stays, give this reference to support: it finds what happened."
    status = 500
    permanent = False


def render(request: HttpRequest, error: PlatformError, *, reference: str = "") -> HttpResponse:
    """The answer to a refused request. `reference` finds the audit event, where one was written.

    A SignInNeeded of a page doesn't come here: `accounts.sign_in_asked` sends the person to sign in.
    """
    reference = reference or error.reference
    if request.path.startswith("/scim/"):
        return _with_headers(
            JsonResponse(scim_body(error), status=error.status, content_type="application/scim+json"), error
        )
    if request.path.startswith("/api/"):
        body = problem(error, reference=reference)
        return _with_headers(JsonResponse(body, status=error.status, content_type="application/problem+json"), error)
    return render_page(request, error, reference=reference)


def render_page(request: HttpRequest, error: PlatformError, *, reference: str = "", **context: Any) -> HttpResponse:
    """The page of a refusal. `expected` and `received` are for managers and stay out of it (spec 6.7)."""
    if request.path.startswith(SIGN_IN_PATHS):
        # What was refused here is used up: its own address would only refuse again.
        context = {"retry_url": "/login/", "retry_label": "Back to sign-in"} | context
    template = {NotFound: "errors/404.html", NotAllowed: "errors/403.html"}.get(type(error), "errors/refusal.html")
    if isinstance(error, TooManyTries):
        template, before = "errors/too_many.html", page_before(request)
        if before != request.path:  # the page with the form, which keeps what its address says
            context |= {"retry_url": before, "retry_label": "Go back"}
    page = render_template(
        request,
        template,
        {"error": error, "reference": reference, "support_address": settings.SUPPORT_ADDRESS, **context},
        status=error.status,
    )
    return _say_when(page, error)


def problem(error: PlatformError, *, reference: str = "") -> dict[str, Any]:
    """RFC 9457 s3.1, with our members `code`, `remedy` and `reference`."""
    body = {
        "type": f"urn:identity-platform:error:{error.code}",
        "title": error.message_text,
        "status": error.status,
        "code": error.code,
        "remedy": error.remedy_text,
        "reference": reference,
    }
    return {name: value for name, value in body.items() if value != ""}


def scim_body(error: PlatformError) -> dict[str, Any]:
    """RFC 7644 s3.12; the status is a string there."""
    body = {
        "schemas": [SCIM_ERROR],
        "status": str(error.status),
        "detail": f"{error.message_text} {error.remedy_text}".strip(),
    }
    if error.scim_type:
        body["scimType"] = error.scim_type
    return body


def render_unexpected(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """A failure nobody foresaw: one reference on the page, in the log line and in the audit event.

    Django's own refusals (404, suspicious operations) pass: they have handlers of their own.
    """
    if isinstance(exception, _DJANGOS_OWN):
        return None
    return _explain_failure(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler500: what failed outside any view, in a middleware for instance (the session's database)."""
    return _explain_failure(request, sys.exc_info()[1] or RuntimeError("handler500 without an exception"))


def _explain_failure(request: HttpRequest, exception: BaseException) -> HttpResponse:
    reference = make_reference("ERR")
    logger.error("request.failed", extra={"reference": reference}, exc_info=exception)
    _record_failure(reference, exception)
    try:
        return render(request, UnexpectedFailure(), reference=reference)
    except Exception:  # a page needs its context; where that is what failed, one that needs nothing is shown
        logger.exception("request.page_failed", extra={"reference": reference})
        page = render_to_string("errors/500.html").replace(_HINT, f"If it stays like this, tell support {reference}.")
        return HttpResponse(page, status=UnexpectedFailure.status)


def _record_failure(reference: str, exception: BaseException) -> None:
    from audit import actions, codes  # noqa: PLC0415 - this module is below the audit app
    from audit.actors import SYSTEM  # noqa: PLC0415

    try:
        actions.record(
            codes.Code.REQUEST_FAILED, actor=SYSTEM, reference=reference, details={"kind": type(exception).__name__}
        )
    except Exception:  # the database may be what failed; the log line has the reference
        logger.exception("audit.unreachable", extra={"reference": reference})


def page_before(request: HttpRequest) -> str:
    """The path of the page whose form was posted, if it is ours; else the posted path, else `/`.

    Never one that a browser would take for another host's (`//…`; a backslash is a slash to it).
    """
    before = urlsplit(request.headers.get("Referer", ""))
    if before.netloc == request.get_host() and _is_path_here(before.path):
        return f"{before.path}?{before.query}" if before.query else before.path
    return request.path if _is_path_here(request.path) else "/"


def _is_path_here(path: str) -> bool:
    return path.startswith("/") and not path.startswith("//") and "\\" not in path


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, NotFound())


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, NotAllowed())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, PlatformError())


@requires_csrf_token
def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render_template(request, "errors/csrf.html", status=403)


def _with_headers(response: HttpResponse, error: PlatformError) -> HttpResponse:
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="identity platform"'
    return _say_when(response, error)


def _say_when(response: HttpResponse, error: PlatformError) -> HttpResponse:
    """When a used-up limit lets through again, for programs too (RFC 9110 s10.2.3)."""
    if isinstance(error, TooManyTries):
        response["Retry-After"] = str(error.retry_after)
    return response
