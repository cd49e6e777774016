"""A PostgreSQL database of the benchmarks' own, made for one run and dropped after it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def platform() -> Iterator[None]:
    """The platform on a fresh database, with the products loaded, with connections, files and logs as in production."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "identity_platform.settings.test"
    import django

    django.setup()
    from django.conf import settings
    from django.db import connections
    from django.test.utils import get_runner, setup_test_environment, teardown_test_environment

    from orgs.products import load_products

    # A name of this run's own: tests, and other benchmarks, may be running beside it.
    connections["default"].settings_dict["TEST"]["NAME"] = f"benchmark_{os.getpid()}"
    connections["default"].settings_dict.update(CONN_MAX_AGE=300, CONN_HEALTH_CHECKS=True)
    # Static files are looked for once, at the start, and not by each request.
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = False
    _log_as_production_does()
    runner = get_runner(settings)(verbosity=0, interactive=False)
    setup_test_environment()
    _render_as_production_does()
    databases = runner.setup_databases()
    try:
        load_products(Path(settings.PRODUCTS_FILE).read_bytes())
        yield
    finally:
        runner.teardown_databases(databases)
        teardown_test_environment()


def _render_as_production_does() -> None:
    """Without the signal that tests have each template send."""
    from django.template import Template
    from django.test.utils import _TestState

    Template._render = _TestState.saved_data.template_render


def _log_as_production_does() -> None:
    """Every request makes its line of JSON; here it is thrown away."""
    import io
    import logging

    from identity_platform.logging import configure

    class Nowhere(io.TextIOBase):
        def write(self, text: str) -> int:
            return len(text)

    configure({"level": "INFO", "format": "json"})
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(Nowhere())
