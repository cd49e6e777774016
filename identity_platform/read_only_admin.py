"""How staff see a table in the admin."""

from django.contrib.admin import ModelAdmin
from django.contrib.auth.decorators import login_not_required
from django.db.models import Model
from django.http import HttpRequest
from django.urls import URLPattern


class ReadOnlyAdmin(ModelAdmin):
    """Staff look; what they change goes through actions with a reason, never through a form of the admin."""

    def get_urls(self) -> list[URLPattern]:
        """The site judges who is there, for strangers too, so the middleware that asks for any sign-in stands back."""
        patterns = super().get_urls()
        for pattern in patterns:
            pattern.callback = login_not_required(pattern.callback)
        return patterns

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
