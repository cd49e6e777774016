"""Setting up a connection: its draft, step by step, until a test has passed.

Each edit locks the parent, then the draft: entity ids are compared within the parent, and two managers at one draft are
told of each other by its `version`, which also says what exactly a test has tested.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from audit import actions as audit
from audit.actors import Actor
from audit.codes import Code
from identity_platform.templatetags.ui.moments import describe_moment
from orgs.models import ParentOrganization
from sso.models import Certificate, Connection, ConnectionRevision, RevisionState
from sso.saml.certificates import Certificate as ReadCertificate
from sso.setup.errors import (
    CertificateExpired,
    CertificateNeeded,
    DraftChanged,
    DraftClosed,
    EntityIdInUse,
    NothingToEdit,
)
from sso.setup.providers import CLAIMS, Provider

OPEN = (RevisionState.DRAFT, RevisionState.TESTED)

# What may be set in which step. The first two go live with the rest, but no test sign-in would tell them apart.
NAMES = ("name", "default_product_id")
STEP_FIELDS: Mapping[str, tuple[str, ...]] = {
    "create": NAMES,
    "claims": CLAIMS,
    "assign": (),
    "metadata": ("idp_entity_id", "sso_url", "sso_binding", "metadata_url", "metadata_read_at"),
}
_SAVED_WITH_EACH_STEP = (
    "steps_done",
    "saved_step",
    "saved_by",
    "saved_at",
    "version",
    "state",
    "tested_at",
    "tested_by",
)
# When the metadata was read is noted, but reading the same again is no change.
_NOTED_ONLY = ("metadata_read_at",)
COPIED = (*NAMES, *CLAIMS, *STEP_FIELDS["metadata"], "issuer", "client_id", "client_secret_sealed")
COPIED_OF_CERTIFICATE = ("pem", "fingerprint", "subject", "not_before", "not_after", "source")


def start_set_up(
    parent: ParentOrganization, *, provider: Provider, actor: Actor, now: datetime
) -> tuple[Connection, ConnectionRevision]:
    """A new connection with its first draft. It serves nobody until a tested revision goes live."""
    if actor.user_id is None:
        raise ValueError("a set-up is begun by a person")
    with transaction.atomic():
        connection = Connection.unscoped.create(  # the row names its parent
            parent=parent,
            protocol=provider.protocol,
            provider=provider.slug,
            name=provider.name,
            created_by_id=actor.user_id,
            created_at=now,
        )
        revision = ConnectionRevision.unscoped.create(  # the row names its connection
            connection=connection,
            number=1,
            name=connection.name,
            steps_done=["provider"],
            saved_step="provider",
            saved_by_id=actor.user_id,
            saved_at=now,
            **{name: expected.theirs for name, expected in provider.claims.items()},
        )
        audit.record(Code.CONNECTION_CREATED, actor=actor, parent_id=parent.id, target=connection, now=now)
    return connection, revision


def save_step(
    revision: ConnectionRevision,
    *,
    step: str,
    values: Mapping[str, Any],
    seen_version: int,
    certificates: Sequence[ReadCertificate] = (),
    certificate_source: str = "metadata",
    removed_certificates: Sequence[str] = (),
    actor: Actor,
    now: datetime,
) -> ConnectionRevision:
    """Save one step of a draft and return the draft as it is now.

    `values` holds fields of STEP_FIELDS[step]. `certificates` are added to those trusted already; from metadata with
    another entity id they replace them. `removed_certificates` are fingerprints. A real change makes a tested revision
    a draft again and raises its version, but for one of NAMES; saving what is there already only notes that the step is
    done. Nothing of it touches a connection that is live.

    Raises DraftChanged if somebody saved since `seen_version` was shown, DraftClosed, EntityIdInUse, CertificateExpired
    (an expired one is never added; one that is trusted already stays until it is removed), CertificateNeeded.
    """
    if unknown := set(values) - set(STEP_FIELDS[step]):
        raise ValueError(f"the step {step} doesn't save {sorted(unknown)}")
    with transaction.atomic():
        parent_id = revision.connection.parent_id
        ParentOrganization.objects.select_for_update().get(id=parent_id)
        draft = _lock_draft(revision)
        if draft.version != seen_version:
            raise _describe_rival(draft, actor=actor, now=now)
        before = _difference(draft, values)
        if "idp_entity_id" in values:
            _refuse_used_entity_id(draft, entity_id=values["idp_entity_id"])
        trusted_before = _fingerprints(draft)
        _change_certificates(
            draft,
            added=certificates,
            source=certificate_source,
            removed=removed_certificates,
            # Metadata of another identity provider brings its own; a mistyped entity id corrected by hand doesn't.
            replace="idp_entity_id" in before and certificate_source == "metadata",
            now=now,
        )
        trusted_after = _fingerprints(draft)
        if step == "metadata" and not trusted_after:
            raise CertificateNeeded
        _note_step(draft, step=step, values=values, actor=actor, now=now)
        if before.keys() - set(NAMES) or trusted_before != trusted_after:
            draft.version += 1
            draft.state = RevisionState.DRAFT
            draft.tested_at = draft.tested_by = None
            draft.steps_done = [done for done in draft.steps_done if done != "test"]
        draft.save(update_fields=[*values, *_SAVED_WITH_EACH_STEP])
        if before.keys() & set(NAMES) and not _is_live(draft.connection):
            name_connection(draft.connection, draft)
        after = {name: values[name] for name in before}
        if trusted_before != trusted_after:
            before["certificates"], after["certificates"] = trusted_before, trusted_after
        if before:
            audit.record(
                Code.CONNECTION_DRAFT_SAVED,
                actor=actor,
                parent_id=parent_id,
                target=draft.connection,
                before=_readable(before),
                after=_readable(after),
                details={"step": step},
                now=now,
            )
    return draft


def start_over(revision: ConnectionRevision, *, actor: Actor, now: datetime) -> None:
    """Discard a draft. A connection that never went live goes with it; a live one keeps serving. Raises DraftClosed."""
    with transaction.atomic():
        ParentOrganization.objects.select_for_update().get(id=revision.connection.parent_id)
        draft = _lock_draft(revision)
        connection = draft.connection
        draft.state = RevisionState.DISCARDED
        draft.save(update_fields=["state"])
        if not _is_live(connection):
            connection.retired_at = now
            connection.save(update_fields=["retired_at"])
        audit.record(
            Code.CONNECTION_DRAFT_DISCARDED, actor=actor, parent_id=connection.parent_id, target=connection, now=now
        )


def edit_connection(connection: Connection, *, actor: Actor, now: datetime) -> ConnectionRevision:
    """The draft of a live connection: the open one, else a new copy of the live revision, which goes on serving.

    Raises NothingToEdit.
    """
    with transaction.atomic():
        ParentOrganization.objects.select_for_update().get(id=connection.parent_id)
        revisions = ConnectionRevision.objects.for_parent(connection.parent_id).filter(connection=connection)
        draft: ConnectionRevision | None = revisions.filter(state__in=OPEN).first()
        if draft is not None:
            return draft
        live: ConnectionRevision | None = revisions.filter(state=RevisionState.LIVE).first()
        if live is None:
            raise NothingToEdit
        draft = ConnectionRevision.unscoped.create(  # the row names its connection
            connection=connection,
            number=max(revisions.values_list("number", flat=True)) + 1,
            steps_done=["provider", "create", "claims", "assign", "metadata"],
            saved_step="edit",
            saved_by_id=actor.user_id,
            saved_at=now,
            **{name: getattr(live, name) for name in COPIED},
        )
        for trusted in live.certificates.all():
            Certificate.unscoped.create(  # the row names its revision
                revision=draft,
                added_at=trusted.added_at,
                **{name: getattr(trusted, name) for name in COPIED_OF_CERTIFICATE},
            )
        audit.record(
            Code.CONNECTION_DRAFT_SAVED,
            actor=actor,
            parent_id=connection.parent_id,
            target=connection,
            details={"step": "edit"},
            now=now,
        )
    return draft


def name_connection(connection: Connection, revision: ConnectionRevision) -> None:
    """Let the connection go by its revision's name and default product. Runs inside the caller's transaction."""
    for name in NAMES:
        setattr(connection, name, getattr(revision, name))
    connection.save(update_fields=NAMES)


def _is_live(connection: Connection) -> bool:
    return connection.revisions.filter(state=RevisionState.LIVE).exists()


def _lock_draft(revision: ConnectionRevision) -> ConnectionRevision:
    draft: ConnectionRevision | None = (
        ConnectionRevision.objects.for_parent(revision.connection.parent_id)
        .select_for_update(of=("self",))
        .select_related("connection", "saved_by")
        .filter(id=revision.id, state__in=OPEN, connection__retired_at__isnull=True)
        .first()
    )
    if draft is None:
        raise DraftClosed
    return draft


def _describe_rival(draft: ConnectionRevision, *, actor: Actor, now: datetime) -> DraftChanged:
    if draft.saved_by is None:
        who = "Somebody"
    elif draft.saved_by_id == actor.user_id:
        who = "You, in another window,"
    else:
        who = draft.saved_by.display_name
    return DraftChanged(who=who, ago=describe_moment(draft.saved_at, now=now))


def _difference(draft: ConnectionRevision, values: Mapping[str, Any]) -> dict[str, Any]:
    """What was there before and isn't what is given."""
    return {
        name: getattr(draft, name)
        for name, value in values.items()
        if name not in _NOTED_ONLY and getattr(draft, name) != value
    }


