"""The Celery application, and how a task carries the id of the request that caused it.

Tasks are found in each app's `tasks.py`. A task published while a request is served takes that request's id along in a
message header, so that one id leads from the access log to everything the request set off.
"""

import logging
import os
from typing import Any

from celery import Celery, Task
from celery.signals import beat_init, before_task_publish, setup_logging, worker_init

from identity_platform.request_context import RequestContext, current, new_request_id, serving

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "identity_platform.settings.dev")

logger = logging.getLogger(__name__)

# A header of our own: Celery's `id` names the task's run, a retry keeps it, and one request may cause many.
REQUEST_ID_HEADER = "acme_request_id"


class PlatformTask(Task):
    """Serves a task inside the context of the request that published it; a task nobody asked for gets an id anew."""

    abstract = True

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        request_id = (self.request.headers or {}).get(REQUEST_ID_HEADER) or new_request_id()
        with serving(RequestContext(request_id=request_id)):
            return super().__call__(*arguments, **named)


app = Celery("identity_platform", task_cls=PlatformTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@before_task_publish.connect(dispatch_uid="request_id_travels")
def add_request_id(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Signal receiver: note the request being served in the message about to be published."""
    if headers is not None and (request_id := current().request_id):
        headers.setdefault(REQUEST_ID_HEADER, request_id)


@setup_logging.connect(dispatch_uid="logging_is_django's")
def keep_our_logging(**_: Any) -> None:
    """Signal receiver: its mere existence keeps Celery from replacing the handlers that LOGGING configured."""


@worker_init.connect(dispatch_uid="refuse_insecure_worker")
@beat_init.connect(dispatch_uid="refuse_insecure_beat")
def refuse_insecure_settings(**_: Any) -> None:
    """Signal receiver: neither a worker nor a scheduler begins its work under insecure settings."""
    from identity_platform.checks import refuse_to_start_insecurely  # noqa: PLC0415 - needs configured settings

    refuse_to_start_insecurely()
    logger.info("settings.accepted")
