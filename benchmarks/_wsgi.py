"""Requests as the web server hands them over, so that what is measured is the platform and no test client."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

Environ = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def make_get(path: str, *, cookies: dict[str, str]) -> Environ:
    return _environ("GET", path, HTTP_COOKIE="; ".join(f"{name}={value}" for name, value in cookies.items()))


def make_post(path: str, fields: dict[str, str]) -> Environ:
    """A form posted by a page of another site: no cookie of ours comes with it."""
    body = urlencode(fields).encode()
    return _environ(
        "POST",
        path,
        CONTENT_TYPE="application/x-www-form-urlencoded",
        CONTENT_LENGTH=str(len(body)),
        **{"wsgi.input": io.BytesIO(body)},
    )


def serve(application: Callable[..., Any], environ: Environ) -> Answer:
    """One request, from what the server hands over to the last byte and the signal that the request is over."""
    begun: list[Any] = []
    response = application(environ, lambda status, headers, exc_info=None: begun.extend((status, headers)))
    try:
        body = b"".join(response)
    finally:
        response.close()
    return Answer(status=int(begun[0].split()[0]), headers=dict(begun[1]), body=body)


def _environ(method: str, path: str, **more: Any) -> Environ:
    # The headers of a browser, because parsing them is part of a request.
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.7",
        "HTTP_HOST": "testserver",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "HTTP_ACCEPT_LANGUAGE": "en-US,en;q=0.5",
        "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **more,
    }
