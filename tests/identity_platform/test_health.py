"""What probes and Prometheus are told, and who may ask."""

import json
import logging
from ipaddress import ip_network

import pytest
from django.db import OperationalError
from django.utils import timezone
from kombu import Connection

from audit.models import OutboxMessage
from identity_platform import health
from identity_platform.celery import app as celery_app

TOKEN = "a-token-for-monitoring-that-is-long-enough"


@pytest.fixture
def _no_broker(monkeypatch):
    for name in ("connection_for_write", "connection_for_read"):
        monkeypatch.setattr(celery_app, name, lambda: Connection("redis://127.0.0.1:1/0"))


def test_liveness_asks_nothing_of_others(client, monkeypatch):
    monkeypatch.setattr(health, "_database_answers", lambda: False)
    monkeypatch.setattr(health, "_broker_answers", lambda: False)

    response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readiness_is_given_when_database_and_broker_answer(client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"database": "ok", "broker": "ok"}


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_broker")
def test_readiness_names_the_broker_that_fails_and_says_nothing_more(client):
    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"database": "ok", "broker": "failed"}


def test_readiness_names_the_database_that_fails_and_says_nothing_more(client, monkeypatch):
    class Broken:
        def cursor(self):
            raise OperationalError("could not connect to server at 10.0.0.7 as identity")

    monkeypatch.setattr(health, "connection", Broken())

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"database": "failed", "broker": "ok"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_only_read(client, path):
    assert client.post(path).status_code == 405


@pytest.mark.django_db
def test_metrics_are_closed_without_network_or_token(client, settings):
    settings.METRICS_NETWORKS, settings.METRICS_TOKEN = [], ""

    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 403


@pytest.mark.django_db
def test_metrics_are_open_to_the_configured_network_alone(client, settings):
    settings.METRICS_NETWORKS, settings.METRICS_TOKEN = [ip_network("192.0.2.0/24")], ""

    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="198.51.100.7").status_code == 403


@pytest.mark.django_db
def test_metrics_are_open_to_the_bearer_of_the_token(client, settings):
    settings.METRICS_NETWORKS, settings.METRICS_TOKEN = [], TOKEN

    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}x"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 403


@pytest.fixture
def read_metrics(client, settings):
    settings.METRICS_NETWORKS = [ip_network("127.0.0.0/8")]

    def read() -> dict[str, float]:
        lines = client.get("/metrics").content.decode().splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}

    return read


@pytest.mark.django_db
def test_requests_are_counted_by_view_and_status_and_never_by_path(client, read_metrics):
    name = 'acme_http_requests_total{method="GET",status="404",view="unmatched"}'
    before = read_metrics().get(name, 0)

    client.get("/nowhere/dana@northwind.example/")

    figures = read_metrics()
    assert figures[name] == before + 1
    assert not any("northwind" in figure for figure in figures)


@pytest.mark.django_db
def test_waiting_messages_are_told(read_metrics):
    now = timezone.now()
    OutboxMessage.objects.create(topic="mail", created_at=now, deliver_after=now)

    figures = read_metrics()

    assert figures["acme_outbox_waiting"] == 1
    assert figures["acme_outbox_oldest_seconds"] >= 0
    assert figures["acme_tasks_waiting"] == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_broker")
def test_metrics_without_a_broker_leave_its_figure_out(read_metrics):
    figures = read_metrics()

    assert "acme_tasks_waiting" not in figures
    assert "acme_outbox_waiting" in figures


def test_each_request_is_one_log_line_without_its_path(client, caplog):
    with caplog.at_level(logging.INFO, logger="identity_platform.access"):
        client.get("/healthz?email=dana@northwind.example")

    [line] = [record for record in caplog.records if record.name == "identity_platform.access"]
    assert (line.method, line.view, line.status) == ("GET", "healthz", 200)
    assert "northwind" not in json.dumps(line.__dict__, default=str)
