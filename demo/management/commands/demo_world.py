import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo.world import serve_until_stopped

SETTINGS = "demo.settings"


class Command(BaseCommand):
    help = "Serve the demo's identity providers, DNS and mailbox, until SIGINT or SIGTERM."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SETTINGS_MODULE != SETTINGS:
            # Its site has settings of its own; the process stays the same one, so signals find it.
            environment = {**os.environ, "DJANGO_SETTINGS_MODULE": SETTINGS}
            os.execve(sys.executable, [sys.executable, sys.argv[0], "demo_world"], environment)  # noqa: S606 - ourselves
        try:
            serve_until_stopped()
        except OSError as error:
            raise CommandError(f"{settings.DEMO_URL} or DNS port {settings.DNS_PORT}: {error.strerror}") from error
