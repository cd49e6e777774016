"""Sign-ins through a connection: attempts, what was consumed, who is tied to which subject, and tests."""

import uuid

from django.db import models

from identity_platform.scoping import ParentOwned


class ExternalIdentity(ParentOwned):
    """(connection, issuer, subject) → user. Subjects are compared byte for byte; addresses play no part (R25)."""

    parent_path = "connection__parent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey("sso.Connection", on_delete=models.CASCADE, related_name="external_identities")
    issuer = models.CharField(max_length=1024)
    subject = models.CharField(max_length=512)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="external_identities")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta(ParentOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "issuer", "subject"],
                condition=models.Q(retired_at__isnull=True),
                name="subject_is_tied_to_one_user",
            ),
            models.UniqueConstraint(
                fields=["connection", "issuer", "user"],
                condition=models.Q(retired_at__isnull=True),
                name="user_is_tied_to_one_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.issuer}"


class SignInAttempt(ParentOwned):
    """A sign-in this platform began: one use, 10 minutes, for the browser that began it (R13, R14, R23).

    `relay_hash` is the hash of the opaque RelayState (SAML) or state (OIDC). `parked_response` holds the identity
    provider's POST from the ACS until the same-site page that follows shows the browser's cookie; then it is emptied.
    `login_hint` is the address that was typed: it names the person who was meant, and proves nothing.
    `is_unasked`: begun by an unsolicited response or a bare GET (spec 5.7).
    """

    parent_path = "connection__parent"

    class Purpose(models.TextChoices):
        SIGN_IN = "sign_in", "Sign-in"
        TEST = "test", "Test sign-in"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey("sso.Connection", on_delete=models.CASCADE, related_name="sign_in_attempts")
    revision = models.ForeignKey("sso.ConnectionRevision", on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=16, choices=Purpose.choices)
    relay_hash = models.CharField(max_length=64, unique=True)
    request_id = models.CharField(max_length=64, unique=True)
    browser_hash = models.CharField(max_length=64)
    product = models.ForeignKey("orgs.Product", on_delete=models.CASCADE, null=True, related_name="+")
    next_path = models.CharField(max_length=500, blank=True)
    login_hint = models.CharField(max_length=254, blank=True)
    is_unasked = models.BooleanField(default=False)
    tested_by = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, related_name="+")
    tested_version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    parked_response = models.TextField(blank=True)
    parked_at = models.DateTimeField(null=True)
    consumed_at = models.DateTimeField(null=True)
    # A sign-in that nobody asked for, or as somebody else, ends on a page that asks first (spec 5.7).
    awaiting_user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    class Meta(ParentOwned.Meta):
        indexes = [models.Index(fields=["expires_at"], name="attempt_by_expiry")]

    def __str__(self) -> str:
        return f"attempt {self.id.hex}"


class GoogleSignIn(models.Model):
    """A sign-in begun at Google: one use, 10 minutes, for the browser that began it (R23). No tenant's data.

    `state_hash` is the hash of `state`. `sealed` holds what the way needs next: nonce and PKCE verifier until the
    callback; then nothing, or whom Google proved while the person is asked first (spec 5.7).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state_hash = models.CharField(max_length=64, unique=True)
    browser_hash = models.CharField(max_length=64)
    sealed = models.TextField()
    product = models.ForeignKey("orgs.Product", on_delete=models.CASCADE, null=True, related_name="+")
    next_path = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="google_sign_in_by_expiry")]

    def __str__(self) -> str:
        return f"sign-in at Google {self.id.hex}"


class ConsumedAssertion(ParentOwned):
    """That an assertion was used: the unique key makes the database refuse a replay (R14)."""

    parent_path = "connection__parent"

    connection = models.ForeignKey("sso.Connection", on_delete=models.CASCADE, related_name="+")
    assertion_id = models.CharField(max_length=256)
    keep_until = models.DateTimeField()

    class Meta(ParentOwned.Meta):
        indexes = [models.Index(fields=["keep_until"], name="consumed_assertion_by_age")]
        constraints = [
            models.UniqueConstraint(fields=["connection", "assertion_id"], name="assertion_is_consumed_once"),
        ]

    def __str__(self) -> str:
        return self.assertion_id


class TestSignIn(ParentOwned):
    """What a test sign-in found: every check in order, the claims, who this would be (spec 5.3). Kept for 24 hours."""

    __test__ = False  # not a test class, whatever its name

    parent_path = "revision__connection__parent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=13, unique=True)
    revision = models.ForeignKey("sso.ConnectionRevision", on_delete=models.CASCADE, related_name="tests")
    revision_version = models.PositiveIntegerField()
    tested_by = models.ForeignKey("accounts.User", on_delete=models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField()
    duration = models.DurationField(null=True)
    passed = models.BooleanField()
    report = models.JSONField(default=dict)
    raw_message = models.TextField(blank=True)

    class Meta(ParentOwned.Meta):
        pass

    def __str__(self) -> str:
        return self.reference
