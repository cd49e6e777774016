"""The process of the demo world: its web site and its name server, until a signal comes."""

import signal
import threading
from types import FrameType
from urllib.parse import urlsplit

from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

from demo.dns.server import DemoNameServer
from demo.dns.tables import load_zones_in_a_thread


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Requests of the demo would bury what the platform has to say."""


def serve_until_stopped() -> None:
    """Serve DEMO_URL and DNS_PORT until SIGINT or SIGTERM. Raises OSError when a port is taken.

    To be called from the main thread, which alone may catch signals.
    """
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    address = urlsplit(settings.DEMO_URL)
    with (
        DemoNameServer(load_zones_in_a_thread, port=settings.DNS_PORT),
        ThreadedWSGIServer((address.hostname or "127.0.0.1", address.port or 80), _QuietHandler) as web,
    ):
        web.daemon_threads = True
        web.set_app(get_wsgi_application())
        serving = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        serving.start()
        stopping.wait()
        web.shutdown()
        serving.join()
