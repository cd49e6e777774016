"""Why an address that a tenant gave was not fetched (R45, R52).

Texts name the host that the tenant typed and never the address it resolved to: what a name means inside the operator's
network is nobody else's business.
"""

from identity_platform.errors import PlatformError

TOTAL_SECONDS = 5  # for everything: look-up, connection, TLS, redirects, the last octet


class FetchFailed(PlatformError):
    """Base of everything that `guarded_client.fetch` raises, for callers that treat all alike."""

    code = "fetch_failed"
    message = "{host} could not be asked."
    remedy = "Check the address."

    def __init__(self, *, host: str, expected: str = "", received: str = "", **context: object) -> None:
        super().__init__(host=host, expected=expected, received=received, **context)


class UnusableAddress(FetchFailed):
    """Not an absolute URL of a host, or one that different readers would take for different hosts."""

    code = "fetch_unusable_address"
    message = "This isn't an address that can be fetched: {why}."
    remedy = "Copy the whole address from your identity provider. It begins with https:// and holds no password."


class NotHttps(FetchFailed):
    code = "fetch_not_https"
    message = "The address at {host} doesn't begin with https://."
    remedy = "Use the https:// address of your identity provider."


class AddressNotAllowed(FetchFailed):
    """The name leads to a private, link-local, loopback, metadata or otherwise special address."""

    code = "fetch_address_not_allowed"
    message = "{host} leads into a network that this platform doesn't reach."
    remedy = "Use an address that is reachable from the public internet, or enter the values by hand."


class Unreachable(FetchFailed):
    code = "fetch_unreachable"
    message = "{host} could not be reached: {why}."
    remedy = "Check that the name is spelled right and that the service answers, then try again."
    permanent = False


class TooSlow(FetchFailed):
    code = "fetch_too_slow"
    message = f"{{host}} didn't answer in full within {TOTAL_SECONDS} seconds."
    remedy = "Try again; if it stays, look at the service behind this address."
    permanent = False


class TooLarge(FetchFailed):
    code = "fetch_too_large"
    message = "{host} sent more than {limit}."
    remedy = "Use the address of one application's metadata, not of a whole federation."


class CertificateInvalid(FetchFailed):
    code = "fetch_certificate_invalid"
    message = "The TLS certificate of {host} can't be trusted: {why}."
    remedy = "Let the service present a valid certificate for this name, with its intermediate certificates."


class TooManyRedirects(FetchFailed):
    code = "fetch_too_many_redirects"
    message = "{host} redirected more than {limit} times."
    remedy = "Use the address at which the redirects end."


class RedirectNotAllowed(FetchFailed):
    """A token, JWKS or userinfo endpoint redirected: secrets and keys come from the address that was configured."""

    code = "fetch_redirect_not_allowed"
    message = "{host} redirects, which isn't followed here."
    remedy = "Let your identity provider announce the final address."


class UnexpectedStatus(FetchFailed):
    code = "fetch_unexpected_status"
    message = "{host} answered with status {received} instead of {expected}."
    remedy = "Open the address in a browser: it must show the document without a sign-in."
    permanent = False


class UnreadableAnswer(FetchFailed):
    """Broken HTTP, or a compression that was not asked for and that we don't read."""

    code = "fetch_unreadable_answer"
    message = "The answer of {host} could not be read: {why}."
    remedy = "Look at the service behind this address, or at a proxy before it."
