"""Settings that every deployment shares; `dev`, `test` and `production` say what differs.

Security choices (algorithms, clock skew, signed assertions) are constants in the code with their source, not settings:
a safety that can be turned off will be.
"""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF

from identity_platform import environment

BASE_DIR = Path(__file__).resolve().parents[2]

# What people see and where they find us -------------------------------------------------------------------------------
PLATFORM_NAME = environment.text("PLATFORM_NAME", default="Acme Identity")
SUPPORT_ADDRESS = environment.text("SUPPORT_ADDRESS", default="support@acme.example")
SUPPORT_EXPECTED_TIME = environment.text("SUPPORT_EXPECTED_TIME", default="one working day")
PRODUCTS_FILE = environment.text("PRODUCTS_FILE", default=str(BASE_DIR / "products.toml"))

# Applications, lowest layer first (docs/architecture.md) --------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "identity_platform.staff_site.StaffAdminConfig",
    "django.forms",
    "csp",
    "lucide",
    "identity_platform",
    "audit",
    "accounts",
    "orgs",
    "domains",
    "provisioning",
    "sso",
]
AUTH_USER_MODEL = "accounts.User"
ROOT_URLCONF = "identity_platform.urls"
WSGI_APPLICATION = "identity_platform.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "identity_platform.middleware.RequestContextMiddleware",
    "identity_platform.metrics.RequestMetricsMiddleware",
    "identity_platform.middleware.RefusalMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "identity_platform.content_policy.ContentPolicyMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.SessionMiddleware",
    "accounts.sign_in_asked.SignInAskedMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
SILENCED_SYSTEM_CHECKS = [
    # accounts.middleware.SessionMiddleware loads session and user in one query and takes the place of both middlewares
    # that these checks look for.
    "admin.E408",
    "admin.E410",
    "auth.E013",
]

# Questions a lower app asks of higher ones: dotted paths, asked in this order; a missing or crashing guard refuses.
# `orgs/guards.py` says what each guard is given and what it may do.
GUARDS: dict[str, list[str]] = {
    "access": ["sso.guards.proof_is_enough"],
    "access.show": ["sso.guards.organization_may_be_shown"],
    "access.held": ["sso.guards.hold_has_a_reference"],
    "access.recent": ["sso.guards.proof_is_recent"],
    "account.show": ["sso.guards.proof_is_own"],
    "account.change": ["sso.guards.proof_is_own"],
    "invitation.accept": ["sso.guards.proof_accepts_invitation"],
    "organization.create": ["domains.guards.new_organizations_are_allowed"],
    "membership.invite": ["provisioning.guards.invitation_fits_mode"],
    "membership.change": ["provisioning.guards.change_fits_mode"],
    "address.change": ["domains.guards.address_is_free_to_change"],
    "address.prove": ["sso.guards.mail_proves_address"],
}

# What must arrive is written to the outbox in the same transaction and handled at least once.
OUTBOX_HANDLERS = {
    "mail": "audit.mail.deliver",
    "sso.ask_to_try": "sso.actions.enforcement.deliver_requests_to_try",
    "sso.tell_of_reset": "sso.actions.reset.deliver_words_of_reset",
}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "identity_platform.context.platform",
            ],
            "builtins": ["identity_platform.templatetags.ui"],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
APPEND_SLASH = True

STATIC_URL = "/static/"
STATIC_ROOT: str | None = environment.text("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))

# Sessions, cookies, sign-in -------------------------------------------------------------------------------------------
LOGIN_URL = "/login/"
SESSION_COOKIE_NAME = "session"
BROWSER_COOKIE_NAME = "browser"
CSRF_COOKIE_NAME = "csrftoken"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "identity_platform.refusals.csrf_failed"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_ABSOLUTE_LIFETIME = environment.seconds("SESSION_ABSOLUTE_LIFETIME", default=timedelta(days=90), minimum=3600)
EMAILED_SIGN_IN_LIFETIME = timedelta(minutes=15)
# How often mails and passwords may be tried within the span (sso/sign_in/limits.py says by whom).
SIGN_IN_LIMIT_SPAN = environment.seconds("SIGN_IN_LIMIT_SPAN", default=timedelta(minutes=15), minimum=60)
SIGN_IN_LIMITS = {
    "mails_per_address_and_network": environment.integer("MAILS_PER_ADDRESS_AND_NETWORK", default=5, minimum=1),
    "mails_per_address": environment.integer("MAILS_PER_ADDRESS", default=20, minimum=1),
    "mails_per_known_browser": environment.integer("MAILS_PER_KNOWN_BROWSER", default=5, minimum=1),
    # For addresses in domains that somebody verified, and for all others.
    "mails_per_network": environment.integer("MAILS_PER_NETWORK", default=2_000, minimum=1),
    "mails_per_network_elsewhere": environment.integer("MAILS_PER_NETWORK_ELSEWHERE", default=50, minimum=1),
    "attempts_per_network": environment.integer("ATTEMPTS_PER_NETWORK", default=2_000, minimum=1),
    "passwords_per_address_and_network": environment.integer(
        "PASSWORDS_PER_ADDRESS_AND_NETWORK", default=20, minimum=1
    ),
}
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
]
# "Continue with Google" is shown where this deployment is a client at Google; the redirect URI to enter there is
# <PUBLIC_URL>/login/google/callback/.
GOOGLE_CLIENT_ID = environment.text("GOOGLE_CLIENT_ID", default="")
GOOGLE_CLIENT_SECRET = environment.secret("GOOGLE_CLIENT_SECRET", default="")
if bool(GOOGLE_CLIENT_ID) != bool(GOOGLE_CLIENT_SECRET):
    environment.refuse("GOOGLE_CLIENT_SECRET", "and GOOGLE_CLIENT_ID belong together; set both or neither.")
