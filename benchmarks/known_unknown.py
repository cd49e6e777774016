"""What an attacker could read from the time of an answer: for known and unknown addresses POST /login/ and a wrong
password ask the same queries, and cost the same CPU (goal 1.1, the dearer through the cheaper). A known address has an
account, a membership and a password; the unknown one lies in the same domain.
"""

import re
from collections.abc import Callable
from typing import Any

from benchmarks._database import platform
from benchmarks._measure import cpu_medians, report
from benchmarks._wsgi import make_post, serve

ROUNDS, CALLS = 80, 5
KNOWN, UNKNOWN = "bob@acme.example", "ron@acme.example"
Pages = dict[str, Callable[[], object]]


def main() -> None:
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.db import connection as database
    from django.test.utils import CaptureQueriesContext

    from identity_platform.settings import base

    settings.PASSWORD_HASHERS = base.PASSWORD_HASHERS
    # The limits would answer the later ones; their own cost stays in.
    settings.SIGN_IN_LIMITS = dict.fromkeys(settings.SIGN_IN_LIMITS, 10**9)
    make_world()
    application = WSGIHandler()
    for name, path, fields in (
        ("POST /login/", "/login/", {"way": "email"}),
        ("wrong password", "/login/password/", {"password": "not the one that was set"}),
    ):
        pages = {email: posting(application, path, {"email": email, **fields}) for email in (KNOWN, UNKNOWN)}
        asked = {}
        for email, page in pages.items():
            page()
            with CaptureQueriesContext(database) as captured:
                page()
                asked[email] = [without_values(query["sql"]) for query in captured]
        few = name != "POST /login/"  # a password is hashed on purpose for long
        cpu = cpu_medians(pages, rounds=ROUNDS // 4 if few else ROUNDS, calls=1 if few else CALLS)
        ratio = max(cpu.values()) / min(cpu.values())
        report(
            f"{name}: CPU of known and unknown addresses",
            ratio,
            goal=1.1,
            note=f"known {cpu[KNOWN] * 1e6:.0f} us, unknown {cpu[UNKNOWN] * 1e6:.0f} us, "
            f"{len(asked[KNOWN])} statements each",
        )
        report(
            f"{name}: statements that differ",
            sum(a != b for a, b in zip(*padded(*asked.values()), strict=True)),
            goal=0,
            unit="",
        )


def make_world() -> None:
    from django.contrib.auth.hashers import make_password

    from accounts.models import User
    from tests.cast import make_cast, verified_domain
    from tests.factories.sso import live_connection

    cast = make_cast()
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))
    changed = User.objects.filter(email=KNOWN).update(password=make_password("a passphrase that nobody would guess"))
    assert changed == 1


def posting(application: Callable[..., Any], path: str, fields: dict[str, str]) -> Callable[[], object]:
    """A form posted by a browser that has opened a page of ours before."""
    from identity_platform import credentials

    secret = "a" * 32
    cookies = f"browser={credentials.make_token()}; csrftoken={secret}"

    def post() -> None:
        environ = make_post(path, {**fields, "csrfmiddlewaretoken": secret})
        environ["HTTP_COOKIE"] = cookies
        answer = serve(application, environ)
        assert answer.status in (302, 422), (path, answer.status)

    return post


def without_values(sql: str) -> str:
    return re.sub(r"'[^']*'(::\w+)?|\b\d+\b", "?", sql)


def padded(one: list[str], other: list[str]) -> tuple[list[str], list[str]]:
    longest = max(len(one), len(other))
    return one + [""] * (longest - len(one)), other + [""] * (longest - len(other))


if __name__ == "__main__":
    with platform():
        main()
