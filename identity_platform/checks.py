"""System checks: which values of settings may never serve anybody, each named by its variable.

`manage.py check --deploy` runs all of them. Server, worker and scheduler call `refuse_to_start_insecurely` under
production settings, because neither gunicorn nor Celery runs deployment checks by itself.
"""

import re
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

MINIMUM_SECRET_LENGTH = 50
MINIMUM_ENCRYPTION_KEY_LENGTH = 32

DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?")
REAL_MAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
# Each of these lives in one process or on one disk, so it loses or hides messages as soon as there is a second machine.
EMBEDDED_BROKERS = ("memory", "filesystem", "sqlalchemy", "sqla", "django")

Apps = Sequence[AppConfig] | None


@checks.register(checks.Tags.security)
def check_challenge_prefix(app_configs: Apps, **_: Any) -> list[checks.CheckMessage]:
    """Everywhere: `_acme-challenge` belongs to certificate automation, whose tools delete what others wrote there."""
    prefix = settings.DOMAIN_CHALLENGE_PREFIX
    if prefix.lower() == "acme":
        return [
            _error(
                "E001",
                "DOMAIN_CHALLENGE_PREFIX is acme, but _acme-challenge belongs to certificate automation (RFC 8555).",
                "Choose a word of your own, for instance the product's name.",
            )
        ]
    if not DNS_LABEL.fullmatch(prefix):
        return [
            _error(
                "E002",
                f"DOMAIN_CHALLENGE_PREFIX is {prefix!r}, which can't be part of a DNS label.",
                "Use at most 50 lower-case letters, digits and hyphens.",
            )
        ]
    return []


@checks.register(checks.Tags.security, deploy=True)
def check_development_is_off(app_configs: Apps, **_: Any) -> list[checks.CheckMessage]:
    """Nothing that only development may have: debug pages, the demo world, paths into private networks."""
    refusals = []
    if settings.DEBUG:
        refusals.append(_error("E010", "DEBUG is on; error pages would show settings and data.", "Leave it off."))
    if settings.DEMO or "demo" in settings.INSTALLED_APPS:
        refusals.append(_error("E011", "DEMO: the demo world is installed; it signs in anybody.", "Leave it out."))
    if settings.DNS_PORT != 53:
        refusals.append(
            _error("E012", f"DNS_PORT is {settings.DNS_PORT}; real name servers answer on 53.", "Leave it unset.")
        )
    if settings.ALLOWED_PRIVATE_NETWORKS:
        refusals.append(
            _error(
                "E013",
                "ALLOWED_PRIVATE_NETWORKS is set, so a customer's URL could reach the inside of your network (R45).",
                "Leave it unset.",
            )
        )
    if settings.ALLOW_HTTP_IDENTITY_PROVIDERS:
        refusals.append(
            _error("E014", "ALLOW_HTTP_IDENTITY_PROVIDERS is on; sign-ins could be read underway.", "Leave it unset.")
        )
    if settings.ALLOW_RESERVED_DOMAINS:
        refusals.append(
            _error("E016", "ALLOW_RESERVED_DOMAINS is on; nobody owns names like northwind.example.", "Leave it unset.")
        )
    if not settings.STAFF_SECOND_FACTOR:
        refusals.append(
            _error("E015", "STAFF_SECOND_FACTOR is off; staff can change every customer's sign-in.", "Leave it on.")
        )
    return refusals


@checks.register(checks.Tags.security, deploy=True)
def check_public_address(app_configs: Apps, **_: Any) -> list[checks.CheckMessage]:
    """Entity ids, redirect URIs and emailed links are built from PUBLIC_URL; cookies are bound to its host."""
    refusals = []
    if not settings.PUBLIC_URL.startswith("https://"):
        refusals.append(_error("E020", "PUBLIC_URL doesn't begin with https://.", "Serve the platform by TLS only."))
    if "*" in settings.ALLOWED_HOSTS:
        refusals.append(_error("E021", "ALLOWED_HOSTS (from INTERNAL_HOSTS) admits every host.", "Name the hosts."))
    for setting in ("SESSION_COOKIE_NAME", "BROWSER_COOKIE_NAME", "CSRF_COOKIE_NAME"):
        if not getattr(settings, setting).startswith("__Host-"):
            refusals.append(
                _error(
                    "E022",
                    f"{setting} doesn't begin with __Host-, so a neighbouring subdomain could set that cookie.",
                    "Keep the name of settings/production.py.",
                )
            )
    return refusals


@checks.register(checks.Tags.security, deploy=True)
def check_secrets(app_configs: Apps, **_: Any) -> list[checks.CheckMessage]:
    """What signs codes and what encrypts customers' secrets is long, and one doesn't give away the other."""
    refusals = []
    if len(settings.SECRET_KEY) < MINIMUM_SECRET_LENGTH or len(set(settings.SECRET_KEY)) < 16:
        refusals.append(
            _error("E030", "SECRET_KEY is too short or too uniform.", f"Use {MINIMUM_SECRET_LENGTH} random characters.")
        )
    keys = settings.ENCRYPTION_KEYS
    if not keys or any(len(key) < MINIMUM_ENCRYPTION_KEY_LENGTH or len(set(key)) < 16 for key in keys):
        refusals.append(
            _error(
                "E031",
                "ENCRYPTION_KEYS is empty, or one of its keys is too short or too uniform.",
                f"Use {MINIMUM_ENCRYPTION_KEY_LENGTH} random characters for each key.",
            )
        )
    if settings.SECRET_KEY in keys:
        refusals.append(_error("E032", "ENCRYPTION_KEYS holds the SECRET_KEY.", "Make a key of its own."))
    return refusals


@checks.register(checks.Tags.security, deploy=True)
def check_services(app_configs: Apps, **_: Any) -> list[checks.CheckMessage]:
    """Database, broker, cache and mail are the shared, durable ones that several processes need."""
    refusals = []
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        refusals.append(_error("E040", "DATABASES: this isn't PostgreSQL.", "Set DATABASE_HOST and the others."))
    broker = settings.CELERY_BROKER_URL.partition(":")[0]
    if broker in EMBEDDED_BROKERS or getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False):
        refusals.append(_error("E041", f"CELERY_BROKER_URL: {broker} serves one machine.", "Set REDIS_URL."))
    if not settings.CACHES["default"]["BACKEND"].endswith("RedisCache"):
        refusals.append(_error("E042", "CACHES: limits on tries are counted in each process alone.", "Set REDIS_URL."))
    if settings.EMAIL_BACKEND != REAL_MAIL_BACKEND:
        refusals.append(_error("E043", "EMAIL_BACKEND delivers nothing.", "Set EMAIL_HOST and the others."))
    return refusals


def refuse_to_start_insecurely() -> None:
    """Under production settings, stop the process with what has to be changed; elsewhere do nothing.

    Warnings count as errors, the framework's own deployment checks are included. Raises SystemExit.
    """
    if not settings.PRODUCTION:
        return
    found = checks.run_checks(include_deployment_checks=True)
    refusals = [str(message) for message in found if message.is_serious(checks.WARNING) and not message.is_silenced()]
    if refusals:
        raise SystemExit("Cannot start with these settings:\n" + "\n".join(refusals))


def _error(number: str, message: str, hint: str) -> checks.CheckMessage:
    return checks.Error(message, hint=hint, id=f"identity_platform.{number}")
