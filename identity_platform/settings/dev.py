"""Settings of `make run`: everything embedded, nothing to install besides Python, with the demo world switched on."""

from identity_platform import environment
from identity_platform.settings.base import *  # noqa: F403 - settings modules build on each other
from identity_platform.settings.base import BASE_DIR, INSTALLED_APPS

DEBUG = False
DEMO = True
SECRET_KEY = "development-only-" + "0" * 48
ENCRYPTION_KEYS = ["development-only-encryption-key-" + "0" * 16]
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
PUBLIC_URL = environment.url("PUBLIC_URL", default="http://localhost:8000")
DEMO_URL = environment.url("DEMO_URL", default="http://127.0.0.1:8001")
STAFF_SECOND_FACTOR = False

# The demo stands in for Google. With a client of one's own there, both variables and GOOGLE_ISSUER are set.
GOOGLE_CLIENT_ID = environment.text("GOOGLE_CLIENT_ID", default="demo-platform")
GOOGLE_CLIENT_SECRET = environment.secret("GOOGLE_CLIENT_SECRET", default="development-only-" + "0" * 32)
GOOGLE_ISSUER = environment.url("GOOGLE_ISSUER", default=f"{DEMO_URL}/idp/google")

INSTALLED_APPS = [*INSTALLED_APPS, "demo"]

VAR = environment.text("VAR_DIR", default=str(BASE_DIR / "var"))
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": f"{VAR}/identity.sqlite3",
        "OPTIONS": {
            # Writers queue at BEGIN instead of failing in the middle; readers never wait.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
    }
}
# The threads of one process share it; enough entries that no count of tries is dropped for another.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
# Static files are served from where they lie.
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = None

CELERY_BROKER_URL = "filesystem://localhost"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "data_folder_in": f"{VAR}/broker",
    "data_folder_out": f"{VAR}/broker",
    "control_folder": f"{VAR}/broker-control",
}
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False

EMAIL_BACKEND = "demo.mailbox.MailboxBackend"
DEFAULT_FROM_EMAIL = "Acme Identity <no-reply@acme.example>"

# The demo's name server answers for northwind.example and globex.example on a high port of this machine.
DNS_RESOLVERS = ["127.0.0.1"]
DNS_PORT = environment.integer("DEMO_DNS_PORT", default=8053)
ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8", "::1/128"]
ALLOW_HTTP_IDENTITY_PROVIDERS = True
ALLOW_RESERVED_DOMAINS = True
LOGGING = {"level": "INFO", "format": "text"}
METRICS_NETWORKS = environment.networks("METRICS_NETWORKS", default=["127.0.0.0/8", "::1/128"])
