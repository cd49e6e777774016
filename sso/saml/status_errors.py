"""The identity provider's own no, one class per reason that has a remedy of its own (Core s3.2.2.2)."""

from .errors import AssertionRejected


class StatusRefused(AssertionRejected):
    """Any no; the subclasses are the reasons that say more."""

    check = "answered"
    code = "saml_status"
    message = "The identity provider refused this sign-in."
    remedy = "Look into the sign-in log of your identity provider for this person and time."


class StatusAuthnFailed(StatusRefused):
    code = "saml_status_authn_failed"
    message = "The identity provider couldn't authenticate this person."
    remedy = "The person tries again; if it stays, look into your identity provider's sign-in log for the reason."


class StatusNoPassive(StatusRefused):
    code = "saml_status_no_passive"
    message = "The identity provider needed to ask this person something, but was told not to."
    remedy = "Sign in from the sign-in page: it lets the identity provider ask."


class StatusRequestDenied(StatusRefused):
    code = "saml_status_request_denied"
    message = "The identity provider doesn't let this person use this application."
    remedy = "In your identity provider, assign the person, or a group of theirs, to this application."


class StatusRequestUnsupported(StatusRefused):
    code = "saml_status_request_unsupported"
    message = "The identity provider can't answer this kind of request."
    remedy = "In your identity provider, check that this application is a SAML 2.0 one with HTTP-POST as its answer."


class StatusInvalidNameIdPolicy(StatusRefused):
    code = "saml_status_name_id_policy"
    message = "The identity provider can't send a NameID of the kind it is set up for."
    remedy = "In your identity provider, set the Name ID format of this application to persistent or unspecified."


class StatusNoAuthnContext(StatusRefused):
    code = "saml_status_no_authn_context"
    message = "The identity provider couldn't meet an authentication method that was asked for."
    remedy = "In your identity provider, remove conditions on the authentication method from this application."


class StatusUnknownPrincipal(StatusRefused):
    code = "saml_status_unknown_principal"
    message = "The identity provider doesn't know this person."
    remedy = "In your identity provider, create the person or sign in there with another account."


class StatusRequester(StatusRefused):
    code = "saml_status_requester"
    message = "The identity provider says that our request was wrong for it."
    remedy = (
        "In your identity provider, compare the SP entity ID and the ACS URL of this application with the set-up page."
    )


class StatusResponder(StatusRefused):
    code = "saml_status_responder"
    message = "The identity provider failed while answering."
    remedy = "Look into the log of your identity provider for this time; the fault is on its side."


class StatusVersionMismatch(StatusRefused):
    code = "saml_status_version"
    message = "The identity provider doesn't speak SAML 2.0 here."
    remedy = "In your identity provider, choose SAML 2.0 for this application."
