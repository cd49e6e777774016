"""The Content-Security-Policy of every page, written once: django-csp writes it out twice for each response."""

from collections.abc import Callable

from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class ContentPolicyMiddleware(CSPMiddleware):
    """django-csp, which is asked itself only where a response has a policy of its own or a page used a nonce."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self._policies = {
            "Content-Security-Policy": build_policy(),
            "Content-Security-Policy-Report-Only": build_policy(report_only=True),
        }

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if hasattr(request, "_csp_nonce") or any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)
        for header, policy in self._policies.items():
            if policy:
                response.headers.setdefault(header, policy)
        return response
