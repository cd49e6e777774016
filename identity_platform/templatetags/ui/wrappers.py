"""Boxes around content: page head, card, setting row, callout, dialog, field, numbered instructions."""

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify

register = template.Library()

CALLOUT_ICONS = {"ok": "circle-check", "warn": "triangle-alert", "bad": "circle-x", "info": "info", "plain": "info"}


@register.simple_block_tag(end_name="endpage_head")
def page_head(content: SafeString, title: object, *, lead: object = "", trail: SafeString | str = "") -> SafeString:
    """The one h1 of a page with a sentence below it; the content goes to the right (buttons), the trail above."""
    return render_to_string(
        "components/page_head.html", {"content": content, "title": title, "lead": lead, "trail": trail}
    )


@register.simple_block_tag(end_name="endcard")
def card(content: SafeString, title: object = "", *, lead: object = "", id: str = "", label: str = "") -> SafeString:
    """A section in a box.

    With a title it writes its own header. Without one, put a `card_head` with the same id inside, or give a label.
    """
    if not (title or id or label):
        raise ValueError("A card needs a title, the id of its card_head, or a label.")
    return render_to_string(
        "components/card.html",
        {
            "content": content,
            "title": title,
            "lead": lead,
            "label": label,
            "id": id or (slugify(str(title)) if title else ""),
        },
    )


@register.simple_block_tag(end_name="endcard_head")
def card_head(content: SafeString, title: object, *, id: str, lead: object = "") -> SafeString:
    """A card's header with something on the right: a badge, a button, a link."""
    return render_to_string("components/card_head.html", {"content": content, "title": title, "lead": lead, "id": id})


@register.simple_block_tag(end_name="endrow")
def row(
    content: SafeString, title: object, *, desc: object = "", badge: str = "", kind: str = "", id: str = ""
) -> SafeString:
    """One setting in a card: title with a state badge, a sentence, and the actions on the right as content."""
    return render_to_string(
        "components/row.html",
        {"content": content, "title": title, "desc": desc, "badge_text": badge, "kind": kind, "id": id},
    )


@register.simple_block_tag(end_name="endcallout")
def callout(content: SafeString, kind: str = "info", *, title: object = "", live: str = "") -> SafeString:
    """A remark in colour. `live` is "alert" for a fresh error, "status" for a fresh result, else empty."""
    return render_to_string(
        "components/callout.html",
        {"content": content, "kind": kind, "title": title, "live": live, "icon_name": CALLOUT_ICONS[kind]},
    )


@register.simple_block_tag(takes_context=True, end_name="enddialog")
def dialog(
    context: Context,
    content: SafeString,
    id: str,
    *,
    title: object,
    action: str,
    submit: str,
    lead: object = "",
    kind: str = "danger",
) -> SafeString:
    """A form that asks before it acts, over the page.

    It is opened by `<a href="{address of the same form as a page}" data-dialog="{id}">`, so that it works without
    scripting too. `submit` repeats verb and object ("Remove Tom Albrecht").
    """
    return render_to_string(
        "components/dialog.html",
        {
            "content": content,
            "id": id,
            "title": title,
            "lead": lead,
            "action": action,
            "submit": submit,
            "kind": kind,
            "csrf_token": context.get("csrf_token"),
        },
    )


@register.simple_block_tag(end_name="endfield")
def field(content: SafeString, label: object, *, target: str = "", hint: object = "", error: object = "") -> SafeString:
    """A label, a control that the caller writes (its id is `target`), a hint and an error.

    For a bound Django field use `form_field`, which also ties hint and error to the control.
    """
    return render_to_string(
        "components/field.html",
        {"content": content, "label": label, "target": target, "hint": hint, "error": error},
    )


@register.simple_block_tag(end_name="endhowto")
def howto(content: SafeString) -> SafeString:
    """Numbered instructions; the content is made of `step` tags."""
    return format_html('<ol class="howto">{}</ol>', content)


@register.simple_block_tag(end_name="endstep")
def step(content: SafeString, title: object = "") -> SafeString:
    """One numbered instruction."""
    return format_html("<li><div>{}{}</div></li>", format_html("<h3>{}</h3>", title) if title else "", content)
