"""Organizations and their parents, as staff see them."""

from django.contrib import admin

from identity_platform.read_only_admin import ReadOnlyAdmin
from orgs.models import Membership, Organization, ParentOrganization


@admin.register(ParentOrganization)
class ParentOrganizationAdmin(ReadOnlyAdmin):
    list_display = ("name", "created_at", "new_organizations_disabled", "requires_sso_for_every_member")
    search_fields = ("name",)


@admin.register(Organization)
class OrganizationAdmin(ReadOnlyAdmin):
    list_display = ("name", "slug", "product", "plan", "parent", "is_personal")
    list_filter = ("product", "is_personal")
    list_select_related = ("product", "plan__product", "parent")
    search_fields = ("name", "slug", "short_id")


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ("user", "organization", "role", "tier", "source", "state")
    list_filter = ("state", "source")
    list_select_related = ("user", "organization", "role", "tier")
    search_fields = ("user__email", "organization__slug")
