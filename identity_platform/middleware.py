"""What surrounds every request: its context for logs and audit, and the refusal in the form its audience reads."""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from identity_platform import refusals
from identity_platform.errors import PlatformError
from identity_platform.request_context import RequestContext, new_request_id, serving

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RequestContextMiddleware:
    """Outermost: everything below, logs and audit events included, carries this request's id.

    The id is always ours: one from outside would let a client write into our logs.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        context = RequestContext(
            request_id=new_request_id(), ip=client_ip(request), user_agent=request.headers.get("User-Agent", "")[:256]
        )
        with serving(context):
            response = self.get_response(request)
        response["X-Request-ID"] = context.request_id
        return response


class RefusalMiddleware:
    """Turns a PlatformError, and any other exception, into the answer its audience understands (`refusals.render`)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, PlatformError):
            return refusals.render(request, exception)
        return refusals.render_unexpected(request, exception)


def client_ip(request: HttpRequest) -> str | None:
    """The address that reached our outermost proxy; without proxies, the peer of the socket.

    Only as many entries of X-Forwarded-For, from the right, are believed as proxies of ours stand before us.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXY_COUNT:
        chain = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
        if len(chain) >= settings.TRUSTED_PROXY_COUNT:
            peer = chain[-settings.TRUSTED_PROXY_COUNT]
    try:
        return str(ipaddress.ip_address(peer))
    except ValueError:
        return None
