"""Settings of a deployment: everything comes from the environment, and nothing insecure has a default.

docs/operations.md lists the variables. What is missing or odd stops the process here; what is insecure all the same is
refused by `identity_platform/checks.py` before the server, the worker or the scheduler begins.
"""

from datetime import timedelta
from urllib.parse import quote, urlsplit

from identity_platform import environment
from identity_platform.checks import MINIMUM_ENCRYPTION_KEY_LENGTH, MINIMUM_SECRET_LENGTH
from identity_platform.settings.base import *  # noqa: F403 - settings modules build on each other
from identity_platform.settings.base import REDIS_CACHE_OPTIONS, TRUSTED_PROXY_COUNT

PRODUCTION = True

# What only development may switch on. Here the variables have no effect; that somebody set one all the same means that
# this deployment was started in the belief that it is something else.
for _name in ("DEBUG", "DEMO", "DEMO_URL", "DEMO_DNS_PORT", "DNS_PORT", "ALLOWED_PRIVATE_NETWORKS", "GOOGLE_ISSUER"):
    environment.forbid(_name, because="it is for development and must not be set under production settings")
for _name in ("ALLOW_HTTP_IDENTITY_PROVIDERS", "ALLOW_RESERVED_DOMAINS", "STAFF_SECOND_FACTOR", "TEST_DATABASE"):
    environment.forbid(_name, because="it is for development and must not be set under production settings")
DEBUG = False
DEMO = False

# Secrets. ENCRYPTION_KEYS is a ring: the first encrypts, all decrypt; see "Changing keys" in docs/operations.md.
SECRET_KEY = environment.secret("SECRET_KEY", minimum_length=MINIMUM_SECRET_LENGTH)
SECRET_KEY_FALLBACKS = environment.secret_listing("SECRET_KEY_FALLBACKS", default=[])
ENCRYPTION_KEYS = environment.secret_listing("ENCRYPTION_KEYS", minimum_length=MINIMUM_ENCRYPTION_KEY_LENGTH)

# The public address, and the hosts by which probes and Prometheus reach a process directly. No link is ever made from
# a request's Host header, so the latter can't lead anybody anywhere.
PUBLIC_URL = environment.url("PUBLIC_URL", schemes=["https"], origin_only=True)
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or ""
ALLOWED_HOSTS = [PUBLIC_HOST, *environment.listing("INTERNAL_HOSTS", default=["localhost"])]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SUPPORT_ADDRESS = environment.text("SUPPORT_ADDRESS")

# Transport. The header is believed only where our own proxy stands in front: it has to overwrite what a client sends.
SECURE_SSL_REDIRECT = True
SECURE_SSL_HOST = urlsplit(PUBLIC_URL).netloc
# Probes and Prometheus come from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz/?$", r"^readyz/?$", r"^metrics/?$"]
SECURE_HSTS_SECONDS = int(timedelta(days=730).total_seconds())
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# A browser takes a __Host- cookie only by TLS, for this host alone and the path "/", so no neighbour can plant one.
SESSION_COOKIE_NAME = "__Host-session"
BROWSER_COOKIE_NAME = "__Host-browser"
CSRF_COOKIE_NAME = "__Host-csrftoken"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": environment.text("DATABASE_HOST"),
        "PORT": environment.integer("DATABASE_PORT", default=5432, minimum=1, maximum=65535),
        "NAME": environment.text("DATABASE_NAME"),
        "USER": environment.text("DATABASE_USER"),
        "PASSWORD": environment.secret("DATABASE_PASSWORD", default=""),
        "CONN_MAX_AGE": int(
            environment.seconds("DATABASE_CONNECTION_AGE", default=timedelta(minutes=5)).total_seconds()
        ),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "sslmode": environment.choice(
                "DATABASE_SSLMODE", among=["disable", "prefer", "require", "verify-ca", "verify-full"], default="prefer"
            ),
            "connect_timeout": 5,
        },
    }
}

# Redis carries tasks and counts tries. Its password has a variable of its own, so that the URL may be logged.
_redis = environment.url("REDIS_URL", schemes=["redis", "rediss"])
if _password := environment.secret("REDIS_PASSWORD", default=""):
    _redis = _redis.replace("://", f"://:{quote(_password, safe='')}@", 1)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _redis,
        "OPTIONS": REDIS_CACHE_OPTIONS,
    }
}
CELERY_BROKER_URL = _redis
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Longer than any task may run (CELERY_TASK_TIME_LIMIT), or Redis would hand a running task to a second worker.
    "visibility_timeout": 3600,
    "socket_connect_timeout": 5,
}

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = environment.text("EMAIL_HOST")
EMAIL_PORT = environment.integer("EMAIL_PORT", default=587, minimum=1, maximum=65535)
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = environment.secret("EMAIL_HOST_PASSWORD", default="")
_email_security = environment.choice("EMAIL_SECURITY", among=["starttls", "tls", "none"], default="starttls")
EMAIL_USE_TLS = _email_security == "starttls"
EMAIL_USE_SSL = _email_security == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL")

STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
