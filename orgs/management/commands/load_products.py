"""`manage.py load_products`: make the database agree with products.toml. Repeatable."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from identity_platform.errors import PlatformError
from orgs.products import load_products


class Command(BaseCommand):
    help = "Load products, roles, seat tiers and plans from products.toml; refuses to drop what is in use."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", default=settings.PRODUCTS_FILE, help="default: %(default)s")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = load_products(Path(options["file"]).read_bytes())
        except FileNotFoundError as error:
            raise CommandError(f"There is no file {options['file']}. Name one, or set PRODUCTS_FILE.") from error
        except PlatformError as error:
            raise CommandError(f"{error.message_text} {error.remedy_text}".strip()) from error
        self.stdout.write(
            f"{loaded.products} products with {loaded.roles} roles, {loaded.tiers} seat tiers and {loaded.plans} plans."
        )
