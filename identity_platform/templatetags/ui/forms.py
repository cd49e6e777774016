"""Bound form fields with label, hint and error tied to the control; the summary of errors; choice cards."""

from collections.abc import Iterator

from django import forms, template
from django.forms.boundfield import BoundField
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

GROUPS = (forms.RadioSelect, forms.CheckboxSelectMultiple)


@register.simple_tag
def form_field(bound: BoundField, *, big: bool = False, placeholder: str = "", autofocus: bool = False) -> SafeString:
    """Draw one field of a form: label, control, hint (the field's help_text) and errors.

    Django sets aria-invalid, and aria-describedby to the ids that hint and error get here. Radio buttons and groups of
    checkboxes become a fieldset; a lone checkbox stands before its label; a hidden field is only itself.
    """
    widget = bound.field.widget
    attrs: dict[str, str | bool] = {}
    if placeholder:
        attrs["placeholder"] = placeholder
    if autofocus:
        attrs["autofocus"] = True
    if bound.is_hidden:
        return bound.as_widget()
    if isinstance(widget, forms.Textarea) and widget.attrs.get("rows") == "10":
        attrs["rows"] = "4"  # Django's own default is taller than what people write here
    if isinstance(widget, GROUPS):
        shape = "group"
    elif isinstance(widget, forms.CheckboxInput):
        shape = "checkbox"
    else:
        shape = "control"
        attrs["class"] = " ".join(filter(None, [widget.attrs.get("class"), "input", "big" if big else ""]))
    return render_to_string(
        "components/form_field.html",
        {"bound": bound, "shape": shape, "control": "" if shape == "group" else bound.as_widget(attrs=attrs)},
    )


@register.simple_tag
def error_summary(*bound_forms: forms.BaseForm) -> SafeString | str:
    """List all errors of one or several forms at the top of the page, with links to their fields; takes the focus.

    Nothing, while there are no errors. Set `has_errors` in the view's context (or call the form `form`) so that the
    page's title begins with "Error:".
    """
    errors = [error for form in bound_forms for error in _list_errors(form)]
    if not errors:
        return ""
    return render_to_string("components/error_summary.html", {"errors": errors})


def _list_errors(form: forms.BaseForm) -> Iterator[tuple[str, str]]:
    """Yield (id of the control or empty, message) for each error, the form's own first, then in the order of fields."""
    for message in form.non_field_errors():
        yield "", str(message)
    for bound in form:
        for message in bound.errors:
            yield ("" if bound.is_hidden else _find_target(bound)), f"{bound.label}: {message}"


def _find_target(bound: BoundField) -> str:
    """A group has no id of its own to link to; its first choice does."""
    if isinstance(bound.field.widget, GROUPS):
        first = next(iter(bound.subwidgets), None)
        return first.id_for_label or "" if first is not None else ""
    return bound.id_for_label or ""


@register.simple_block_tag(end_name="endchoices")
def choices(content: SafeString, legend: str, *, show_legend: bool = False) -> SafeString:
    """A grid of `choice` cards under one legend, which only screen readers get unless it is to be shown."""
    look = "label" if show_legend else "sr"
    return format_html(
        '<fieldset class="stack"><legend class="{}">{}</legend><div class="choices">{}</div></fieldset>',
        look,
        legend,
        content,
    )


@register.simple_tag
def choice(
    name: str,
    value: object,
    title: object,
    *,
    detail: object = "",
    tile: str = "",
    badge: str = "",
    selected: object = None,
    disabled: bool = False,
) -> SafeString:
    """One card, a real radio button: checked if `selected` (the field's present value) is its value."""
    return render_to_string(
        "components/choice.html",
        {
            "name": name,
            "value": value,
            "title": title,
            "detail": detail,
            "tile": tile,
            "badge_text": badge,
            "disabled": disabled,
            "checked": selected is not None and str(selected) == str(value),
        },
    )
