"""The lines that say what was just done."""

from django.contrib.messages.storage.cookie import CookieStorage


class MessageStorage(CookieStorage):
    # Cookies ignore ports: under the default name, the platform would show the demo's lines.
    cookie_name = "demo-messages"
