"""The refusals of emailed sign-in and accounts. None tells whether an account exists."""

from identity_platform.errors import PlatformError


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


class SignInNotBegunHere(PlatformError):
    """A form posted without the mark of the browser that opened it."""

    code = "browser_unknown"
    message = "Your browser didn't keep the cookie that a sign-in needs."
    remedy = "Allow cookies for this site and start again."
