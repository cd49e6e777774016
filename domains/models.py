"""Claims of parents on DNS names."""

import uuid

from django.db import models
from django.db.models.functions import Lower

from identity_platform.scoping import ParentOwned


class ClaimState(models.TextChoices):
    PENDING = "pending", "Pending"
    VERIFIED = "verified", "Verified"
    EXPIRED = "expired", "Expired"
    LAPSED = "lapsed", "Lapsed"
    REMOVED = "removed", "Removed"


HOLDING = (ClaimState.VERIFIED, ClaimState.LAPSED)


class ShareableName(models.Model):
    """That staff let several parents verify one name: a fact of the name, for every claim on it (spec 4.8)."""

    name = models.CharField(max_length=253, unique=True)
    marked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    marked_at = models.DateTimeField()
    reason = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.name


class ClaimQuerySet(models.QuerySet["DomainClaim"]):
    def open(self) -> "ClaimQuerySet":
        """All but the removed ones: what the page lists."""
        return self.exclude(state=ClaimState.REMOVED)

    def verified(self) -> "ClaimQuerySet":
        return self.filter(state=ClaimState.VERIFIED)

    def serving(self) -> "ClaimQuerySet":
        """Names that a connection serves: verified or lapsed, and assigned (spec 4.5, 4.6)."""
        return self.filter(state__in=HOLDING, connection__isnull=False)


class DomainClaim(ParentOwned):
    """A parent's claim on one DNS name (A-labels), proved by a TXT record that carries `token`.

    `connection` is the one that serves the name's people, set by plan → apply; `directory` governs them likewise.
    `proofs_valid_from`: proofs of its people from before count for nothing (spec 6.5). `findings` is what each name
    server said at the last check, in the words of `domains.checks`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    parent = models.ForeignKey("orgs.ParentOrganization", on_delete=models.CASCADE, related_name="domain_claims")
    name = models.CharField(max_length=253)
    state = models.CharField(max_length=8, choices=ClaimState.choices, default=ClaimState.PENDING)
    token = models.CharField(max_length=64)
    is_shared = models.BooleanField(default=False)
    is_manual = models.BooleanField(default=False)
    manual_reason = models.CharField(max_length=500, blank=True)
    connection = models.ForeignKey("sso.Connection", on_delete=models.PROTECT, null=True, related_name="domain_claims")
    directory = models.ForeignKey(
        "provisioning.Directory", on_delete=models.PROTECT, null=True, related_name="domain_claims"
    )
    proofs_valid_from = models.DateTimeField(null=True)
    added_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    polling_since = models.DateTimeField()
    expires_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    absent_since = models.DateTimeField(null=True)
    lapsed_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    last_checked_at = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=32, blank=True)
    findings = models.JSONField(default=list)

    unscoped = models.Manager.from_queryset(ClaimQuerySet)()  # type: ignore[misc]  # richer than the base\'s

    class Meta(ParentOwned.Meta):
        indexes = [
            models.Index(fields=["name"], name="claim_by_name"),
            models.Index(fields=["next_check_at"], name="claim_due", condition=models.Q(next_check_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(state__in=["verified", "lapsed"], is_shared=False),
                name="unshared_domain_has_one_holder",
            ),
            models.UniqueConstraint(
                fields=["parent", "name"], condition=~models.Q(state="removed"), name="parent_claims_a_name_once"
            ),
            models.CheckConstraint(condition=models.Q(name=Lower("name")), name="claim_name_is_lower_case"),
            models.CheckConstraint(
                condition=~models.Q(state__in=["verified", "lapsed"]) | models.Q(verified_at__isnull=False),
                name="claim_is_verified_since_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(state="lapsed", lapsed_at__isnull=False)
                | (~models.Q(state="lapsed") & models.Q(lapsed_at__isnull=True)),
                name="claim_is_lapsed_since_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(state="removed", removed_at__isnull=False)
                | (~models.Q(state="removed") & models.Q(removed_at__isnull=True)),
                name="claim_is_removed_since_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(connection__isnull=True, directory__isnull=True)
                | models.Q(state__in=["verified", "lapsed"]),
                name="only_a_held_domain_is_assigned",
            ),
        ]

    def __str__(self) -> str:
        return self.name
