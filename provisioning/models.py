"""How people get into organizations: modes, group mappings, and what a directory told us."""

import uuid

from django.db import models
from django.db.models.functions import Lower

from identity_platform.scoping import OrganizationOwned, ParentOwned


class Mode(models.TextChoices):
    MANUAL = "manual", "Manual"
    JIT = "jit", "Just in time"
    SCIM = "scim", "SCIM directory sync"


class ProvisioningSettings(OrganizationOwned):
    """An organization's mode; without a row it is manual."""

    organization = models.OneToOneField(
        "orgs.Organization", on_delete=models.CASCADE, primary_key=True, related_name="provisioning"
    )
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.MANUAL)
    uses_mappings = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(uses_mappings=False) | ~models.Q(mode=Mode.MANUAL),
                name="mappings_need_a_mode",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization}: {self.get_mode_display()}"


class GroupMapping(OrganizationOwned):
    """A group of the identity provider (name or id) that gives a role or a seat tier, besides the given names."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey("orgs.Organization", on_delete=models.CASCADE, related_name="group_mappings")
    group = models.CharField(max_length=300)
    role = models.ForeignKey("orgs.Role", on_delete=models.PROTECT, null=True, related_name="+")
    tier = models.ForeignKey("orgs.SeatTier", on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "group", "role"], name="group_gives_a_role_once"),
            models.UniqueConstraint(fields=["organization", "group", "tier"], name="group_gives_a_tier_once"),
            models.CheckConstraint(
                condition=models.Q(role__isnull=False, tier__isnull=True)
                | models.Q(role__isnull=True, tier__isnull=False),
                name="mapping_gives_a_role_or_a_tier",
            ),
        ]

    def __str__(self) -> str:
        return self.group


class Directory(ParentOwned):
    """One SCIM client of a parent and what it told us; one at a time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    parent = models.ForeignKey("orgs.ParentOrganization", on_delete=models.CASCADE, related_name="directories")
    provider = models.CharField(max_length=32)
    created_at = models.DateTimeField()
    first_request_at = models.DateTimeField(null=True)
    last_request_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta(ParentOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["parent"], condition=models.Q(retired_at__isnull=True), name="parent_has_one_directory"
            ),
        ]

    def __str__(self) -> str:
        return f"directory of {self.parent}"


class DirectoryToken(ParentOwned):
    """A bearer token of a directory: 256 bits, stored as a hash, two live at most (one per slot)."""

    parent_path = "directory__parent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    directory = models.ForeignKey(Directory, on_delete=models.CASCADE, related_name="tokens")
    slot = models.PositiveSmallIntegerField()
    token_hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    name = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta(ParentOwned.Meta):
        constraints = [
            models.CheckConstraint(condition=models.Q(slot__in=[1, 2]), name="directory_token_has_slot_one_or_two"),
            models.UniqueConstraint(
                fields=["directory", "slot"],
                condition=models.Q(revoked_at__isnull=True),
                name="directory_has_two_live_tokens_at_most",
            ),
        ]

    def __str__(self) -> str:
        return f"token …{self.hint}"


class DirectoryUser(ParentOwned):
    """A user as the directory sent it. Tied once to a user of ours, by an address in an assigned domain (spec 7.9)."""

    parent_path = "directory__parent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    directory = models.ForeignKey(Directory, on_delete=models.CASCADE, related_name="users")
    user_name = models.CharField(max_length=254)
    external_id = models.CharField(max_length=254, blank=True)
    email = models.CharField(max_length=254, blank=True)
    is_active = models.BooleanField(default=True)
    resource = models.JSONField(default=dict)
    user = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta(ParentOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                "directory", Lower("user_name"), condition=models.Q(deleted_at__isnull=True), name="directory_user_name"
            ),
            models.UniqueConstraint(
                fields=["directory", "external_id"],
                condition=models.Q(deleted_at__isnull=True) & ~models.Q(external_id=""),
                name="directory_user_external_id",
            ),
            models.UniqueConstraint(
                fields=["directory", "user"],
                condition=models.Q(deleted_at__isnull=True),
                name="user_is_tied_once_in_a_directory",
            ),
        ]

    def __str__(self) -> str:
        return self.user_name


class DirectoryGroup(ParentOwned):
    parent_path = "directory__parent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    directory = models.ForeignKey(Directory, on_delete=models.CASCADE, related_name="groups")
    display_name = models.CharField(max_length=300)
    external_id = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta(ParentOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                "directory",
                Lower("display_name"),
                condition=models.Q(deleted_at__isnull=True),
                name="directory_group_name",
            ),
            models.UniqueConstraint(
                fields=["directory", "external_id"],
                condition=models.Q(deleted_at__isnull=True) & ~models.Q(external_id=""),
                name="directory_group_external_id",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name


class DirectoryGroupMember(ParentOwned):
    parent_path = "group__directory__parent"

    group = models.ForeignKey(DirectoryGroup, on_delete=models.CASCADE, related_name="members")
    directory_user = models.ForeignKey(DirectoryUser, on_delete=models.CASCADE, related_name="group_memberships")

    class Meta(ParentOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["group", "directory_user"], name="directory_group_member_is_one")
        ]

    def __str__(self) -> str:
        return f"{self.directory_user} in {self.group}"


class SeenClaims(ParentOwned):
    """The groups that the last sign-in of a person through a connection carried: listed, missing, or too many."""

    parent_path = "connection__parent"

    connection = models.ForeignKey("sso.Connection", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    revision = models.ForeignKey("sso.ConnectionRevision", on_delete=models.SET_NULL, null=True, related_name="+")
    groups_state = models.CharField(
        max_length=8, choices=[("listed", "Listed"), ("missing", "Missing"), ("too_many", "Too many")]
    )
    groups = models.JSONField(default=list)
    seen_at = models.DateTimeField()

    class Meta(ParentOwned.Meta):
        constraints = [models.UniqueConstraint(fields=["connection", "user"], name="seen_claims_are_the_last_ones")]

    def __str__(self) -> str:
        return f"claims of {self.user_id}"
