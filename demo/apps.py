from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class DemoConfig(AppConfig):
    name = "demo"

    def ready(self) -> None:
        if settings.PRODUCTION or not settings.DEMO:
            raise ImproperlyConfigured("The demo world is for `make run` and the tests; it can't be switched on here.")
