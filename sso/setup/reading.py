"""What a manager gives us of the identity provider: by address, as a file or text, or by hand.

All three end in the same facts, and every refusal names the form field that must change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from identity_platform.errors import PlatformError
from identity_platform.guarded_client import fetch
from sso.saml.certificates import Certificate
from sso.saml.metadata import (
    LARGEST_METADATA,
    check_entity_id,
    check_sso_url,
    read_certificate,
    read_metadata,
)
from sso.setup.errors import CertificateExpired, FileTooLarge, RedirectNeeded


@dataclass(frozen=True)
class ProviderFacts:
    """Fields of the draft, certificates to trust, and where both came from (metadata or manual)."""

    values: Mapping[str, Any]
    certificates: Sequence[Certificate]
    source: str


def read_address(url: str, *, entity_id: str | None, now: datetime) -> ProviderFacts:
    """Fetch metadata and read it. Must not run inside a transaction. Raises FetchFailed, MetadataRejected,
    RedirectNeeded, CertificateExpired."""
    answer = fetch(
        url, purpose="metadata", headers={"accept": "application/samlmetadata+xml, application/xml, text/xml"}
    )
    return _read_document(answer.body, entity_id=entity_id, metadata_url=url, now=now)


def read_document(document: bytes, *, entity_id: str | None, now: datetime) -> ProviderFacts:
    """Read metadata that was uploaded or pasted. Raises MetadataRejected, RedirectNeeded, CertificateExpired."""
    return _read_document(document, entity_id=entity_id, metadata_url="", now=now)


def read_upload(upload: UploadedFile) -> bytes:
    """The octets of an uploaded file. Raises FileTooLarge before reading one that is."""
    if upload.size is None or upload.size > LARGEST_METADATA:
        raise FileTooLarge
    document: bytes = upload.read()
    return document


def read_values(*, entity_id: str, sso_url: str, sso_binding: str, certificate: str, now: datetime) -> ProviderFacts:
    """Read what was typed. An empty certificate adds none: the draft may trust one already.

    Raises RedirectNeeded, EntityIdUnusable, SsoAddressUnusable, CertificateRejected, CertificateExpired.
    """
    _refuse_other_binding(sso_binding)
    added = [read_certificate(certificate)] if certificate.strip() else []
    _refuse_expired(added, now=now)
    return ProviderFacts(
        values={
            "idp_entity_id": check_entity_id(entity_id),
            "sso_url": check_sso_url(sso_url, allow_http=settings.ALLOW_HTTP_IDENTITY_PROVIDERS),
            "sso_binding": sso_binding,
            "metadata_url": "",
            "metadata_read_at": None,
        },
        certificates=added,
        source="manual",
    )


def field_of(error: PlatformError, *, fields: Sequence[str], otherwise: str) -> str:
    """The field of a form that a refusal is about; `otherwise` where the form has no such field."""
    by_code = {"metadata_entity_id": "idp_entity_id", "metadata_sso_address": "sso_url"}
    wanted = by_code.get(error.code, error.field)
    return wanted if wanted in fields else otherwise


def _read_document(document: bytes, *, entity_id: str | None, metadata_url: str, now: datetime) -> ProviderFacts:
    metadata = read_metadata(document, now=now, allow_http=settings.ALLOW_HTTP_IDENTITY_PROVIDERS, entity_id=entity_id)
    _refuse_other_binding(metadata.sso_binding)
    # Old certificates stay in metadata for a while after a rotation; one that is valid is enough.
    current = [certificate for certificate in metadata.certificates if not certificate.is_expired(now=now)]
    if not current:
        _refuse_expired(metadata.certificates, now=now)
    return ProviderFacts(
        values={
            "idp_entity_id": metadata.entity_id,
            "sso_url": metadata.sso_url,
            "sso_binding": metadata.sso_binding,
            "metadata_url": metadata_url,
            "metadata_read_at": now,
        },
        certificates=current,
        source="metadata",
    )


def _refuse_other_binding(binding: str) -> None:
    if binding != "redirect":
        raise RedirectNeeded(expected="HTTP-Redirect", received=binding)


def _refuse_expired(certificates: Sequence[Certificate], *, now: datetime) -> None:
    for certificate in certificates:
        if certificate.is_expired(now=now):
            raise CertificateExpired(ended=f"{certificate.not_after:%-d %B %Y}")
