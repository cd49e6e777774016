"""Who may open each address, by GET: the table that every URL has to be in.

Columns: somebody not signed in, a member of Acme, an identity manager of Acme, an identity manager of Globex (another
parent), staff. "login" is a redirect to /login/, "staff" one to the staff's sign-in; 405: it answers POST only.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    stranger: int | str
    member: int | str
    manager: int | str
    other_manager: int | str
    staff: int | str


def everybody(answer: int | str) -> Row:
    return Row(answer, answer, answer, answer, answer)


SIGNED_IN = Row("login", 200, 200, 200, 200)
ACCOUNT = Row("login", 200, 200, 200, "login")
ACCOUNT_POST_ONLY = Row("login", 405, 405, 405, "login")
MANAGERS = Row("login", 403, 200, 404, 404)
MANAGERS_POST_ONLY = Row("login", 403, 405, 404, 404)
STAFF = Row("staff", "staff", "staff", "staff", 200)

TABLE: dict[str, Row] = {
    # Machines that watch
    "healthz": everybody(200),
    "readyz": everybody(200),
    "metrics": everybody(403),
    # Signing in
    "home": SIGNED_IN,
    "invitation_accept": Row("login", 405, 405, 405, 405),
    "settings_identity": Row("login", 403, 200, 302, 404),
    "login": Row(200, 302, 302, 302, 302),
    "login_required": everybody(200),
    "login_go": everybody(400),
    "login_code": everybody(400),
    "login_code_again": everybody(405),
    "login_link": everybody(400),
    "login_google": everybody(302),
    "login_google_go": everybody(400),
    "login_google_callback": everybody(400),
    "login_google_confirm": everybody(400),
    "login_password": Row(200, 302, 302, 302, 302),
    "login_error": Row("login", 404, 404, 404, 404),
    "logout": SIGNED_IN,
    # A person's own account; a proof as staff opens the staff pages alone
    "account": ACCOUNT,
    "account_password": ACCOUNT,
    "account_password_remove": Row("login", 302, 302, 302, "login"),
    "account_address": Row("login", 403, 403, 200, "login"),
    "account_address_confirm": Row("login", 404, 404, 404, "login"),
    "account_sessions": ACCOUNT,
    "account_session_end": ACCOUNT_POST_ONLY,
    "account_sessions_end": ACCOUNT_POST_ONLY,
    "continue": Row("login", 404, 404, 404, 404),
    # SAML
    "saml_metadata": everybody(200),
    "saml_acs": everybody(405),
    "saml_login": everybody(302),
    "saml_offer": everybody(200),
    "saml_finish": everybody(400),
    "saml_confirm": everybody(400),
    # Identity and access
    "identity": MANAGERS,
    "domains:new": MANAGERS,
    "domains:claim": MANAGERS,
    "domains:status": MANAGERS,
    "domains:check": MANAGERS_POST_ONLY,
    "domains:restart": MANAGERS_POST_ONLY,
    "enforcement:review": MANAGERS,
    "enforcement:make_optional": MANAGERS_POST_ONLY,
    "enforcement:ask": MANAGERS_POST_ONLY,
    "provisioning:mode": MANAGERS,
    "sign_in_problems:list": MANAGERS,
    "sign_in_problems:refusal": MANAGERS,
    # Sessions
    "sessions:list": MANAGERS,
    "sessions:policy": MANAGERS,
    "sessions:end": Row("login", 403, 302, 404, 404),
    "sessions:end_all": MANAGERS,
    "sso_setup:choose": MANAGERS,
    "sso_setup:manage": MANAGERS,
    "sso_setup:edit": MANAGERS_POST_ONLY,
    "sso_setup:start_over": MANAGERS,
    "sso_setup:create": MANAGERS,
    "sso_setup:claims": MANAGERS,
    "sso_setup:assign": MANAGERS,
    "sso_setup:metadata": MANAGERS,
    "sso_setup:test": MANAGERS,
    "sso_setup:test_live": MANAGERS_POST_ONLY,
    "sso_setup:test_result": MANAGERS,
    "sso_setup:tests": Row("login", 403, 302, 404, 404),
    "sso_setup:live": MANAGERS,
    "sso_setup:domains": MANAGERS,
    "sso_setup:reset": MANAGERS,
    "sso_setup:tell_people": MANAGERS_POST_ONLY,
    # Machines without a token
    "scim": everybody(401),
    "api": everybody(401),
}
