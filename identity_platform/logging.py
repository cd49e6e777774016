"""Logs: one JSON object a line in production, plain lines in development, with the request's id and without people.

What may identify somebody or let somebody in is kept out three times: our own code logs ids and never addresses; the
JSON form takes only the extra fields listed here; and what others wrote (Django's paths, a library's message) goes
through `redact`. Of an exception the type and the places are kept but not its text, which may quote a row.
"""

import json
import logging
import logging.config
import re
import traceback
from datetime import UTC, datetime
from typing import Any

from identity_platform.request_context import current

# Extra fields that may stand in a line, all of them ids, names of ours, or numbers.
FIELDS = (
    "view",
    "method",
    "status",
    "status_code",
    "duration_ms",
    "task",
    "task_id",
    "code",
    "reference",
    "organization",
    "parent",
    "connection",
    "revision",
    "claim",
    "user",
    "handler",
    "message_id",
    "tries",
    "count",
)

_ADDRESS = re.compile(r"[^\s\"'<>()=/,;:]+@[^\s\"'<>(),;:]+")
_QUERY = re.compile(r"(?<=/)\?\S*|(?<=\w)\?(?=\w)\S*")
# Tokens of ours have 43 characters, signed values and JWTs more; ids have 32 and stay readable.
_TOKEN = re.compile(r"[A-Za-z0-9_\-=]{40,}")


def configure(options: dict[str, str]) -> None:
    """Set up logging; Django calls this with LOGGING: `level`, and `format` as `json` or `text`."""
    logging.config.dictConfig(describe(level=options["level"], format=options["format"]))
    if options["format"] == "json":
        # A library's warning would otherwise be the one thing on stderr that no collector of logs can read.
        logging.captureWarnings(True)


def describe(*, level: str, format: str) -> dict[str, Any]:
    """The configuration as `logging.config.dictConfig` wants it; gunicorn asks for it too."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "identity_platform.logging.JsonFormatter"},
            "text": {
                "()": "identity_platform.logging.TextFormatter",
                "format": "%(asctime)s %(levelname)-7s %(name)s  %(message)s",
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": format}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Each request is already one line of identity_platform.access, so Django's own lines begin at warnings.
            "django": {"level": "WARNING"},
            # Celery announces each task three times at INFO. That it ended is worth a line, but not on a terminal,
            # where the ones that come every few seconds would bury the rest.
            "celery.beat": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING" if format == "text" else level},
            "gunicorn.error": {"level": level, "handlers": ["stderr"], "propagate": False},
            "gunicorn.access": {"level": level, "handlers": [], "propagate": False},
        },
    }


def redact(message: str) -> str:
    """`message` with email addresses, query strings and everything as long as a token replaced."""
    message = _QUERY.sub("?[query]", message)
    message = _ADDRESS.sub("[address]", message)
    return _TOKEN.sub("[secret]", message)


class JsonFormatter(logging.Formatter):
    """One line of JSON: time (UTC), level, logger, message, request id, the listed fields, and where it failed."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(_message(record)),
        }
        if request_id := current().request_id:
            line["request_id"] = request_id
        line |= _fields(record)
        if record.exc_info and record.exc_info[0] is not None:
            line["error"], line["stack"] = record.exc_info[0].__qualname__, _places(record.exc_info[2])
        return json.dumps(line, default=str, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """For a developer's terminal: the listed fields, the beginning of the request's id, exceptions in full."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        parts = [super().formatMessage(record), *(f"{field}={value}" for field, value in _fields(record).items())]
        if request_id := current().request_id:
            parts.append(f"[{request_id[:8]}]")
        return " ".join(parts)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {field: value for field in FIELDS if (value := getattr(record, field, None)) is not None}


def _message(record: logging.LogRecord) -> str:
    """The message, without what the frameworks put into theirs: Django the path of a request, which may hold a sign-in
    token, and Celery the text of the exception that ended a task."""
    task = getattr(record, "data", None)
    if record.name == "celery.app.trace" and isinstance(task, dict) and "exc" in task:
        return f"Task {task['name']}[{task['id']}] {task['description']}"
    request = getattr(record, "request", None)
    path = getattr(request, "path", "")
    match = getattr(request, "resolver_match", None)
    message = record.getMessage()
    return message.replace(path, match.route if match else "[no view]") if len(path) > 1 else message


def _places(trace: Any) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
