"""Links for the person who runs DNS or the identity provider: no account needed (spec 5.4)."""

import uuid

from django.db import models

from identity_platform.scoping import ParentOwned


class HandoverLink(ParentOwned):
    """Opens one domain's record or one connection's draft, and nothing else, until it expires or is revoked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    parent = models.ForeignKey("orgs.ParentOrganization", on_delete=models.CASCADE, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    claim = models.ForeignKey("domains.DomainClaim", on_delete=models.CASCADE, null=True, related_name="+")
    connection = models.ForeignKey("sso.Connection", on_delete=models.CASCADE, null=True, related_name="+")
    created_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta(ParentOwned.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(claim__isnull=False, connection__isnull=True)
                | models.Q(claim__isnull=True, connection__isnull=False),
                name="handover_link_has_one_purpose",
            ),
        ]

    def __str__(self) -> str:
        return f"handover link {self.id.hex}"
