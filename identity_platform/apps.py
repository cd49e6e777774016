from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IdentityPlatformConfig(AppConfig):
    name = "identity_platform"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from identity_platform import checks, database_rules  # noqa: F401, PLC0415 - needs the app registry

        post_migrate.connect(database_rules.install_after_migrate, sender=self)
