"""Keys of a membership for the REST API. They stop with it."""

import uuid

from django.db import models

from identity_platform.scoping import OrganizationOwned


class APIKey(OrganizationOwned):
    """Shown once, stored as a hash. Held memberships suspend their keys; ended ones revoke them."""

    organization_path = "membership__organization"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    membership = models.ForeignKey("orgs.Membership", on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    scopes = models.JSONField(default=list)
    key_hash = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta(OrganizationOwned.Meta):
        pass

    def __str__(self) -> str:
        return self.name
