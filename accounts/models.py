"""People, what they prove who they are with, and the sessions that carry those proofs."""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, StrIndex, Substr


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=username)


class User(AbstractBaseUser):
    """A person; one per address, stored in lower case with an A-label domain (`accounts.addresses`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.CharField(max_length=254, unique=True)
    email_domain = models.GeneratedField(
        expression=Substr("email", StrIndex("email", models.Value("@")) + 1),
        output_field=models.CharField(max_length=254),
        db_persist=True,
    )
    name = models.CharField(max_length=200, blank=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    last_sign_in_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)
    last_login = None

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        indexes = [models.Index(fields=["email_domain"], name="user_by_domain")]
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_is_lower_case"),
            models.CheckConstraint(condition=models.Q(email__contains="@"), name="user_email_has_a_domain"),
        ]

    def __str__(self) -> str:
        return self.email

    @property  # Django's own is a field; here it follows from the tombstone
    def is_active(self) -> bool:  # type: ignore[override]
        return self.erased_at is None

    @property
    def display_name(self) -> str:
        return self.name or self.email

    # Staff may look at everything in the admin and change nothing there: its buttons call actions.
    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_staff and perm.rpartition(".")[2].startswith("view_")

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class Way(models.TextChoices):
    """How somebody proved who they are."""

    EMAIL = "email", "an emailed link or code"
    PASSWORD = "password", "a password"
    GOOGLE = "google", "Google"
    SSO = "sso", "single sign-on"
    STAFF = "staff", "an emailed link for staff"


class Session(models.Model):
    """One browser signed in as one person. The cookie holds a key of 256 bits; here lies its hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    key_hash = models.CharField(max_length=64, unique=True)
    browser_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=256, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-created_at"], name="session_by_user"),
            models.Index(fields=["browser_hash", "-created_at"], name="session_by_browser"),
        ]

    def __str__(self) -> str:
        return f"session of {self.user_id}"


class Proof(models.Model):
    """That this session's person proved who they are: in which way, through which connection, when.

    A newer proof of the same kind replaces the older one, except one that *keep* lets count (spec 6.4): that stays,
    `is_superseded`, with its own times. Ending proofs in bulk moves a time elsewhere (spec 6.5).
    `longest_gap` is the longest time without a request since the proof: each parent judges idleness by its own policy,
    so a request after too long a pause may not make the pause forgotten.
    """

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="proofs")
    way = models.CharField(max_length=16, choices=Way.choices)
    connection = models.ForeignKey("sso.Connection", on_delete=models.CASCADE, null=True, related_name="+")
    proved_at = models.DateTimeField()
    longest_gap = models.DurationField(default=timedelta(0))
    is_superseded = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "way"],
                condition=models.Q(connection__isnull=True, is_superseded=False),
                name="proof_of_each_way_is_one",
            ),
            models.UniqueConstraint(fields=["session", "connection"], name="proof_of_each_connection_is_one"),
            models.CheckConstraint(
                condition=models.Q(way=Way.SSO, connection__isnull=False)
                | (~models.Q(way=Way.SSO) & models.Q(connection__isnull=True)),
                name="proof_names_a_connection_if_sso",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.way} at {self.proved_at:%Y-%m-%d %H:%M}"


class EmailedSignIn(models.Model):
    """A link and a code on their way to an address: one use, 15 minutes, for the browser that asked (spec 6.6)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.CharField(max_length=254)
    browser_hash = models.CharField(max_length=64)
    link_hash = models.CharField(max_length=64, unique=True)
    code_hash = models.CharField(max_length=64)
    wrong_codes = models.PositiveSmallIntegerField(default=0)
    last_wrong_code_at = models.DateTimeField(null=True)
    has_code = models.BooleanField(default=True)
    product_slug = models.CharField(max_length=50, blank=True)
    next_path = models.CharField(max_length=500, blank=True)
    for_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["email", "-created_at"], name="emailed_sign_in_by_email")]

    def __str__(self) -> str:
        return f"sign-in mail to {self.email}"

    def is_open(self, *, now: datetime) -> bool:
        return self.used_at is None and now < self.expires_at


class GoogleIdentity(models.Model):
    """A person's account at Google, by its `sub`; the address only finds the person the first time (spec 6.6)."""

    subject = models.CharField(max_length=255, unique=True)
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="google_identity")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.user_id} at Google"


class AddressChange(models.Model):
    """A new address on its way to its proof: the link in the mail moves the account to it (spec 2). One use."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="address_changes")
    email = models.CharField(max_length=254)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="new_address_is_lower_case"),
        ]

    def __str__(self) -> str:
        return f"change of {self.user_id} to {self.email}"


class ParkedForm(models.Model):
    """What somebody had typed when another sign-in was asked for: kept for an hour, sealed, for that browser alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    token_hash = models.CharField(max_length=64, unique=True)
    browser_hash = models.CharField(max_length=64)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    sealed_fields = models.TextField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="parked_form_by_expiry")]

    def __str__(self) -> str:
        return f"form until {self.expires_at:%Y-%m-%d %H:%M}"