# Not read from the environment: what this issuer says of gmail.com is believed for everybody who has such an address.
GOOGLE_ISSUER = "https://accounts.google.com"
# The shared cache only counts tries: a count that is late is worth less than the request that waits for it, and without
# one each process counts for itself (identity_platform/limits.py). In one network Redis answers within a millisecond.
REDIS_CACHE_OPTIONS = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25}  # seconds
# Staff pages need a second factor in production; until a session carries one, they stay closed there.
STAFF_SECOND_FACTOR = True

# Addresses of the network ---------------------------------------------------------------------------------------------
# How many proxies of ours stand before the web server: so many entries of X-Forwarded-For, from the right, are theirs.
TRUSTED_PROXY_COUNT = environment.integer("TRUSTED_PROXY_COUNT", default=0)

# Domains: the TXT record is `_<prefix>-challenge.<domain>` with `<prefix>-domain-verification=<token>`.
DOMAIN_CHALLENGE_PREFIX = environment.text("DOMAIN_CHALLENGE_PREFIX", default="acmeidentity")
# Resolvers to ask when the authoritative servers can't be found; empty: those of the system.
DNS_RESOLVERS = environment.addresses("DNS_RESOLVERS", default=[])
# Development only: the port of name servers, and networks that DNS and tenants' URLs may reach though they are private.
DNS_PORT = 53
DNS_TIMEOUT = timedelta(seconds=5)
# Development only: names reserved for documentation and tests (.example, .test) can be claimed.
ALLOW_RESERVED_DOMAINS = False
ALLOWED_PRIVATE_NETWORKS: list[str] = []
ALLOW_HTTP_IDENTITY_PROVIDERS = False
DEMO = False
# Set by settings/production.py alone; with it, processes refuse to start on what checks.py calls insecure.
PRODUCTION = False

# Browser hardening ----------------------------------------------------------------------------------------------------
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# A response of an identity provider is at most 256 kB; the form around it is base64 and URL-encoded.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# Hundreds of domains are assigned at once, each a checkbox.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

# Celery ---------------------------------------------------------------------------------------------------------------
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {
    "audit.deliver-outbox": {"task": "audit.deliver_outbox", "schedule": 5.0},
    "domains.check-due-claims": {"task": "domains.check_due_claims", "schedule": 10.0},
    "sso.empty-parked-responses": {"task": "sso.empty_parked_responses", "schedule": 60.0},
    "sso.forget-old-attempts": {"task": "sso.forget_old_attempts", "schedule": 3600.0},
    "orgs.forget-old-plans": {"task": "orgs.forget_old_plans", "schedule": 3600.0},
    "accounts.forget-old-sign-ins": {"task": "accounts.forget_old_sign_ins", "schedule": 3600.0},
    "accounts.forget-parked-forms": {"task": "accounts.forget_parked_forms", "schedule": 600.0},
    "accounts.forget-old-address-changes": {"task": "accounts.forget_old_address_changes", "schedule": 3600.0},
}

LOGGING_CONFIG = "identity_platform.logging.configure"
LOGGING = {
    "level": environment.text("LOG_LEVEL", default="INFO"),
    "format": environment.choice("LOG_FORMAT", among=["json", "text"], default="json"),
}

# Who may read /metrics: these networks, and bearers of the token.
METRICS_NETWORKS = environment.networks("METRICS_NETWORKS", default=[])
METRICS_TOKEN = environment.secret("METRICS_TOKEN", default="", minimum_length=32)
