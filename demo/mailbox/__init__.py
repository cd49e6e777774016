"""Where the demo's mails go: into a table, and from there onto a page."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone


class MailboxBackend(BaseEmailBackend):
    """Django's email backend of `make run`: delivers into `SentMail`, one row for each address."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        from demo.models import SentMail  # noqa: PLC0415 - a settings module names this class before models may load

        now = timezone.now()
        SentMail.objects.bulk_create(
            SentMail(
                to=address,
                sender=message.from_email,
                subject=str(message.subject),
                text=str(message.body),
                html=_html_of(message),
                sent_at=now,
            )
            for message in email_messages
            for address in message.recipients()
        )
        return len(email_messages)


def _html_of(message: EmailMessage) -> str:
    for content, kind in getattr(message, "alternatives", []):
        if kind == "text/html":
            return str(content)
    return ""
