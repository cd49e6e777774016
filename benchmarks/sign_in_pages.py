"""CPU of pages against an empty view behind the same middleware, in the same run: GET /login/ (goal 1.6), and the fixed
cost of a signed-in settings page: session, person, membership and both policies, nothing rendered (goal 2.5). And how
even they are: p99 against p50 of wall time with one client (goal 3).

Alice's address lies in a domain that another parent than the organization's holds and enforces SSO for, so that both
policies decide. Measured is this process, from what the web server hands over to the last byte; PostgreSQL's own CPU
isn't in it.
"""

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from benchmarks._database import platform
from benchmarks._measure import cpu_medians, report
from benchmarks._wsgi import make_get, serve

ROUNDS, CALLS, REQUESTS = 60, 20, 3000


def main() -> None:
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.db import connection as database
    from django.test.utils import CaptureQueriesContext

    settings.ROOT_URLCONF = "benchmarks._urls"
    mark, key = make_world()
    application = WSGIHandler()
    stranger = {"browser": mark, "csrftoken": "a" * 32}
    alice = {**stranger, "session": key}
    pages = {
        "empty": getting(application, "/nothing/", cookies=stranger),
        "empty, signed in": getting(application, "/nothing/", cookies=alice),
        "login": getting(application, "/login/", cookies=stranger),
        "login, first visit": getting(application, "/login/", cookies={}),
        "settings": getting(application, "/orgs/acme/nothing/", cookies=alice),
    }
    for page in pages.values():
        page()
    with CaptureQueriesContext(database) as captured:
        pages["settings"]()
        statements = len(captured)

    cpu = cpu_medians(pages, rounds=ROUNDS, calls=CALLS)
    unit = cpu["empty"]
    report(
        "login page: GET /login/ / empty view",
        cpu["login"] / unit,
        goal=1.6,
        note=f"empty view {unit * 1e6:.0f} us; a browser's first visit {cpu['login, first visit'] / unit:.2f}",
    )
    report(
        "door: fixed cost of a signed-in settings page / empty view",
        cpu["settings"] / unit,
        goal=2.5,
        note=f"{statements} statement; against an empty view with the same cookies "
        f"{cpu['settings'] / cpu['empty, signed in']:.2f}",
    )
    for name in ("login", "settings"):
        p50, p99 = percentiles(pages[name])
        report(f"{name}: p99 / p50 with one client", p99 / p50, goal=3, note=f"p50 {p50 * 1e6:.0f} us wall")


def make_world() -> tuple[str, str]:
    """The mark of a browser, and the key of a session of Alice that was proved through the holder's connection."""
    from django.utils import timezone

    from accounts.actions.sessions import start_session
    from accounts.models import Way
    from identity_platform import credentials
    from orgs.models import Product
    from tests.cast import make_cast, verified_domain
    from tests.factories.sso import live_connection

    cast = make_cast()
    claim = verified_domain(cast.globex_group, "acme.example", added_by=cast.charlie)
    idp = live_connection(cast.globex_group, created_by=cast.charlie, claims=(claim,))
    now, mark = timezone.now(), credentials.make_token()
    for product in Product.objects.all():
        cast.globex_group.enforcements.create(product=product, enforced_at=now - timedelta(days=1))
    key = start_session(
        cast.alice,
        way=Way.SSO,
        connection_id=idp.connection.id,
        browser_hash=credentials.hash_token(mark),
        proved_at=now,
        now=now,
    )
    return mark, key


def getting(application: Callable[..., Any], path: str, *, cookies: dict[str, str]) -> Callable[[], object]:
    def get() -> None:
        answer = serve(application, make_get(path, cookies=cookies))
        assert answer.status == 200, (path, answer.status, answer.headers)

    return get


def percentiles(page: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall time at p50 and p99, with the collector of garbage on as when serving."""
    spent = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        page()
        spent.append(time.perf_counter() - began)
    cuts = statistics.quantiles(spent, n=100)
    return cuts[49], cuts[98]


if __name__ == "__main__":
    with platform():
        main()
