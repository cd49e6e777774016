"""Events, as staff see them: by reference, as customers read it out."""

from django.contrib import admin

from audit.models import AuditEvent
from identity_platform.read_only_admin import ReadOnlyAdmin


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("reference", "code", "at", "actor_label", "target_label", "organization", "parent")
    list_select_related = ("organization", "parent")
    search_fields = ("reference", "request_id")
    show_full_result_count = False
