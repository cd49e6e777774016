"""Small things without content of their own: icon, badge, copy field, crumbs, names."""

from functools import cache

from django import template
from django.conf import settings
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide

register = template.Library()

# Word and shape together carry a state, colour only repeats it.
KIND_ICONS = {
    "": "",
    "ok": "check",
    "warn": "triangle-alert",
    "bad": "x",
    "info": "info",
    "wait": "clock",
}
THEMES = {"light", "dark"}


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """Draw one lucide symbol, hidden from screen readers: the word beside it says what it means.

    Raises IconDoesNotExist for a name that lucide does not have.
    """
    return SafeString(lucide(str(name), size=None, aria_hidden="true"))


@register.simple_tag(name="badge")
def draw_badge(kind: str, text: object, *, icon_name: str | None = None) -> SafeString:
    """Show a state as icon and word; kind is ok, warn, bad, info, wait or empty for a neutral one."""
    if kind not in KIND_ICONS:
        raise ValueError(f"There is no badge of the kind {kind!r}.")
    symbol = KIND_ICONS[kind] if icon_name is None else icon_name
    colour = {"wait": " warn", "": ""}.get(kind, f" {kind}")
    return format_html('<span class="badge{}">{}{}</span>', colour, icon(symbol) if symbol else "", text)


@register.simple_tag(name="copy_value")
def draw_copy_value(label: str, value: object, *, multiline: bool = False) -> SafeString:
    """Show a value that one click selects, with a button (scripting on) whose name is "Copy {label}"."""
    return render_to_string("components/copy.html", {"label": label, "value": value, "multiline": multiline})


@register.simple_tag(name="copy_field")
def draw_copy_field(label: str, value: object, *, hint: object = "", multiline: bool = False) -> SafeString:
    """Show a copy value under its label, with a hint below."""
    return render_to_string(
        "components/copy_field.html", {"label": label, "value": value, "hint": hint, "multiline": multiline}
    )


@register.simple_tag(name="crumbs")
def draw_crumbs(*labels_and_addresses: str) -> SafeString:
    """Show the way up: label, address, label, address, …; the page itself is not part of it."""
    labels, addresses = labels_and_addresses[::2], labels_and_addresses[1::2]
    return render_to_string("components/crumbs.html", {"trail": list(zip(labels, addresses, strict=True))})


@register.simple_tag(name="path")
def draw_path(*labels: str) -> SafeString:
    """Show where to click in somebody else's admin screen: Applications > Create App Integration > SAML 2.0."""
    return render_to_string("components/path.html", {"labels": labels})


@register.simple_tag(name="code_block")
def draw_code_block(label: str, text: object) -> SafeString:
    """Show text as it is, scrolling inside its own box."""
    return format_html('<pre role="region" tabindex="0" aria-label="{}">{}</pre>', label, text)


@register.filter
def initials(name: object) -> str:
    """The letters for the tile of a person or organization, two at most; no logos are kept."""
    words = str(name).replace("@", " ").replace(".", " ").split()
    if not words:
        return "–"
    return "".join(word[0] for word in words[:2]).upper()


@register.simple_tag
def platform_name() -> str:
    """The deployment's name, also for pages rendered without a request."""
    return str(settings.PLATFORM_NAME)


@register.simple_tag
def support_address() -> str:
    return str(settings.SUPPORT_ADDRESS)


@register.simple_tag(takes_context=True)
def chosen_theme(context: Context) -> str:
    """The theme in the person's cookie, or nothing, which follows the system."""
    request = context.get("request")
    theme = request.COOKIES.get("theme", "") if request is not None else ""
    return theme if theme in THEMES else ""