def _refuse_used_entity_id(draft: ConnectionRevision, *, entity_id: str) -> None:
    """Two connections of a parent with one entity id couldn't be told apart by the issuer (spec 5.2)."""
    other = (
        ConnectionRevision.objects.for_parent(draft.connection.parent_id)
        .exclude(connection=draft.connection)
        .filter(
            idp_entity_id=entity_id,
            state__in=(*OPEN, RevisionState.LIVE),
            connection__retired_at__isnull=True,
        )
        .select_related("connection")
        .first()
    )
    if entity_id and other is not None:
        raise EntityIdInUse(other=other.connection.name, received=entity_id)


def _fingerprints(draft: ConnectionRevision) -> list[str]:
    return sorted(draft.certificates.values_list("fingerprint", flat=True))


def _change_certificates(
    draft: ConnectionRevision,
    *,
    added: Sequence[ReadCertificate],
    source: str,
    removed: Sequence[str],
    replace: bool,
    now: datetime,
) -> None:
    if replace:
        draft.certificates.exclude(fingerprint__in=[certificate.fingerprint for certificate in added]).delete()
    draft.certificates.filter(fingerprint__in=removed).delete()
    trusted = set(draft.certificates.values_list("fingerprint", flat=True))
    for certificate in added:
        if certificate.fingerprint in trusted:
            continue
        if certificate.is_expired(now=now):
            raise CertificateExpired(ended=f"{certificate.not_after:%-d %B %Y}")
        trusted.add(certificate.fingerprint)
        Certificate.unscoped.create(  # the row names its revision
            revision=draft,
            pem=certificate.pem,
            fingerprint=certificate.fingerprint,
            subject=certificate.subject[:512],
            not_before=certificate.not_before,
            not_after=certificate.not_after,
            source=source,
            added_at=now,
        )


def _note_step(draft: ConnectionRevision, *, step: str, values: Mapping[str, Any], actor: Actor, now: datetime) -> None:
    for name, value in values.items():
        setattr(draft, name, value)
    if step not in draft.steps_done:
        draft.steps_done = [*draft.steps_done, step]
    draft.saved_step = step
    draft.saved_by_id = actor.user_id
    draft.saved_at = now


def _readable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they are kept in the log: plain JSON."""
    plain = (str, int, list, type(None))
    return {name: value if isinstance(value, plain) else str(value) for name, value in values.items()}
