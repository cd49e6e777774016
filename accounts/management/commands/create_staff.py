"""`manage.py create_staff <address>`: the first account of staff. Repeatable."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.actions.users import make_staff
from accounts.addresses import NotAnAddress


class Command(BaseCommand):
    help = "Make an address an account of staff; it signs in at /login/?staff=true."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")
        parser.add_argument("--name", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user = make_staff(options["address"], name=options["name"], now=timezone.now())
        except NotAnAddress as error:
            raise CommandError(f"{error.message_text} {error.remedy_text}") from error
        self.stdout.write(f"{user.email} is staff. Sign in at {settings.PUBLIC_URL}/login/?staff=true")
