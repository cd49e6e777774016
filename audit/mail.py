"""Mail, by outbox: each is one text and one HTML template under `templates/mail/`."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from audit.actions import post, post_many


def send(
    template: str,
    *,
    to: Iterable[str],
    subject: str,
    context: Mapping[str, Any],
    secret: Mapping[str, str] | None = None,
) -> None:
    """Post one mail per address. `template` names `mail/<template>.txt` and `.html`.

    `context` must be JSON; `secret` (links, codes) joins it only at delivery. The subject becomes one line: it often
    holds a name that somebody chose, and a line break there would stop the mail at each try (RFC 5322 s2.2).
    """
    subject = " ".join(subject.split())
    for address in to:
        post("mail", {"template": template, "to": address, "subject": subject, "context": dict(context)}, secret=secret)


def send_to_many(template: str, *, to: Iterable[str], subject: str, context: Mapping[str, Any]) -> None:
    """Post the same mail to each of very many addresses, in few statements; as `send`, without secrets."""
    subject = " ".join(subject.split())
    mails = ({"template": template, "to": address, "subject": subject, "context": dict(context)} for address in to)
    post_many("mail", mails)


def deliver(payload: Mapping[str, Any], secret: Mapping[str, str]) -> None:
    """Outbox handler of the topic `mail`."""
    context = {
        **payload["context"],
        **secret,
        "platform_name": settings.PLATFORM_NAME,
        "public_url": settings.PUBLIC_URL,
        "support_address": settings.SUPPORT_ADDRESS,
        "subject": payload["subject"],
    }
    message = EmailMultiAlternatives(
        subject=payload["subject"],
        body=render_to_string(f"mail/{payload['template']}.txt", context),
        to=[payload["to"]],
    )
    message.attach_alternative(render_to_string(f"mail/{payload['template']}.html", context), "text/html")
    message.send()
