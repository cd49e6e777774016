"""Which other sites a form of the demo may lead to.

A browser judges by the page that holds the form, and applies it to every redirect after it.
"""

from collections.abc import Iterable

from django.http import HttpResponse

from demo.models import origin_of


def allow_forms_to(response: HttpResponse, urls: Iterable[str]) -> None:
    """Add the origins of `urls` to this one response's form-action."""
    response._csp_update = {  # type: ignore[attr-defined]  # how django-csp is told about one response
        "form-action": sorted({origin_of(url) for url in urls})
    }
