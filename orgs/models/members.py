"""Who belongs to an organization, who is asked to, and who may not."""

import uuid

from django.db import models
from django.db.models.functions import Lower

from identity_platform.scoping import OrganizationOwned


class Source(models.TextChoices):
    MANUAL = "manual", "added by hand"
    INVITATION = "invitation", "invited"
    JIT = "jit", "joined at sign-in"
    SCIM = "scim", "sent by the directory"


class MembershipState(models.TextChoices):
    ACTIVE = "active", "Active"
    HELD = "held", "On hold"


class MembershipQuerySet(models.QuerySet["Membership"]):
    def letting_in(self) -> "MembershipQuerySet":
        """The one predicate of every access check: held memberships let nobody in (`Membership.lets_in` for one)."""
        return self.filter(state=MembershipState.ACTIVE)

    def managing_identity(self) -> "MembershipQuerySet":
        return self.letting_in().filter(role__manages_identity=True)


class Membership(OrganizationOwned):
    """A user's place in an organization.

    `holds_sole_role` repeats the role's `is_sole`, so that a unique index can keep the primary owner single. That it
    does, that role and tier are of the organization's product, and that a personal organization has one member is kept
    by `orgs/database_rules.py`. `reason` says why this role, in the engine's words. `proofs_valid_from`: this person's
    proofs from before count for nothing in this organization (a manager ended their sessions here).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey("orgs.Organization", on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="memberships")
    role = models.ForeignKey("orgs.Role", on_delete=models.PROTECT, related_name="+")
    holds_sole_role = models.BooleanField(default=False)
    tier = models.ForeignKey("orgs.SeatTier", on_delete=models.PROTECT, null=True, related_name="+")
    source = models.CharField(max_length=16, choices=Source.choices)
    state = models.CharField(max_length=8, choices=MembershipState.choices, default=MembershipState.ACTIVE)
    held_at = models.DateTimeField(null=True)
    held_reason = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    proofs_valid_from = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    unscoped = models.Manager.from_queryset(MembershipQuerySet)()  # type: ignore[misc]  # richer than the base\'s

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "user"], name="membership_is_one_per_person"),
            models.UniqueConstraint(
                fields=["organization"],
                condition=models.Q(holds_sole_role=True),
                name="organization_has_one_holder_of_its_sole_role",
            ),
            models.CheckConstraint(
                condition=models.Q(state=MembershipState.ACTIVE, held_at__isnull=True)
                | models.Q(state=MembershipState.HELD, held_at__isnull=False),
                name="membership_is_held_since_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization}"

    @property
    def lets_in(self) -> bool:
        """What `letting_in()` asks, of a membership that is loaded already."""
        return self.state == MembershipState.ACTIVE


class Block(OrganizationOwned):
    """That somebody is wanted out: the engine desires nothing for them; only a manager or staff lifts it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey("orgs.Organization", on_delete=models.CASCADE, related_name="blocks")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    blocked_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta(OrganizationOwned.Meta):
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="block_is_one_per_person")]

    def __str__(self) -> str:
        return f"block of {self.user} in {self.organization}"


class Invitation(OrganizationOwned):
    """An emailed offer of a membership: one use, bound to the address, 7 days (spec 7.7)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey("orgs.Organization", on_delete=models.CASCADE, related_name="invitations")
    email = models.CharField(max_length=254)
    role = models.ForeignKey("orgs.Role", on_delete=models.PROTECT, related_name="+")
    tier = models.ForeignKey("orgs.SeatTier", on_delete=models.PROTECT, null=True, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=models.Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="invitation_is_one_per_address",
            ),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="invitation_email_is_lower_case"),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True) | models.Q(withdrawn_at__isnull=True),
                name="invitation_is_not_both_accepted_and_withdrawn",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation of {self.email}"
