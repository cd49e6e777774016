"""People, as staff see them."""

from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.models import User
from identity_platform.read_only_admin import ReadOnlyAdmin

admin.site.unregister(Group)  # Django's groups give nothing here: roles are memberships


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("email", "name", "is_staff", "created_at", "last_sign_in_at")
    list_filter = ("is_staff",)
    search_fields = ("email", "name")
    fields = ("email", "name", "is_staff", "created_at", "last_sign_in_at", "erased_at")
