"""System checks: what settings may never be, wherever the value comes from."""

import pytest

from identity_platform import checks

SECURE = {
    "DEBUG": False,
    "DEMO": False,
    "INSTALLED_APPS": ["identity_platform"],
    "DNS_PORT": 53,
    "ALLOWED_PRIVATE_NETWORKS": [],
    "ALLOW_HTTP_IDENTITY_PROVIDERS": False,
    "ALLOW_RESERVED_DOMAINS": False,
    "STAFF_SECOND_FACTOR": True,
    "DOMAIN_CHALLENGE_PREFIX": "acmeidentity",
    "PUBLIC_URL": "https://id.acme.example",
    "ALLOWED_HOSTS": ["id.acme.example"],
    "SESSION_COOKIE_NAME": "__Host-session",
    "BROWSER_COOKIE_NAME": "__Host-browser",
    "CSRF_COOKIE_NAME": "__Host-csrftoken",
    "SECRET_KEY": "an-example-of-a-secret-that-nobody-must-ever-use-0123456789",
    "ENCRYPTION_KEYS": ["an-example-of-an-encryption-key-0123456789"],
    "DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql"}},
    "CELERY_BROKER_URL": "redis://redis:6379/0",
    "CACHES": {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}},
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
}

INSECURE = [
    ("DOMAIN_CHALLENGE_PREFIX", "acme", "E001"),
    ("DOMAIN_CHALLENGE_PREFIX", "Acme", "E001"),
    ("DOMAIN_CHALLENGE_PREFIX", "acme_identity", "E002"),
    ("DEBUG", True, "E010"),
    ("DEMO", True, "E011"),
    ("INSTALLED_APPS", ["identity_platform", "demo"], "E011"),
    ("DNS_PORT", 8053, "E012"),
    ("ALLOWED_PRIVATE_NETWORKS", ["127.0.0.0/8"], "E013"),
    ("ALLOW_HTTP_IDENTITY_PROVIDERS", True, "E014"),
    ("STAFF_SECOND_FACTOR", False, "E015"),
    ("ALLOW_RESERVED_DOMAINS", True, "E016"),
    ("PUBLIC_URL", "http://id.acme.example", "E020"),
    ("ALLOWED_HOSTS", ["*"], "E021"),
    ("SESSION_COOKIE_NAME", "session", "E022"),
    ("BROWSER_COOKIE_NAME", "browser", "E022"),
    ("CSRF_COOKIE_NAME", "csrftoken", "E022"),
    ("SECRET_KEY", "short", "E030"),
    ("SECRET_KEY", "a" * 64, "E030"),
    ("ENCRYPTION_KEYS", [], "E031"),
    ("ENCRYPTION_KEYS", ["short"], "E031"),
    ("ENCRYPTION_KEYS", [SECURE["SECRET_KEY"]], "E032"),
    ("DATABASES", {"default": {"ENGINE": "django.db.backends.sqlite3"}}, "E040"),
    ("CELERY_BROKER_URL", "filesystem://", "E041"),
    ("CELERY_TASK_ALWAYS_EAGER", True, "E041"),
    ("CACHES", {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}, "E042"),
    ("EMAIL_BACKEND", "demo.mailbox.MailboxBackend", "E043"),
]


def found(monkeypatch, **changes):
    """What the checks say of these settings: a stand-in, since real ones of this kind would break the test run."""
    monkeypatch.setattr(checks, "settings", type("Settings", (), {**SECURE, **changes}))
    every_check = (
        checks.check_challenge_prefix,
        checks.check_development_is_off,
        checks.check_public_address,
        checks.check_secrets,
        checks.check_services,
    )
    return [message for check in every_check for message in check(None)]


def test_secure_settings_pass(monkeypatch):
    assert found(monkeypatch) == []


@pytest.mark.parametrize(("setting", "value", "number"), INSECURE)
def test_an_insecure_setting_is_refused_and_named(monkeypatch, setting, value, number):
    [message] = found(monkeypatch, **{setting: value})

    assert message.id == f"identity_platform.{number}"
    assert message.is_serious()
    named = "DEMO" if setting == "INSTALLED_APPS" else setting
    assert named in message.msg or setting == "CELERY_TASK_ALWAYS_EAGER"
