"""Tables that all apps share: the stored plans of plan → apply."""

import uuid

from django.db import models

from identity_platform.scoping import ParentOwned


class StoredPlan(ParentOwned):
    """What a manager was shown before a dangerous save: the fingerprint and the people harmed (`plans.py`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    parent = models.ForeignKey("orgs.ParentOrganization", on_delete=models.CASCADE, related_name="+")
    organization = models.ForeignKey("orgs.Organization", on_delete=models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    harmed = models.JSONField(default=list)
    created_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)

    class Meta(ParentOwned.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(applied_at__isnull=True) | models.Q(voided_at__isnull=True),
                name="plan_is_not_both_applied_and_void",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id.hex}"
