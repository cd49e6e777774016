"""Connections, as staff see them; secrets never (R28)."""

from django.contrib import admin

from identity_platform.read_only_admin import ReadOnlyAdmin
from sso.models import Connection


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    list_display = ("name", "parent", "protocol", "provider", "last_sign_in_at", "retired_at")
    list_filter = ("protocol", "provider")
    list_select_related = ("parent",)
    search_fields = ("name", "parent__name")
