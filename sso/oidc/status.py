"""What an OpenID provider says when it says no (RFC 6749 s4.1.2.1, OIDC Core s3.1.2.6), one class per remedy."""

from sso.errors import SignInRefused

LONGEST_SHOWN = 300


class ProviderRefused(SignInRefused):
    """Any no; the subclasses are the reasons that say more."""

    code = "oidc_status"
    message = "The identity provider refused this sign-in."
    remedy = "Look into the sign-in log of your identity provider for this person and time."
    check = "answered"


class AccessDenied(ProviderRefused):
    code = "oidc_access_denied"
    message = "The sign-in was declined at the identity provider."
    remedy = (
        "If the person didn't decline it: in your identity provider, assign the person, or a group of theirs, to this "
        "application, or give consent for all."
    )


class LoginRequired(ProviderRefused):
    """login_required, interaction_required, account_selection_required, consent_required: it may not ask, and must."""

    code = "oidc_interaction_required"
    message = "The identity provider needed to ask this person something, but wasn't able to."
    remedy = "Sign in from the sign-in page: it lets the identity provider ask."


class ProviderBusy(ProviderRefused):
    code = "oidc_temporarily_unavailable"
    message = "The identity provider can't answer right now."
    remedy = "Look into the log of your identity provider for this time; the fault is on its side."


class RequestRefused(ProviderRefused):
    """invalid_request, unauthorized_client, invalid_scope and their like: the set-up differs from ours."""

    code = "oidc_request_refused"
    message = "The identity provider says that our request was wrong for it."
    remedy = (
        "In your identity provider, compare client ID, redirect URI, scopes and response type of this application with "
        "the set-up page."
    )


_REASONS: dict[str, type[ProviderRefused]] = {
    "access_denied": AccessDenied,
    "login_required": LoginRequired,
    "interaction_required": LoginRequired,
    "account_selection_required": LoginRequired,
    "consent_required": LoginRequired,
    "temporarily_unavailable": ProviderBusy,
    "server_error": ProviderBusy,
    "invalid_request": RequestRefused,
    "unauthorized_client": RequestRefused,
    "unsupported_response_type": RequestRefused,
    "invalid_scope": RequestRefused,
    "invalid_request_uri": RequestRefused,
    "request_not_supported": RequestRefused,
}


def refusal_of(error: str, description: str = "") -> ProviderRefused:
    """The refusal that explains `error` of an authorization response. It came by way of the browser, so it is anybody's
    word: kept for managers, one short line, and never shown to the person (R28)."""
    kind = _REASONS.get(error, ProviderRefused)
    said = f"{error}: {description}" if description else error
    printable = "".join(letter if letter.isprintable() else " " for letter in said[:LONGEST_SHOWN]).strip()
    return kind(expected="an authorization code", received=printable)
