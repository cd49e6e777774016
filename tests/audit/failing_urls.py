"""The platform's addresses, and some at which something fails that nobody foresaw."""

from typing import NoReturn

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.urls import path

from identity_platform.urls import handler400, handler403, handler404
from identity_platform.urls import urlpatterns as platform_urls

__all__ = ["handler400", "handler403", "handler404", "urlpatterns"]


@login_not_required
def fail(request: HttpRequest) -> NoReturn:
    raise ZeroDivisionError("dana@acme.example divided by zero")


urlpatterns = [path("fails/", fail), path("api/fails/", fail), path("scim/v2/fails/", fail), *platform_urls]
