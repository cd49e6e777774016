"""What is known of the request (or task) being served: carried in a context variable for logs and audit.

Only the middleware and the task base write it; everybody else reads `current()`.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class RequestContext:
    request_id: str = ""
    ip: str | None = None
    user_agent: str = ""


_current: ContextVar[RequestContext] = ContextVar("request_context", default=RequestContext())  # noqa: B039 - frozen


def current() -> RequestContext:
    return _current.get()


def new_request_id() -> str:
    return uuid.uuid4().hex


@contextmanager
def serving(context: RequestContext) -> Iterator[RequestContext]:
    """Everything inside belongs to this request or task."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
