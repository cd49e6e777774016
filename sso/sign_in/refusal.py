"""The page of a refused sign-in: a short cause, a reference, a contact, and one button to try again (spec 6.7)."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from identity_platform.errors import PlatformError
from identity_platform.refusals import render_page


def render_refusal(request: HttpRequest, error: PlatformError, *, reference: str) -> HttpResponse:
    """What the person at the browser may know. What a manager has to mend stands in the audit log (R28: no echo)."""
    if not hasattr(error, "check"):
        return render_page(request, error, reference=reference, retry_url="/login/", retry_label="Back to sign-in")
    context = {
        "error": error,
        "reference": reference,
        "retry_url": "/login/?sso=true",
        "message": f"Sign-in to {settings.PLATFORM_NAME} failed. {error.message_text} Reference {reference}.",
    }
    return render(request, "sign_in/refused.html", context, status=error.status)
