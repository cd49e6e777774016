"""The one data table: columns on a wide screen, records on a narrow one.

Stacked rows are `display: grid`, which takes a table's meaning away from screen readers; the roles written out here
give it back. Cells carry their column's name for the stacked form.
"""

from collections.abc import Iterable
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_block_tag(end_name="endtable")
def table(content: SafeString, caption: str) -> SafeString:
    """A table; the caption is for screen readers. Inside: `columns` or `sortable_columns`, then `record` tags."""
    return format_html(
        '<div class="scroll"><table class="cards" role="table"><caption class="sr">{}</caption>{}</table></div>',
        caption,
        content,
    )


@register.simple_tag
def columns(*labels: str, actions: str = "") -> SafeString:
    """The head of a table; `actions` names a last column whose name only screen readers get."""
    cells = format_html_join("", '<th scope="col" role="columnheader">{}</th>', ((label,) for label in labels))
    if actions:
        cells += format_html('<th scope="col" role="columnheader" class="r"><span class="sr">{}</span></th>', actions)
    return format_html('<thead role="rowgroup"><tr role="row">{}</tr></thead>', cells)


@register.simple_tag
def sortable_columns(heads: Iterable[Any], *, actions: str = "") -> SafeString:
    """The head of a table with links that sort.

    Each head has `label`, `url` (empty: can't be sorted) and `sort` ("ascending", "descending" or empty).
    """
    return render_to_string("components/sortable_columns.html", {"heads": heads, "actions": actions})


@register.simple_block_tag(end_name="endrecords")
def records(content: SafeString) -> SafeString:
    """The body of a table, made of `record` tags."""
    return format_html('<tbody role="rowgroup">{}</tbody>', content)


@register.simple_block_tag(end_name="endrecord")
def record(content: SafeString) -> SafeString:
    """One row, made of one `record_head` and `cell` tags."""
    return format_html('<tr role="row">{}</tr>', content)


@register.simple_block_tag(end_name="endrecord_head")
def record_head(content: SafeString, small: object = "") -> SafeString:
    """The cell that names its row, with a second line in small."""
    second = format_html('<small class="break">{}</small>', small) if small else ""
    return format_html('<th scope="row" role="rowheader">{}{}</th>', content, second)


@register.simple_block_tag(end_name="endcell")
def cell(content: SafeString, column: str = "", kind: str = "") -> SafeString:
    """A cell under the named column; kind: num (figures), muted, nowrap, break or r (right, for actions)."""
    name = format_html(' data-th="{}"', column) if column else ""
    look = format_html(' class="{}"', kind) if kind else ""
    return format_html('<td role="cell"{}{}>{}</td>', name, look, content)
