"""Connections of a parent to an identity provider: revisions (draft, tested, live) and their certificates."""

import uuid

from django.db import models

from identity_platform.scoping import ParentOwned


class Protocol(models.TextChoices):
    SAML = "saml", "SAML 2.0"
    OIDC = "oidc", "OpenID Connect"


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def in_use(self) -> "ConnectionQuerySet":
        return self.filter(retired_at__isnull=True)


class Connection(ParentOwned):
    """One identity provider of a parent. What is configured lies in its revisions; a retired one proves nothing.

    `name` and `default_product` repeat those of the live revision, or of the draft while nothing is live.
    `proofs_valid_from`: proofs through it from before count for nothing (spec 6.5).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    parent = models.ForeignKey("orgs.ParentOrganization", on_delete=models.CASCADE, related_name="connections")
    protocol = models.CharField(max_length=8, choices=Protocol.choices)
    provider = models.CharField(max_length=32)
    name = models.CharField(max_length=100)
    default_product = models.ForeignKey("orgs.Product", on_delete=models.SET_NULL, null=True, related_name="+")
    created_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    last_sign_in_at = models.DateTimeField(null=True)
    proofs_valid_from = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    unscoped = models.Manager.from_queryset(ConnectionQuerySet)()  # type: ignore[misc]  # richer than the base\'s

    class Meta(ParentOwned.Meta):
        pass

    def __str__(self) -> str:
        return self.name


class RevisionState(models.TextChoices):
    DRAFT = "draft", "Draft"
    TESTED = "tested", "Tested"
    LIVE = "live", "Live"
    PREVIOUS = "previous", "Previous"
    DISCARDED = "discarded", "Discarded"


class ConnectionRevision(ParentOwned):
    """One state of a connection's configuration. Any edit makes a tested one a draft again; a live one isn't edited.

    SAML fields are filled for SAML connections, OIDC fields for OIDC ones. Attribute names are those of the identity
    provider; an empty `subject_attribute` means the NameID (SAML) or `sub` (OIDC).
    """

    parent_path = "connection__parent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=RevisionState.choices, default=RevisionState.DRAFT)
    version = models.PositiveIntegerField(default=1)
    steps_done = models.JSONField(default=list)
    saved_step = models.CharField(max_length=32, blank=True)
    saved_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    saved_at = models.DateTimeField()

    name = models.CharField(max_length=100, blank=True)
    default_product = models.ForeignKey("orgs.Product", on_delete=models.SET_NULL, null=True, related_name="+")

    idp_entity_id = models.CharField(max_length=1024, blank=True)
    sso_url = models.CharField(max_length=2048, blank=True)
    sso_binding = models.CharField(max_length=16, blank=True)
    metadata_url = models.CharField(max_length=2048, blank=True)
    metadata_read_at = models.DateTimeField(null=True)

    issuer = models.CharField(max_length=1024, blank=True)
    client_id = models.CharField(max_length=512, blank=True)
    client_secret_sealed = models.TextField(blank=True)

    subject_attribute = models.CharField(max_length=256, blank=True)
    email_attribute = models.CharField(max_length=256, default="email")
    first_name_attribute = models.CharField(max_length=256, default="firstName")
    last_name_attribute = models.CharField(max_length=256, default="lastName")
    groups_attribute = models.CharField(max_length=256, default="groups")

    tested_at = models.DateTimeField(null=True)
    tested_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    went_live_at = models.DateTimeField(null=True)

    class Meta(ParentOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["connection", "number"], name="revision_number_is_unique"),
            models.UniqueConstraint(
                fields=["connection"], condition=models.Q(state="live"), name="connection_has_one_live_revision"
            ),
            models.UniqueConstraint(
                fields=["connection"],
                condition=models.Q(state__in=["draft", "tested"]),
                name="connection_has_one_draft",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=["tested", "live", "previous"]) | models.Q(tested_at__isnull=False),
                name="only_a_tested_revision_goes_live",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection} revision {self.number}"


class Certificate(ParentOwned):
    """A signing certificate of the identity provider, trusted by one revision; several are valid at once."""

    parent_path = "revision__connection__parent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    revision = models.ForeignKey(ConnectionRevision, on_delete=models.CASCADE, related_name="certificates")
    pem = models.TextField()
    fingerprint = models.CharField(max_length=64)
    subject = models.CharField(max_length=512, blank=True)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    source = models.CharField(max_length=16, choices=[("metadata", "Metadata"), ("manual", "By hand")])
    added_at = models.DateTimeField()
    first_used_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta(ParentOwned.Meta):
        constraints = [models.UniqueConstraint(fields=["revision", "fingerprint"], name="certificate_is_trusted_once")]

    def __str__(self) -> str:
        return self.fingerprint[:16]
