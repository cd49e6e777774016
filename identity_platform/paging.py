"""One page of a long table, as its foot asks for it (`{% pagination %}`)."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from identity_platform.templatetags.ui.figures import ROWS_PER_PAGE


def page_of(request: HttpRequest, rows: QuerySet[Any, Any] | Sequence[Any]) -> Page[Any]:
    """Of `?page=` and `?rows=` (25, 50 or 100); what isn't understood shows the first page, of 25."""
    asked = request.GET.get("rows", "")
    per_page = int(asked) if asked in {str(number) for number in ROWS_PER_PAGE} else ROWS_PER_PAGE[0]
    return Paginator(rows, per_page).get_page(request.GET.get("page"))
