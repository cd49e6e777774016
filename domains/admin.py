"""Domain claims, as staff see them; the token is the customer's and not shown."""

from django.contrib import admin

from domains.models import DomainClaim
from identity_platform.read_only_admin import ReadOnlyAdmin


@admin.register(DomainClaim)
class DomainClaimAdmin(ReadOnlyAdmin):
    list_display = ("name", "parent", "state", "verified_at", "last_checked_at", "connection")
    list_filter = ("state", "is_shared", "is_manual")
    list_select_related = ("parent", "connection")
    search_fields = ("name", "parent__name")
    exclude = ("token",)
