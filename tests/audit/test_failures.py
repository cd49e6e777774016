"""A failure nobody foresaw: whoever meets it, reads the log or searches the audit log has the same reference."""

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
from django.db import DatabaseError
from django.test import Client

from audit import actions
from audit.models import AuditEvent
from audit.queries import describe
from identity_platform.logging import JsonFormatter
from identity_platform.references import PATTERN

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.audit.failing_urls")]

REFERENCE = re.compile(PATTERN)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the refusals write into the log, in the form of production."""
    lines = io.StringIO()
    handler, logger = logging.StreamHandler(lines), logging.getLogger("identity_platform.refusals")
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def read(log: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_page_log_line_and_audit_event_have_one_reference(client: Client, log: io.StringIO) -> None:
    page = client.get("/fails/")

    assert page.status_code == 500
    text = page.content.decode()
    assert "Something failed on our side." in text
    [reference] = set(REFERENCE.findall(text))
    event = AuditEvent.objects.get(reference=reference)
    assert (event.code, event.details) == ("request.failed", {"kind": "ZeroDivisionError"})
    assert describe(event) == "A request failed unexpectedly"
    [line] = read(log)
    assert (line["message"], line["reference"], line["error"]) == ("request.failed", reference, "ZeroDivisionError")
    assert line["request_id"] == event.request_id == page["X-Request-ID"]


def test_what_failed_is_told_to_nobody(client: Client, log: io.StringIO) -> None:
    page = client.get("/fails/")

    event = AuditEvent.objects.values().get(code="request.failed")
    for told in (page.content.decode(), log.getvalue(), str(event)):
        assert "dana@acme.example" not in told
    assert "ZeroDivisionError" not in page.content.decode()


def test_the_api_gets_the_reference_in_problem_details(client: Client) -> None:
    answer = client.get("/api/fails/")

    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    problem = answer.json()
    assert problem["code"] == "unexpected"
    assert AuditEvent.objects.get(reference=problem["reference"]).code == "request.failed"


def test_a_scim_client_gets_a_scim_error(client: Client) -> None:
    answer = client.get("/scim/v2/fails/")

    assert (answer.status_code, answer["Content-Type"]) == (500, "application/scim+json")
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert answer.json()["status"] == "500"


def test_when_the_audit_log_is_what_failed_page_and_log_still_agree(
    client: Client, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_away(*_: object, **__: object) -> None:
        raise DatabaseError("the database is away")

    monkeypatch.setattr(actions, "record", be_away)

    page = client.get("/fails/")

    assert page.status_code == 500
    [reference] = set(REFERENCE.findall(page.content.decode()))
    assert [(line["message"], line["reference"]) for line in read(log)] == [
        ("request.failed", reference),
        ("audit.unreachable", reference),
    ]
