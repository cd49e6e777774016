"""What the identity managers under a parent are told about its settings, by outbox."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from audit import mail
from orgs.models import ParentOrganization
from orgs.queries import managers_under


def tell_managers(parent: ParentOrganization, *, template: str, subject: str, **context: Any) -> None:
    """Post one mail to each, in the change's transaction. Its link forwards each to an organization of their own."""
    mail.send(
        template,
        to=[manager.email for manager in managers_under(parent)],
        subject=subject,
        context={
            "parent": parent.name,
            "action_url": f"{settings.PUBLIC_URL.rstrip('/')}{reverse('settings_identity')}",
            "action_label": "Open Identity and access",
            **context,
        },
    )
