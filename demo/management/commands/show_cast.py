from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from demo.cast import AT_GOOGLE, NEWCOMERS, PEOPLE


class Command(BaseCommand):
    help = "Say where the demo is and who can sign in how."

    def handle(self, *args: Any, **options: Any) -> None:
        demo = settings.DEMO_URL.rstrip("/")
        addresses = (
            (f"{settings.PUBLIC_URL}/", settings.PLATFORM_NAME),
            (f"{demo}/", "the world around it, and what to do first"),
            (f"{demo}/mailbox/", "every mail: links and codes to sign in with"),
            (f"{demo}/dns/", "DNS zones"),
            (f"{demo}/idp/northwind/", "Northwind's identity provider"),
            (f"{demo}/idp/globex/", "Globex's identity provider"),
            (f"{demo}/idp/google/", "what stands in for Google"),
        )
        self._write_table(addresses)
        self.stdout.write("\nWho can sign in: enter the address, then take the link or code from the mailbox.")
        self._write_table([(player.email, f"{player.name}. {player.part}") for player in PEOPLE])
        self.stdout.write(
            f"\nStaff sign in at {settings.PUBLIC_URL}/login/?staff=true\n"
            "\nWho has no account until their company's SSO is set up (no password: say at the provider who you are):"
        )
        self._write_table([(player.email, f"{player.name}. {player.part}") for player in NEWCOMERS])
        self.stdout.write("\nContinue with Google, which the demo stands in for (no password there either):")
        self._write_table([(player.email, f"{player.name}. {player.part}") for player in AT_GOOGLE])

    def _write_table(self, lines: Any) -> None:
        width = max(len(left) for left, _ in lines)
        for left, right in lines:
            self.stdout.write(f"  {left:{width}}  {right}")
