"""Log lines: JSON with the request's id, and without anything that names a person or lets somebody in."""

import json
import logging
import sys

import pytest
from django.db import IntegrityError
from django.test import RequestFactory

from identity_platform.logging import JsonFormatter, TextFormatter, redact
from identity_platform.request_context import RequestContext, serving


def written(message: str, *arguments: object, exc_info=None, **extra: object) -> dict:
    record = logging.LogRecord("sso.actions", logging.WARNING, __file__, 1, message, arguments, exc_info)
    for name, value in extra.items():
        setattr(record, name, value)
    return json.loads(JsonFormatter().format(record))


def test_a_line_carries_the_id_of_the_request_being_served():
    with serving(RequestContext(request_id="f" * 32)):
        line = written("sign_in.refused", code="assertion_expired")

    assert line["request_id"] == "f" * 32
    assert (line["level"], line["logger"], line["message"]) == ("warning", "sso.actions", "sign_in.refused")
    assert line["code"] == "assertion_expired"
    assert line["time"].endswith("+00:00")


def test_fields_that_are_not_listed_stay_out():
    assert "email" not in written("sign_in.refused", email="dana@northwind.example")


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("sent to dana@northwind.example now", "sent to [address] now"),
        ("email=dana@northwind.example", "email=[address]"),
        ("GET /login/?email=dana%40northwind.example", "GET /login/?[query]"),
        ("https://id.acme.example/acs?SAMLResponse=PHNhbWw", "https://id.acme.example/acs?[query]"),
        ("token wT2uXwq1mVn0dCkqS4H2o7o3xkq3z1uS9dGJb2yQ8fA", "token [secret]"),
        ("request 0123456789abcdef0123456789abcdef", "request 0123456789abcdef0123456789abcdef"),
        ("is it there? yes", "is it there? yes"),
    ],
)
def test_addresses_queries_and_tokens_are_taken_out(message, kept):
    assert redact(message) == kept


def test_an_exception_is_told_by_type_and_place_without_its_text():
    try:
        raise IntegrityError("Key (email)=(dana@northwind.example) already exists.")
    except IntegrityError:
        line = written("task.failed", exc_info=sys.exc_info())

    assert line["error"] == "IntegrityError"
    assert "test_logging.py" in line["stack"][0]
    assert "northwind" not in json.dumps(line)


def test_a_path_with_a_sign_in_token_is_not_logged():
    request = RequestFactory().get("/login/email/short-token-123/")
    request.resolver_match = None

    line = written("%s: %s", "Not Found", request.path, request=request, status_code=404)

    assert line["message"] == "Not Found: [no view]"
    assert line["status_code"] == 404


def test_a_failed_task_is_told_without_the_text_of_its_exception():
    task = {"name": "audit.deliver_outbox", "id": "0" * 8, "description": "raised unexpected"}
    context = {**task, "exc": "ValueError('dana of Northwind')"}
    record = logging.LogRecord(
        "celery.app.trace", logging.ERROR, __file__, 1, "Task %(name)s[%(id)s]: %(exc)s", (context,), None
    )
    record.data = context

    line = json.loads(JsonFormatter().format(record))

    assert line["message"] == "Task audit.deliver_outbox[00000000] raised unexpected"


def test_a_developer_sees_the_same_fields_in_plain_text():
    record = logging.LogRecord("identity_platform.access", logging.INFO, __file__, 1, "request.served", (), None)
    record.view, record.status = "login/", 200

    with serving(RequestContext(request_id="f" * 32)):
        line = TextFormatter("%(message)s").format(record)

    assert line == "request.served view=login/ status=200 [ffffffff]"
