"""Organizations, and the parent organizations that hold what several of them share."""

import uuid
from datetime import timedelta

from django.core.validators import RegexValidator
from django.db import models

from identity_platform.scoping import ParentOwned

SESSION_LIFETIME = timedelta(days=30)
SESSION_IDLE = timedelta(days=7)
RECENT_SIGN_IN = timedelta(hours=1)


class ParentOrganization(models.Model):
    """Ties organizations of any products together; holds domain claims, connections, directory and session policy.

    `proofs_valid_from`: proofs older than this count for nothing in its organizations (spec 6.5).
    `access_version` moves with every change of what the door asks, so that cached policies of all processes agree.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    proofs_valid_from = models.DateTimeField(null=True)
    session_lifetime = models.DurationField(default=SESSION_LIFETIME)
    session_idle = models.DurationField(default=SESSION_IDLE)
    recent_sign_in = models.DurationField(default=RECENT_SIGN_IN)
    new_organizations_disabled = models.BooleanField(default=False)
    requires_sso_for_every_member = models.BooleanField(default=False)
    unsolicited_starts_sign_in = models.BooleanField(default=True)
    access_version = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(session_lifetime__gte=timedelta(hours=1), session_lifetime__lte=timedelta(days=90)),
                name="session_lifetime_is_one_hour_to_90_days",
            ),
            models.CheckConstraint(
                condition=models.Q(session_idle__gt=timedelta(0), recent_sign_in__gt=timedelta(0)),
                name="session_spans_are_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Organization(models.Model):
    """One customer's use of one product, on one plan. Never removed, so that its slug is never used again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    short_id = models.CharField(max_length=8, unique=True, validators=[RegexValidator(r"^[0-9a-f]{8}$")])
    name = models.CharField(max_length=200)
    product = models.ForeignKey("orgs.Product", on_delete=models.PROTECT, related_name="organizations")
    plan = models.ForeignKey("orgs.Plan", on_delete=models.PROTECT, related_name="organizations")
    parent = models.ForeignKey(ParentOrganization, on_delete=models.PROTECT, null=True, related_name="organizations")
    is_personal = models.BooleanField(default=False)
    is_granted_sso = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_personal=False) | models.Q(parent__isnull=True),
                name="personal_organization_has_no_parent",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Enforcement(ParentOwned):
    """That a parent enforces SSO for one product. Without a row SSO is optional.

    `email_proofs_valid_from`: email, password and Google proofs of affected people from before count for nothing,
    set where the manager chose to end them (spec 6.4).
    """

    parent = models.ForeignKey(ParentOrganization, on_delete=models.CASCADE, related_name="enforcements")
    product = models.ForeignKey("orgs.Product", on_delete=models.PROTECT, related_name="+")
    enforced_at = models.DateTimeField()
    email_proofs_valid_from = models.DateTimeField(null=True)

    class Meta(ParentOwned.Meta):
        constraints = [models.UniqueConstraint(fields=["parent", "product"], name="enforcement_is_one_per_product")]

    def __str__(self) -> str:
        return f"{self.parent} enforces SSO for {self.product}"
