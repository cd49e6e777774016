from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from demo.seed import seed_world
from orgs.models import Product
from orgs.products import load_products


class Command(BaseCommand):
    help = "Make the demo's cast, identity providers and DNS zones. What is there already stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        if not Product.objects.exists():
            load_products(Path(settings.PRODUCTS_FILE).read_bytes())
        seed_world(now=timezone.now())
