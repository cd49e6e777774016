"""Where a sign-in leaves us: the address at the identity provider with our AuthnRequest."""

from urllib.parse import urlencode

from sso.models import SignInAttempt
from sso.saml.addresses import acs_url, entity_id
from sso.saml.requests import build_authn_request


def sign_in_url(attempt: SignInAttempt, *, relay_state: str, email: str = "") -> str:
    """The redirect-binding URL of this attempt's AuthnRequest. `email` goes along as a hint, where it is known."""
    request = build_authn_request(
        idp_sso_url=attempt.revision.sso_url,
        sp_entity_id=entity_id(attempt.connection),
        acs_url=acs_url(attempt.connection),
        relay_state=relay_state,
        request_id=attempt.request_id,
        now=attempt.created_at,
    )
    # A hint that Entra and Okta read and others ignore; SAML itself has no field for it that all accept.
    return f"{request.url}&{urlencode({'login_hint': email})}" if email else request.url
