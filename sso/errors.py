"""The refusals of signing in. Their messages are for the person at the browser: short, and silent about others.

What a manager needs to mend it stands in `expected`, `received` and `remedy`, in the audit log.
"""

from urllib.parse import urlencode

from identity_platform.errors import PlatformError, SignInNeeded


class ProofNeeded(SignInNeeded):
    """Signed in, but not in the way this organization asks for: the person is asked and comes back (spec 6.3).

    `context`: slug of the `organization`, `reason` of the door's verdict, hex id of the `connection` that gives the
    proof, and `recent` ("true") where a newer one of the same kind is what is missing.
    """

    code = "proof_needed"
    message = "{organization} asks you to sign in again."

    def location(self, next_path: str) -> str:
        return f"/login/required/?{urlencode({**self.query(), 'next': next_path})}"

    def query(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.context.items() if value}


class ProofNeededToSee(ProofNeeded):
    """The session rests on the word of parents that don't hold the address's domain alone: whether there is such an
    organization elsewhere, and whether the person belongs to it, is nothing it may be told (spec 6.3, R38)."""

    message = "Sign in again to see this page."


class SsoRequired(PlatformError):
    """Said of the domain only, so alike for known and unknown addresses. `context` names the `parent` that asks for it
    and its `connection`, for the record and for the way on."""

    code = "sso_required"
    message = "Your company signs in with single sign-on."
    remedy = "Use Continue with SSO."
    status = 403


class NoConnection(PlatformError):
    """Said of the domain only; it is the same for every address there."""

    code = "connection_off"
    message = "Single sign-on isn't set up for addresses at {domain}."
    remedy = "Continue with email, or ask whoever runs sign-in at your company."
    status = 404
    field = "email"


class ConnectionNotLive(PlatformError):
    code = "connection_not_live"
    message = "This way to sign in isn't switched on."
    remedy = "Ask whoever runs sign-in at your company; nothing is wrong with your account."
    status = 404


class AttemptUnknown(PlatformError):
    """The identity provider's answer belongs to no sign-in of ours that is still open. `context` names the `attempt`,
    if there was one."""

    code = "attempt_over"
    message = "This sign-in is over: it was finished before, or took longer than 10 minutes."
    remedy = "Start again."


class OtherBrowserBegan(PlatformError):
    """The answer arrived in a browser that didn't begin this sign-in (login CSRF, R13). `context`: the `attempt`."""

    code = "attempt_of_other_browser"
    message = "This sign-in was begun in another browser."
    remedy = "Start again here."
    status = 403


class ResponseTooLarge(PlatformError):
    code = "response_too_large"
    message = "The identity provider's answer is too large."
    remedy = "In the identity provider, send only the groups that this application needs."
    status = 413


class ResponseUnreadable(PlatformError):
    code = "response_unreadable"
    message = "The identity provider's answer can't be read."
    remedy = "Start again. If it stays, the identity provider sends something else than a SAML response."


class ConnectionChanged(PlatformError):
    """What the attempt began with is no longer what counts: a certificate may have been taken out meanwhile."""

    code = "connection_changed"
    message = "Your company's sign-in was changed while you were on your way."
    remedy = "Start again; the new settings count from now on."
    status = 409


class SignInRefused(PlatformError):
    """Base of what is refused after the identity provider's answer was verified."""

    code = "sign_in_refused"
    status = 403
    check = "domain"


class AssertionReplayed(SignInRefused):
    code = "assertion_replayed"
    message = "This answer of the identity provider was used before."
    remedy = "Start again. If it happens often, somebody may be repeating messages: look at who signs in."
    check = "one_use"


class AddressNotServed(SignInRefused):
    code = "domain_not_verified"
    message = "Your identity provider sent an address that isn't covered by this sign-in."
    remedy = "Verify {received} and assign it to this connection, or correct the address in the identity provider."
    check = "domain"


class SubjectChanged(SignInRefused):
    """Same address, another subject: never tied anew by itself (R30)."""

    code = "subject_changed"
    message = "Your identity provider knows this address as somebody else than before."
    remedy = "A manager has to approve that {received} now stands for this person."
    check = "subject"


class AddressClash(SignInRefused):
    code = "address_clash"
    message = "Your address changed at the identity provider, and the new one can't be taken over here."
    remedy = "{why}"
    check = "email"


class DomainLapsed(SignInRefused):
    """A lapsed domain works on for people already there and takes in nobody new (spec 4.6)."""

    code = "domain_lapsed"
    message = "Nobody new can sign in with this address right now."
    remedy = "The DNS record of {received} is gone: put it back."
    check = "domain"


class StaffNotServed(SignInRefused):
    code = "staff_account"
    message = "This account doesn't sign in through a customer's identity provider."
    remedy = "Sign in as staff."
    check = "domain"


class NotStaff(SignInRefused):
    """Alike for unknown addresses and customers' people."""

    code = "not_staff"
    message = "This address isn't an account of staff."
    remedy = "Sign in without the staff page, or ask for an account."


class WrongAccount(SignInRefused):
    """The browser came as somebody of the company, and the identity provider answered for an address elsewhere."""

    code = "wrong_account"
    message = "Your identity provider signed you in with another account."
    remedy = (
        "Sign in there as {expected}; or, if {received} is the same person's, correct the address in the identity "
        "provider, or verify its domain and assign it to this connection."
    )
    check = "domain"


class NoOrganization(SignInRefused):
    """The identity provider let the person in, and no organization here has them (spec 6.7)."""

    code = "no_organization"
    message = "You aren't a member of an organization here."
    remedy = "Add {received} to an organization, or choose a provisioning mode that does."
    check = "groups"


class Blocked(SignInRefused):
    code = "blocked"
    message = "You were blocked from {organization}."
    remedy = "Lift the block of {received} if they may come back."
    check = "groups"


class PasswordNotRight(PlatformError):
    """One answer for an unknown address, one without a password, and a wrong password."""

    code = "password_not_right"
    message = "This email or password isn't right."
    remedy = "Try again, or continue with email: that needs no password."
    status = 422


class GoogleAddressNotTrusted(SignInRefused):
    """Google says that somebody once had this address, not that they have it now (spec 6.6)."""

    code = "google_address_not_trusted"
    message = "Google doesn't vouch for this address."
    remedy = "{todo}"
    check = "email"


class GoogleAccountDiffers(SignInRefused):
    """Same address, another account at Google: never tied anew by itself, as for SSO (R30)."""

    code = "google_account_differs"
    message = "Another Google account signed in with this address before."
    remedy = (
        "Continue with email: who reads this mailbox proves that. Nobody is tied to another Google account by itself."
    )
    check = "subject"


class AccountClosed(SignInRefused):
    code = "account_closed"
    message = "This account was closed."
    remedy = "It was erased on request and can't be opened again. Another address makes a new account."
    check = "subject"
