"""The template tags of the design system: one library, built into every template (settings TEMPLATES, `builtins`).

`templates/README.md` lists them with a line of use each. They escape whatever they are given, and have no opinion on
anything but looks: no queries, no permissions, no addresses of pages.
"""

from django import template

from identity_platform.templatetags.ui import figures, forms, leaves, moments, tables, wrappers

register = template.Library()
for part in (leaves, wrappers, forms, tables, figures, moments):
    register.tags.update(part.register.tags)
    register.filters.update(part.register.filters)
