"""What an identity provider's metadata can be refused for, each with what to do about it (R51)."""

from identity_platform.errors import PlatformError


class MetadataRejected(PlatformError):
    field = "metadata"


class MetadataUnreadable(MetadataRejected):
    code = "metadata_unreadable"
    message = "This isn't SAML metadata: {received}."
    remedy = "Download the federation metadata (an XML file) from your identity provider, and use it unchanged."


class MetadataTooLarge(MetadataRejected):
    code = "metadata_too_large"
    message = "The metadata is larger than {expected}."
    remedy = "Use the metadata of this one application or identity provider, not that of a whole federation."


class MetadataIsOurs(MetadataRejected):
    code = "metadata_of_service_provider"
    message = "This metadata describes a service provider, not an identity provider."
    remedy = "Use the metadata that your identity provider gives, not the one that you gave to it."


class MetadataExpired(MetadataRejected):
    code = "metadata_expired"
    message = "The metadata was valid until {received} only."
    remedy = "Download it anew from your identity provider."


class SeveralIdentityProviders(MetadataRejected):
    """`entity_ids` are those to choose from, the first hundred at most; `count` is how many there are."""

    code = "metadata_several"
    message = "The metadata describes {count} identity providers."
    remedy = "Choose the one that your people sign in with."

    def __init__(self, *, entity_ids: tuple[str, ...], count: int) -> None:
        self.entity_ids = entity_ids
        super().__init__(count=count, received=", ".join(entity_ids[:10]))


class EntityNotFound(MetadataRejected):
    code = "metadata_entity_missing"
    message = "The metadata doesn't describe {expected}."
    remedy = "Choose one of the identity providers that it does describe."


class EntityIdUnusable(MetadataRejected):
    code = "metadata_entity_id"
    message = "The identity provider's entity ID is empty, longer than {expected} bytes, or has blanks or line breaks."
    remedy = "In your identity provider, set an entity ID (issuer), such as its https address."


class SsoAddressMissing(MetadataRejected):
    code = "metadata_sso_address_missing"
    message = "The metadata names no sign-on address for HTTP-Redirect or HTTP-POST."
    remedy = "In your identity provider, switch on one of these bindings for SAML single sign-on."


class SsoAddressUnusable(MetadataRejected):
    code = "metadata_sso_address"
    message = "The sign-on address isn't one that a browser may be sent to: {received}"
    remedy = "In your identity provider, use an https address for sign-on."


class CertificateAbsent(MetadataRejected):
    code = "metadata_certificate_missing"
    message = "The metadata has no signing certificate, so nothing that it signs could be checked."
    remedy = "In your identity provider, switch on signing and download the metadata anew."


class CertificatesUnusable(MetadataRejected):
    code = "metadata_certificate"
    message = "A certificate in the metadata can't be used. {received}"
    remedy = "In your identity provider, make a signing certificate with an RSA key of 2048 bits or more."
