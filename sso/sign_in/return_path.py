"""Where a person goes after signing in: a path of ours, or the start page."""

import re

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from orgs.models import Product

MAX_LENGTH = 500
_SLUG = re.compile(r"[a-z0-9-]{1,50}")


def next_path(request: HttpRequest) -> str:
    """The `next` of this request if it is a path of ours, else ''. Never another site (open redirects)."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    if len(asked) > MAX_LENGTH or not asked.startswith("/") or not asked.isprintable():
        return ""
    # No host is allowed: what would leave this site in any browser's reading isn't a path.
    if not url_has_allowed_host_and_scheme(asked, allowed_hosts=None) or asked.startswith("/login"):
        return ""
    return asked


def product_of(request: HttpRequest) -> Product | None:
    """The product that `product` names, if there is one of that name."""
    slug = request.POST.get("product") or request.GET.get("product") or ""
    return Product.objects.filter(slug=slug).first() if _SLUG.fullmatch(slug) else None
