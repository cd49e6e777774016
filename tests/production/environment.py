"""A complete environment of a deployment, as the smallest example of one that is accepted.

    python -m tests.production.environment check --deploy

runs a management command under the production settings with it.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

ACCEPTED = {
    "DJANGO_SETTINGS_MODULE": "identity_platform.settings.production",
    "PUBLIC_URL": "https://id.acme.example",
    "SUPPORT_ADDRESS": "support@acme.example",
    "SECRET_KEY": "an-example-of-a-secret-that-nobody-must-ever-use-0123456789",
    "ENCRYPTION_KEYS": "an-example-of-an-encryption-key-0123456789",
    "DATABASE_HOST": "127.0.0.1",
    "DATABASE_NAME": "identity",
    "DATABASE_USER": "identity",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "EMAIL_HOST": "mail.acme.example",
    "DEFAULT_FROM_EMAIL": "Acme Identity <no-reply@acme.example>",
    "TRUSTED_PROXY_COUNT": "1",
}


def production_environment(**changes: str | None) -> dict[str, str]:
    """The accepted environment with changes; None leaves a variable out. Nothing of this process's own comes along."""
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}", **ACCEPTED}
    for name, value in changes.items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    return environment


if __name__ == "__main__":
    command = [sys.executable, str(ROOT / "manage.py"), *sys.argv[1:]]
    os.execve(sys.executable, command, production_environment())  # noqa: S606 - a command of ours, without a shell
