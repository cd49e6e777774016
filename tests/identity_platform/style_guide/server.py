"""Serve the style guide on a port of this machine, under the project's own content security policy."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.test import override_settings

# These ask the database, which the style guide does without.
WITH_DATABASE = {
    "accounts.middleware.SessionMiddleware",
    "accounts.sign_in_asked.SignInAskedMiddleware",
    "identity_platform.middleware.RefusalMiddleware",
}


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serve_style_guide() -> Iterator[str]:
    """Yield the address under which the pages answer."""
    middleware = [name for name in settings.MIDDLEWARE if name not in WITH_DATABASE]
    with override_settings(
        ROOT_URLCONF="tests.identity_platform.style_guide.urls", MIDDLEWARE=middleware, WHITENOISE_USE_FINDERS=True
    ):
        server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler)
        server.set_app(get_wsgi_application())
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
