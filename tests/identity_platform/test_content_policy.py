"""The policy that is written once is the one that django-csp would write each time."""

from collections.abc import Callable

import pytest
from csp.constants import NONCE, NONE, SELF
from csp.decorators import csp_exempt, csp_update
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings

from identity_platform.content_policy import ContentPolicyMiddleware

View = Callable[[HttpRequest], HttpResponse]


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page")


def not_found(request: HttpRequest) -> HttpResponse:
    return HttpResponse("no page", status=404)


def with_its_own_header(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a frame", headers={"Content-Security-Policy": "sandbox"})


def with_a_nonce(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"a page with a script {request.csp_nonce}")  # type: ignore[attr-defined]


VIEWS = [plain, not_found, with_its_own_header, csp_exempt()(plain), csp_update({"img-src": "data:"})(plain)]


def policy_of(middleware: type[CSPMiddleware], view: View) -> list[str]:
    response = middleware(view)(RequestFactory().get("/"))
    return sorted(response.get("Content-Security-Policy", "none").split("; "))


@pytest.mark.parametrize("view", VIEWS)
def test_every_answer_has_the_policy_that_django_csp_gives_it(view: View) -> None:
    assert policy_of(ContentPolicyMiddleware, view) == policy_of(CSPMiddleware, view)


@override_settings(CONTENT_SECURITY_POLICY={"DIRECTIVES": {"default-src": [NONE], "script-src": [SELF, NONCE]}})
def test_a_nonce_that_a_page_used_is_in_its_policy() -> None:
    assert any("'nonce-" in directive for directive in policy_of(ContentPolicyMiddleware, with_a_nonce))


def test_a_page_lets_nothing_in_but_its_own_files(db: None) -> None:
    directives = set(Client().get("/login/")["Content-Security-Policy"].split("; "))

    assert {"default-src 'none'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'"} <= set(
        directives
    )
    assert not any("unsafe" in directive for directive in directives)
