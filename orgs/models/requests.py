"""What waits for somebody's word: merges of two sides, and requests to staff."""

import uuid

from django.db import models

from identity_platform.scoping import OrganizationOwned


class MergeProposal(OrganizationOwned):
    """Staff's proposal that an organization joins another parent; each side approves the plan it was shown (spec 3.5).

    Owned by the incoming organization; the receiving side finds it by its parent.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey("orgs.Organization", on_delete=models.CASCADE, related_name="merge_proposals")
    parent = models.ForeignKey("orgs.ParentOrganization", on_delete=models.CASCADE, related_name="merge_proposals")
    proposed_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    plan = models.ForeignKey("identity_platform.StoredPlan", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    receiving_approved_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    receiving_approved_at = models.DateTimeField(null=True)
    joining_approved_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    joining_approved_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(declined_at__isnull=True, withdrawn_at__isnull=True, completed_at__isnull=True),
                name="organization_has_one_open_merge_proposal",
            ),
            models.CheckConstraint(
                condition=models.Q(completed_at__isnull=True)
                | models.Q(receiving_approved_at__isnull=False, joining_approved_at__isnull=False),
                name="merge_completes_with_both_approvals",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} joins {self.parent}"


class StaffRequest(OrganizationOwned):
    """Something a customer asks of staff, made on the page where the need arises (spec 9.3)."""

    class Kind(models.TextChoices):
        SSO = "sso", "Single sign-on or a parent organization"
        MERGE = "merge", "A merge"
        MANUAL_VERIFICATION = "manual_verification", "A domain verified by hand"
        SHARED_DOMAIN = "shared_domain", "A shared domain"
        POLICY = "policy", "Another policy"
        PLAN = "plan", "Another plan"
        NO_MANAGER = "no_manager", "No manager is left"
        SET_UP = "set_up", "Set-up by staff"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey("orgs.Organization", on_delete=models.CASCADE, related_name="staff_requests")
    kind = models.CharField(max_length=32, choices=Kind.choices)
    message = models.TextField(blank=True)
    asked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(declined_at__isnull=True),
                name="request_is_not_both_accepted_and_declined",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} for {self.organization}"
