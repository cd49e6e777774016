"""The outbox delivers at least once, whatever happens to handlers and workers, and forgets secrets on delivery."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail as sent_mail
from django.db import connection, transaction

from audit import mail
from audit.actions import post
from audit.models import OutboxMessage
from audit.tasks import GIVE_UP_AFTER, LEASE, deliver, deliver_outbox, take_due_message

HANDLER = f"{__name__}.handle"

# What the handler of these tests was given, and what it does with it.
given: list[tuple[Mapping[str, Any], Mapping[str, str]]] = []
behaviour: dict[str, Callable[[], None]] = {}


def handle(payload: Mapping[str, Any], secret: Mapping[str, str]) -> None:
    given.append((payload, secret))
    behaviour.get("act", lambda: None)()


@pytest.fixture(autouse=True)
def topic(settings: Any) -> Iterator[None]:
    """One topic of our own, `news`, whose handler notes what it was given."""
    settings.OUTBOX_HANDLERS = {**settings.OUTBOX_HANDLERS, "news": HANDLER}
    given.clear()
    behaviour.clear()
    yield
    behaviour.clear()


def fail_times(count: int) -> Callable[[], None]:
    def act() -> None:
        if len(given) <= count:
            raise ConnectionError("the mail server is away")

    return act


def deliver_what_is_due(*, at: datetime) -> int:
    """What a worker does that looks into the outbox at this time; gives how many messages it found due."""
    count = 0
    while (message := take_due_message(now=at)) is not None:
        deliver(message, now=at)
        count += 1
    return count


@pytest.mark.django_db
def test_a_handler_that_fails_twice_gets_the_message_a_third_time(now: datetime) -> None:
    behaviour["act"] = fail_times(2)
    message = post("news", {"what": "a domain was verified"}, now=now)

    tries = [now, now + timedelta(seconds=11), now + timedelta(seconds=40)]
    assert [deliver_what_is_due(at=moment) for moment in tries] == [1, 1, 1]

    message.refresh_from_db()
    assert message.delivered_at == tries[-1]
    assert (message.attempts, message.last_error) == (3, "")
    assert given == [({"what": "a domain was verified"}, {})] * 3
    assert deliver_what_is_due(at=now + timedelta(days=1)) == 0


@pytest.mark.django_db
def test_after_a_failure_the_next_try_waits_longer_each_time(now: datetime) -> None:
    behaviour["act"] = fail_times(3)
    message = post("news", {}, now=now)
    at, pauses = now, []

    for _ in range(3):
        assert deliver_what_is_due(at=at) == 1
        assert deliver_what_is_due(at=at) == 0
        message.refresh_from_db()
        pauses.append(message.deliver_after - at)
        at = message.deliver_after

    assert pauses == sorted(set(pauses))
    assert message.last_error == "ConnectionError"


@pytest.mark.django_db
def test_a_message_that_cannot_be_delivered_holds_up_nobody_else(now: datetime) -> None:
    post("no such topic", {}, now=now)
    post("news", {"what": "still told"}, now=now + timedelta(seconds=1))

    assert deliver_what_is_due(at=now + timedelta(seconds=2)) == 2

    assert given == [({"what": "still told"}, {})]


@pytest.mark.django_db
def test_a_message_is_given_up_after_twenty_tries_and_loses_its_secret(now: datetime) -> None:
    behaviour["act"] = fail_times(100)
    message = post("news", {}, secret={"link": "https://id.example/login/link/abc/"}, now=now)
    at = now

    for _ in range(GIVE_UP_AFTER):
        assert deliver_what_is_due(at=at) == 1
        message.refresh_from_db()
        at = message.deliver_after
    assert deliver_what_is_due(at=at + timedelta(days=30)) == 0

    assert message.given_up_at is not None
    assert message.given_up_at - now > timedelta(days=1)
    assert (message.delivered_at, message.sealed) == (None, "")


@pytest.mark.django_db
def test_a_worker_killed_while_handling_only_delays_its_message(now: datetime) -> None:
    def be_killed() -> None:
        raise SystemExit

    behaviour["act"] = be_killed
    message = post("news", {"what": "told in the end"}, now=now)

    with pytest.raises(SystemExit):
        deliver_what_is_due(at=now)
    behaviour.clear()

    assert deliver_what_is_due(at=now + LEASE - timedelta(seconds=1)) == 0
    assert deliver_what_is_due(at=now + LEASE) == 1
    message.refresh_from_db()
    assert message.delivered_at == now + LEASE
    assert len(given) == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one transaction write at a time")
def test_two_workers_take_different_messages_without_waiting_for_each_other(now: datetime) -> None:
    for what in ("first", "second"):
        post("news", {"what": what}, now=now)
    taken: list[OutboxMessage | None] = []

    def look_into_the_outbox() -> None:
        try:
            taken.extend(take_due_message(now=now) for _ in range(2))
        finally:
            connection.close()

    other_worker = threading.Thread(target=look_into_the_outbox, daemon=True)
    with transaction.atomic():
        # This transaction still holds its message's row while the other worker looks.
        mine = take_due_message(now=now)
        other_worker.start()
        other_worker.join(timeout=10)
        assert not other_worker.is_alive()

    theirs, nothing = taken
    assert mine is not None
    assert theirs is not None
    assert {mine.payload["what"], theirs.payload["what"]} == {"first", "second"}
    assert nothing is None


@pytest.mark.django_db
def test_a_message_of_a_change_that_was_rolled_back_is_not_sent(now: datetime) -> None:
    def change_and_fail() -> None:
        with transaction.atomic():
            post("news", {}, now=now)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        change_and_fail()

    assert deliver_what_is_due(at=now) == 0


@pytest.mark.django_db
def test_a_delayed_message_waits(now: datetime) -> None:
    post("news", {}, delay=timedelta(hours=1), now=now)

    assert deliver_what_is_due(at=now + timedelta(minutes=59)) == 0
    assert deliver_what_is_due(at=now + timedelta(minutes=61)) == 1


@pytest.mark.django_db
def test_a_secret_reaches_the_handler_lies_nowhere_readable_and_is_forgotten(now: datetime) -> None:
    link = "https://id.example/login/link/wT2uXwq1mVn0dCkqS4H2o7o3xkq3z1uS9dGJb2yQ8fA/"
    message = post("news", {"to": "dana@acme.example"}, secret={"link": link}, now=now)

    stored = str(OutboxMessage.objects.values().get(id=message.id))
    assert message.sealed
    assert "wT2uXwq1" not in stored

    deliver_what_is_due(at=now)

    assert given == [({"to": "dana@acme.example"}, {"link": link})]
    message.refresh_from_db()
    assert message.sealed == ""


@pytest.mark.django_db
def test_a_secret_is_kept_for_the_next_try(now: datetime) -> None:
    behaviour["act"] = fail_times(1)
    post("news", {}, secret={"code": "123456"}, now=now)

    deliver_what_is_due(at=now)
    deliver_what_is_due(at=now + timedelta(minutes=1))

    assert [secret for _, secret in given] == [{"code": "123456"}] * 2


@pytest.mark.django_db
def test_a_mail_arrives_as_text_and_html_with_its_secret_link() -> None:
    mail.send(
        "sign_in",
        to=["dana@acme.example", "erin@acme.example"],
        subject="Your sign-in",
        context={"minutes": 15},
        secret={"link": "https://id.example/login/link/abc/", "code": "123456"},
    )

    deliver_outbox()

    assert [message.to for message in sent_mail.outbox] == [["dana@acme.example"], ["erin@acme.example"]]
    first = sent_mail.outbox[0]
    assert first.subject == "Your sign-in"
    [(html, kind)] = first.alternatives
    assert kind == "text/html"
    for body in (first.body, html):
        assert "https://id.example/login/link/abc/" in body
        assert "123456" in body


@pytest.mark.django_db
def test_a_line_break_in_a_name_neither_stops_a_mail_nor_adds_a_header() -> None:
    mail.send("sign_in", to=["dana@acme.example"], subject="Okta\r\nBcc: eve@evil.example is live", context={})

    deliver_outbox()

    [message] = sent_mail.outbox
    assert message.subject == "Okta Bcc: eve@evil.example is live"
    assert message.recipients() == ["dana@acme.example"]
    assert message.message()["Bcc"] is None


@pytest.mark.django_db
def test_the_log_names_the_topic_that_failed_and_nothing_of_its_content(
    now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    behaviour["act"] = fail_times(1)
    post("news", {"to": "dana@acme.example"}, now=now)

    deliver_what_is_due(at=now)

    [record] = [record for record in caplog.records if record.message == "outbox.failed"]
    assert (record.handler, record.tries) == ("news", 1)  # type: ignore[attr-defined]
    assert "dana" not in record.getMessage()
