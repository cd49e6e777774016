"""The demo's own web site within the test process, under the settings that it has in its own."""

import re
import threading
from collections.abc import Iterator

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from demo import settings as demo_settings
from demo.models import Tenant
from demo.seed import seed_world

PLATFORM = "http://localhost:8000"
ITS_OWN = (
    "ROOT_URLCONF",
    "MIDDLEWARE",
    "CSRF_COOKIE_NAME",
    "CSRF_FAILURE_VIEW",
    "MESSAGE_STORAGE",
    "CONTENT_SECURITY_POLICY",
)


@pytest.fixture
def demo_site(settings: Settings) -> None:
    for name in ITS_OWN:
        setattr(settings, name, getattr(demo_settings, name))
    settings.PUBLIC_URL = PLATFORM
    settings.EMAIL_BACKEND = "demo.mailbox.MailboxBackend"


@pytest.fixture
def world(demo_site: None, products: object) -> None:
    """The demo as the seed leaves it."""
    seed_world(now=timezone.now())


@pytest.fixture
def northwind(world: None) -> Tenant:
    return Tenant.objects.get(slug="northwind")


@pytest.fixture
def browser(demo_site: None) -> Client:
    return Client(enforce_csrf_checks=False)


@pytest.fixture
def served(demo_site: None, settings: Settings, transactional_db: None, products: object) -> Iterator[str]:
    """The seeded site on a port of its own, for clients that come by the network; gives its address."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    settings.DEMO_URL = f"http://127.0.0.1:{server.server_address[1]}"
    seed_world(now=timezone.now())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield settings.DEMO_URL
    server.shutdown()
    server.server_close()
    thread.join()
    connections.close_all()


def hidden_fields(html: str) -> dict[str, str]:
    """The hidden fields of a page's forms, by name."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html))
