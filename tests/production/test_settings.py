"""Which environments production refuses, each with the name of the variable to change."""

import subprocess
import sys

import pytest

from tests.production.environment import ROOT, production_environment

pytestmark = pytest.mark.processes


def start(*command: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run a Python command under the production settings with these changes to the environment."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=production_environment(**changes),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_check_deploy_is_clean_for_an_accepted_environment():
    done = start("manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_the_server_accepts_the_accepted_environment():
    done = start("-c", "import identity_platform.wsgi")

    assert done.returncode == 0, done.stderr


REQUIRED = [
    "PUBLIC_URL",
    "SUPPORT_ADDRESS",
    "SECRET_KEY",
    "ENCRYPTION_KEYS",
    "DATABASE_HOST",
    "DATABASE_NAME",
    "DATABASE_USER",
    "REDIS_URL",
    "EMAIL_HOST",
    "DEFAULT_FROM_EMAIL",
]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_variable_stops_the_server_and_is_named(name):
    done = start("-c", "import identity_platform.wsgi", **{name: None})

    assert done.returncode != 0
    assert name in done.stderr
    assert "Traceback" not in done.stderr


INSECURE = {
    "http_public_url": {"PUBLIC_URL": "http://id.acme.example"},
    "public_url_with_path": {"PUBLIC_URL": "https://id.acme.example/somewhere"},
    "short_secret": {"SECRET_KEY": "short"},
    "uniform_secret": {"SECRET_KEY": "a" * 64},
    "short_encryption_key": {"ENCRYPTION_KEYS": "an-example-of-an-encryption-key-0123456789,short"},
    "uniform_encryption_key": {"ENCRYPTION_KEYS": "b" * 64},
    "encryption_key_that_is_the_secret": {
        "ENCRYPTION_KEYS": "an-example-of-a-secret-that-nobody-must-ever-use-0123456789"
    },
    "debug": {"DEBUG": "true"},
    "demo": {"DEMO": "true"},
    "demo_address": {"DEMO_URL": "http://127.0.0.1:8001"},
    "demo_name_server": {"DEMO_DNS_PORT": "8053"},
    "dns_test_port": {"DNS_PORT": "8053"},
    "private_networks": {"ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8"},
    "http_identity_providers": {"ALLOW_HTTP_IDENTITY_PROVIDERS": "true"},
    "reserved_domains": {"ALLOW_RESERVED_DOMAINS": "true"},
    "no_second_factor": {"STAFF_SECOND_FACTOR": "false"},
    "sqlite": {"TEST_DATABASE": "sqlite"},
    "broker_of_files": {"REDIS_URL": "filesystem://"},
    "password_in_redis_url": {"REDIS_URL": "redis://:hunter2hunter2@127.0.0.1/0"},
    "every_host": {"INTERNAL_HOSTS": "*"},
    "acme_prefix": {"DOMAIN_CHALLENGE_PREFIX": "acme"},
    "short_metrics_token": {"METRICS_TOKEN": "short"},
    "odd_proxy_count": {"TRUSTED_PROXY_COUNT": "one"},
    "client_of_google_without_its_secret": {"GOOGLE_CLIENT_ID": "an-id"},
    "something_else_for_google": {"GOOGLE_ISSUER": "https://idp.example"},
    "two_sources_of_a_secret": {"SECRET_KEY_FILE": "/run/secrets/secret_key"},
}


@pytest.mark.parametrize("case", INSECURE)
def test_an_insecure_value_stops_the_server_and_names_its_variable(case):
    changes = INSECURE[case]

    done = start("-c", "import identity_platform.wsgi", **changes)

    assert done.returncode != 0
    assert next(iter(changes)) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_refusal_does_not_repeat_the_secret():
    done = start("-c", "import identity_platform.wsgi", SECRET_KEY="hunter2")

    assert "hunter2" not in done.stderr + done.stdout


@pytest.mark.parametrize("command", ["worker", "beat"])
def test_worker_and_scheduler_refuse_insecure_values_too(command, tmp_path):
    options = ["--schedule", str(tmp_path / "schedule"), "--pidfile="] if command == "beat" else []

    done = start("-m", "celery", "-A", "identity_platform.celery", command, *options, SECRET_KEY="a" * 64)

    assert done.returncode != 0
    assert "SECRET_KEY" in done.stderr


def test_the_server_itself_ends_instead_of_trying_again():
    done = start(
        "-m", "gunicorn", "--config", "python:identity_platform.gunicorn", WEB_BIND="127.0.0.1:0", SECRET_KEY="a" * 64
    )

    assert done.returncode != 0
    assert "SECRET_KEY" in done.stderr


def test_cookies_of_production_cannot_be_set_by_a_neighbouring_host():
    done = start(
        "-c",
        "import django; django.setup(); from django.conf import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.BROWSER_COOKIE_NAME,"
        "s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_DOMAIN)",
    )

    assert done.stdout.split() == ["__Host-session", "__Host-csrftoken", "__Host-browser", "True", "True", "None"]


def test_the_forwarded_scheme_is_believed_only_where_a_proxy_is_configured():
    ask = "from identity_platform.settings import production as p; print(getattr(p, 'SECURE_PROXY_SSL_HEADER', None))"

    assert start("-c", ask, TRUSTED_PROXY_COUNT="0").stdout.strip() == "None"
    assert "HTTP_X_FORWARDED_PROTO" in start("-c", ask, TRUSTED_PROXY_COUNT="1").stdout
