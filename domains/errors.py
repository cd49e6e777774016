"""The refusals this app can give."""

from typing import Any

from identity_platform.errors import PlatformError


class DomainRefused(PlatformError):
    """A text that can't become a claim; each reason is a class of its own, because each has its own way out."""

    field = "domain"


class NotADomain(DomainRefused):
    code = "domain_not_a_name"
    message = "“{received}” isn't a domain name."
    remedy = "Type the part of your email addresses after the @, for example company.com."


class DomainTooLong(DomainRefused):
    """RFC 1035 s2.3.4, counted on A-labels."""

    code = "domain_too_long"
    message = "This is longer than a domain name can be: 253 characters in all, 63 between two dots."
    remedy = "Type only the part of your email addresses after the @."


class AddressNotDomain(DomainRefused):
    code = "domain_is_ip_address"
    message = "“{received}” is an IP address."
    remedy = "Type the domain name that your email addresses end with."


class SingleLabel(DomainRefused):
    code = "domain_single_label"
    message = "“{received}” has no ending."
    remedy = "Type the whole domain, for example {received}.com."


class PublicSuffix(DomainRefused):
    code = "domain_public_suffix"
    message = "Many different organizations have names under {received}, so nobody can claim all of it."
    remedy = "Type your own domain under it, for example company.{received}."


class PublicMailDomain(DomainRefused):
    code = "domain_public_mail"
    message = "Anybody can get an address at {received}, so no organization can claim it."
    remedy = "Type a domain that belongs to your organization. People with other addresses can be invited by hand."


class SpecialUseDomain(DomainRefused):
    code = "domain_special_use"
    message = "Names under .{received} don't exist in the public DNS, so nobody can prove that one is theirs."
    remedy = "Type the domain that your organization uses on the internet."


class AlreadyClaimed(DomainRefused):
    """`claim` is the one that this parent has, for a link to it."""

    code = "domain_already_claimed"
    message = "{received} is already on your list."
    remedy = "Open it there to see where it stands."
    status = 409

    def __init__(self, *, received: str, claim: Any = None) -> None:
        super().__init__(received=received)
        self.claim = claim


class TooManyOpenClaims(DomainRefused):
    """Each open claim is looked for in DNS for a week: a list without end would be a burden to us and to others."""

    code = "domain_too_many_open"
    message = "{expected} domains are waiting to be verified already, which is as many as there may be."
    remedy = "Put the records of those in place first, or wait until some have expired."
    status = 409


class DomainAlreadyVerified(DomainRefused):
    """Doesn't say who has it (spec 4.7)."""

    code = "domain_already_verified"
    message = "Another organization has verified {received}, and a domain belongs to one at a time."
    remedy = "If it is yours too, ask {support} to bring the organizations together or to share the name."
    status = 409


class CheckedJustNow(PlatformError):
    """`again_in` is in seconds."""

    code = "domain_checked_just_now"
    message = "This domain was checked a moment ago."
    remedy = "You can check again in {again_in} seconds."
    status = 429
    permanent = False


class NotRestartable(PlatformError):
    code = "domain_not_expired"
    message = "The check of {domain} hasn't expired, so there is nothing to start again."
    status = 409


class NewOrganizationsDisabled(PlatformError):
    """Spec 3.6."""

    code = "new_organizations_disabled"
    message = "{parent} doesn't allow new organizations for addresses at {domain}."
    remedy = "Ask {people} to add you to an organization that exists."
    status = 403


class AddressIsManaged(PlatformError):
    """Spec 2: nobody whose address lies in a verified domain changes it here."""

    code = "address_is_managed"
    message = "Your address is managed by the organization that {domain} belongs to."
    remedy = "Ask your IT department to change it; here it follows."
    status = 403
