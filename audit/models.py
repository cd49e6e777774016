"""What happened (only ever added to), and what must still be told."""

import uuid

from django.db import models
from django.db.models.fields.json import KT

_IS_REFUSAL = models.Q(code="sign_in.refused")


class AuditEvent(models.Model):
    """One change, sign-in or refusal. Names are copied, keys are not enforced: the log outlives what it names.

    Append-only in the database too (`audit/database_rules.py`); erasure and retention are the only ways to change it.
    """

    id = models.BigAutoField(primary_key=True)
    reference = models.CharField(max_length=13, unique=True)
    code = models.CharField(max_length=64)
    at = models.DateTimeField()
    organization = models.ForeignKey(
        "orgs.Organization", on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    parent = models.ForeignKey(
        "orgs.ParentOrganization", on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    actor_kind = models.CharField(max_length=16)
    actor_user = models.ForeignKey(
        "accounts.User", on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    actor_label = models.CharField(max_length=320)
    target_type = models.CharField(max_length=64, blank=True)
    target_id = models.CharField(max_length=64, blank=True)
    target_label = models.CharField(max_length=320, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    details = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=256, blank=True)
    request_id = models.CharField(max_length=32, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "-id"], name="audit_by_organization"),
            models.Index(fields=["parent", "-id"], name="audit_by_parent"),
            models.Index(fields=["request_id"], name="audit_by_request"),
            # Sign-ins are most of the log, refusals few: who looks for those must not read past the others.
            models.Index(fields=["parent", "-at"], name="audit_refusals_by_parent", condition=_IS_REFUSAL),
            models.Index(
                KT("details__email"), models.F("id").desc(), name="audit_refusals_by_address", condition=_IS_REFUSAL
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.code}"


class LogMaintenance(models.Model):
    """A row here, written and removed in one transaction, opens the audit log for erasure and retention alone."""

    purpose = models.CharField(max_length=32)

    def __str__(self) -> str:
        return self.purpose


class OutboxMessage(models.Model):
    """Something that must be told, written with the change it tells of; handled at least once, so twice must be fine.

    `sealed` holds what may not lie in the database readably (a sign-in link on its way); it is emptied on delivery.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    topic = models.CharField(max_length=64)
    payload = models.JSONField(default=dict)
    sealed = models.TextField(blank=True)
    created_at = models.DateTimeField()
    deliver_after = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=256, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["deliver_after"],
                name="outbox_waiting",
                condition=models.Q(delivered_at__isnull=True, given_up_at__isnull=True),
            ),
            models.Index(fields=["given_up_at"], name="outbox_given_up", condition=models.Q(given_up_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.id.hex}"
