"""Where things stand: steps, wizard steps, figures, checks, timeline, pages of a list."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.core.paginator import Page
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from identity_platform.templatetags.ui.leaves import draw_badge, icon
from identity_platform.templatetags.ui.moments import when

register = template.Library()

CHECK_ICONS = {"ok": "circle-check", "bad": "circle-x", "wait": "circle-dashed", "warn": "triangle-alert"}
CHECK_WORDS = {"ok": "Done", "bad": "Failed", "wait": "Not checked yet", "warn": "Needs attention"}
CHECK_BADGES = {"ok": "ok", "bad": "bad", "wait": "", "warn": "warn"}
ROWS_PER_PAGE = (25, 50, 100)


@register.simple_tag
def stepper(steps: Iterable[Any]) -> SafeString:
    """Progress over a few steps. Each step has `label`, `detail` and `state` (done, now or todo)."""
    return render_to_string("components/stepper.html", {"steps": steps})


@register.simple_tag
def wizard_steps(steps: Iterable[Any], *, label: str = "Setup steps") -> SafeString:
    """The wizard's list of steps. Each has `label`, `state` (done, now, todo) and `url` (empty: not reachable yet)."""
    return render_to_string("components/wizard_steps.html", {"steps": steps, "label": label})


@register.simple_block_tag(end_name="endstats")
def stats(content: SafeString) -> SafeString:
    """A row of figures, made of `stat` tags."""
    return format_html('<ul class="stats">{}</ul>', content)


@register.simple_tag
def stat(value: object, label: object, kind: str = "") -> SafeString:
    """One figure with what it counts; kind is empty or warn."""
    return format_html('<li class="{}"><b>{}</b><span>{}</span></li>', kind, value, label)


@register.simple_block_tag(end_name="endchecks")
def checks(content: SafeString, label: str = "") -> SafeString:
    """A list of `check` tags, in the order in which they were made."""
    return format_html('<ul class="checks"{}>{}</ul>', format_html(' aria-label="{}"', label) if label else "", content)


@register.simple_block_tag(end_name="endcheck")
def check(content: SafeString, state: str, title: object, *, badge: str = "") -> SafeString:
    """One check: state is ok, bad, wait or warn; the content is the detail below; the badge stands on the right."""
    return format_html(
        '<li class="{}">{}<div><span class="sr">{}: </span>{}{}</div>{}</li>',
        state,
        icon(CHECK_ICONS[state]),
        CHECK_WORDS[state],
        title,
        format_html('<small class="break">{}</small>', content) if content.strip() else "",
        draw_badge(CHECK_BADGES[state], badge, icon_name="") if badge else "",
    )


@register.simple_block_tag(end_name="endtimeline")
def timeline(content: SafeString) -> SafeString:
    """What happened, newest first, made of `entry` tags."""
    return format_html('<ol class="timeline">{}</ol>', content)


@register.simple_block_tag(end_name="endentry")
def entry(content: SafeString, moment: datetime) -> SafeString:
    """One thing that happened."""
    return format_html("<li><span>{}</span>{}</li>", content, when(moment))


@register.simple_tag(takes_context=True)
def pagination(context: Context, page: Page, *, as_of: datetime | None = None) -> SafeString:
    """The foot of a long table: "1–25 of 412", earlier and later, rows per page; all other query parameters stay.

    The view reads `page` and `rows` from the query and holds rows to 25, 50 or 100.
    """
    request = context.get("request")
    query = request.GET.copy() if request is not None else None

    def address(**changes: object) -> str:
        if query is None:
            return "?" + "&".join(f"{name}={value}" for name, value in changes.items())
        changed = query.copy()
        for name, value in changes.items():
            changed[name] = str(value)
        return "?" + changed.urlencode()

    return render_to_string(
        "components/pagination.html",
        {
            "page": page,
            "as_of": as_of,
            "previous": address(page=page.previous_page_number()) if page.has_previous() else "",
            "next": address(page=page.next_page_number()) if page.has_next() else "",
            "sizes": [
                {"rows": rows, "url": address(rows=rows, page=1), "is_current": rows == page.paginator.per_page}
                for rows in ROWS_PER_PAGE
            ],
        },
    )
