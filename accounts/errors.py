"""The refusals of emailed sign-in and accounts. None tells whether an account exists."""

from identity_platform.errors import PlatformError, TooManyTries


class LinkUnknown(PlatformError):
    code = "link_unknown"
    message = "This sign-in link isn't valid."
    remedy = "Ask for a new one."


class LinkExpired(PlatformError):
    code = "link_expired"
    message = "This sign-in link has expired."
    remedy = "Ask for a new one; each is good for 15 minutes."


class LinkUsed(PlatformError):
    code = "link_used"
    message = "This sign-in link was used already."
    remedy = "Ask for a new one; each is good for one sign-in."


class OtherBrowser(PlatformError):
    """Bound to the browser that asked: a link that leaks is of no use elsewhere (spec 6.6)."""

    code = "link_of_other_browser"
    message = "This link was asked for in another browser."
    remedy = "Open it there, or ask for a new one here."


class WrongCode(PlatformError):
    code = "code_wrong"
    message = "This isn't the code we sent."
    remedy = "Type the six digits of the newest mail."
    field = "code"


class CodeUsedUp(PlatformError):
    code = "code_used_up"
    message = "This code was tried too often and no longer works."
    remedy = "Open the link in the same mail, or ask for a new one."
    field = "code"


class CodesPaused(PlatformError):
    """Too many wrong codes for the address, in whatever browsers (spec 6.6); the link in each mail goes on working."""

    code = "codes_paused"
    message = "Codes are paused for this address, because too many wrong ones were typed."
    remedy = "Open the link in the mail instead: it works as always."
    field = "code"


class MailSentJustNow(TooManyTries):
    code = "mail_sent_just_now"
    message = "The last mail was sent a moment ago."
    remedy = "Give it {wait} to arrive, then send another."


class SignInNotBegunHere(PlatformError):
    """A form posted without the mark of the browser that opened it."""

    code = "browser_unknown"
    message = "Your browser didn't keep the cookie that a sign-in needs."
    remedy = "Allow cookies for this site and start again."


class PasswordRefused(PlatformError):
    """`why` is what Django's validators say of it."""

    code = "password_refused"
    message = "{why}"
    field = "new_password"


class WrongCurrentPassword(PlatformError):
    code = "current_password_wrong"
    message = "This isn't your present password."
    remedy = "Type it again, or sign in once more by email: then you can set a new one without it."
    field = "current_password"


class AddressIsTheSame(PlatformError):
    code = "address_is_the_same"
    message = "This is your address already."
    field = "email"


class AddressAskedTooOften(PlatformError):
    code = "address_asked_too_often"
    message = "You asked for a new address several times within a day."
    remedy = "Use the newest mail, or try again tomorrow."
    status = 429
    field = "email"


class AddressLinkNotYours(PlatformError):
    """Alike for a link that never was and one that another account asked for."""

    code = "address_link_unknown"
    message = "This link doesn't belong to the account you are signed in with."
    remedy = "Sign in with the account whose address is to change, and open the link again."
    status = 404


class AddressLinkOver(PlatformError):
    code = "address_link_over"
    message = "This link was used, has expired, or was replaced by a newer one."
    remedy = "Ask for a new one on the page of your account."


class AddressTaken(PlatformError):
    """Said only to somebody who has shown that mail to this address reaches them."""

    code = "address_taken"
    message = "There is an account with the address {email} already."
    remedy = "Sign in to that account, or use another address."
    status = 409


class FormGone(PlatformError):
    """Alike for a form that was sent, one that is too old, and somebody else's."""

    code = "parked_form_gone"
    message = "There is nothing left to send here."
    remedy = "It was sent already, is more than an hour old, or was filled in by somebody else or in another browser."
    status = 404


class TooManyMails(TooManyTries):
    """Alike for known and unknown addresses (spec 6.6)."""

    code = "too_many_mails"
    message = "Too many sign-in mails were asked for."
    remedy = "Look in your mailbox and the junk folder: what was sent still works. Or wait {wait}."


class TooManyPasswords(TooManyTries):
    code = "too_many_passwords"
    message = "Too many passwords were tried for this address."
    remedy = "Wait {wait}, then try again, or sign in by email."
