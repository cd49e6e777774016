"""Settings of the test suite: PostgreSQL by default as in production, SQLite with TEST_DATABASE=sqlite."""

from identity_platform import environment
from identity_platform.settings.base import *  # noqa: F403 - settings modules build on each other
from identity_platform.settings.base import BASE_DIR, INSTALLED_APPS

DEBUG = False
DEMO = True
SECRET_KEY = "test-only-" + "1" * 54
ENCRYPTION_KEYS = ["test-only-encryption-key-" + "1" * 24]
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
PUBLIC_URL = "http://testserver"
DEMO_URL = "http://127.0.0.1:8001"
GOOGLE_CLIENT_ID = "test-platform"
GOOGLE_CLIENT_SECRET = "test-only-" + "2" * 32
GOOGLE_ISSUER = f"{DEMO_URL}/idp/google"
STAFF_SECOND_FACTOR = False

INSTALLED_APPS = [*INSTALLED_APPS, "demo"]

TEST_DATABASE = environment.choice("TEST_DATABASE", among=["postgresql", "sqlite"], default="postgresql")
if TEST_DATABASE == "postgresql":
    DATABASES: dict[str, dict[str, object]] = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": environment.text("POSTGRES_DB", default="identity"),
            "USER": environment.text("POSTGRES_USER", default="postgres"),
            "PASSWORD": environment.text("POSTGRES_PASSWORD", default=""),
            "HOST": environment.text("POSTGRES_HOST", default="127.0.0.1"),
            "PORT": environment.text("POSTGRES_PORT", default="5432"),
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(BASE_DIR / "var" / "test.sqlite3"),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
            },
        }
    }
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
CELERY_BROKER_URL = "memory://"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
DEFAULT_FROM_EMAIL = "Acme Identity <no-reply@acme.example>"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # only for speed; nothing here is a secret

DNS_RESOLVERS = ["127.0.0.1"]
DNS_PORT = 8053
ALLOWED_PRIVATE_NETWORKS = ["127.0.0.0/8", "::1/128"]
ALLOW_HTTP_IDENTITY_PROVIDERS = True
ALLOW_RESERVED_DOMAINS = True
LOGGING = {"level": "WARNING", "format": "text"}
