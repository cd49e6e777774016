"""What setting up a connection can be refused for; `field` is the form field that must change."""

from identity_platform.errors import PlatformError


class DraftChanged(PlatformError):
    """Somebody saved between this person's look and this person's save (an optimistic lock on the revision)."""

    code = "connection_draft_changed"
    message = "{who} changed this {ago}, so nothing was saved."
    remedy = "Open the step again to see what it says now, then make your change."
    status = 409


class DraftClosed(PlatformError):
    """Only a draft is edited: this one went live, or somebody started over."""

    code = "connection_draft_closed"
    message = "This set-up isn't open any more: somebody made it live or started over."
    remedy = "Open Identity and access to see how things stand."
    status = 409


class NothingToEdit(PlatformError):
    code = "connection_nothing_live"
    message = "This connection isn't live, so there is nothing to edit beside its draft."
    remedy = "Continue its set-up."
    status = 409


class EntityIdInUse(PlatformError):
    code = "connection_entity_id_in_use"
    message = "Your connection {other} already uses this entity ID."
    remedy = "In your identity provider, make an application of its own for this connection, or edit the other one."
    field = "idp_entity_id"


class RedirectNeeded(PlatformError):
    """Requests are sent by HTTP-Redirect alone, so people could never reach this identity provider."""

    code = "connection_redirect_needed"
    message = "The identity provider takes requests by HTTP-POST only, and they are sent by HTTP-Redirect here."
    remedy = "In your identity provider, switch on the HTTP-Redirect endpoint of this application, then give us that."
    field = "sso_binding"


class CertificateExpired(PlatformError):
    code = "connection_certificate_expired"
    message = "This certificate ended on {ended}, so it isn't added."
    remedy = "In your identity provider, make a new signing certificate and make it the active one, then give us that."
    field = "certificate"


class CertificateNeeded(PlatformError):
    code = "connection_certificate_needed"
    message = "A connection needs at least one signing certificate."
    remedy = "Keep one, or add the one that your identity provider signs with."
    field = "certificate"


class FileTooLarge(PlatformError):
    code = "metadata_file_too_large"
    message = "This file is larger than 1 MiB."
    remedy = (
        "Metadata of one identity provider is a few kilobytes: choose the XML file that it offers for this application."
    )
    field = "file"


class FileUnreadable(PlatformError):
    code = "metadata_file_unreadable"
    message = "This file isn't text in UTF-8."
    remedy = "Choose the XML file that your identity provider offers as metadata."
    field = "file"


class NotReadyToTest(PlatformError):
    code = "connection_not_ready"
    message = "There is nothing to test yet: we don't know your identity provider."
    remedy = "Finish the step Exchange metadata first."
    status = 409


class PeopleToldAlready(PlatformError):
    code = "connection_people_told"
    message = "The people of {connection} were told before, or its reset is too long ago."
    remedy = "Write to them yourself if they need more."
    status = 409
