"""What Prometheus is told, and the one line per request that the log is told.

Labels are ours alone (the URL pattern, never the path), so neither an address nor a token can become a label and their
number is bounded. With several server processes the counts of all are summed (PROMETHEUS_MULTIPROC_DIR, which
`identity_platform/gunicorn.py` sets); queue lengths are read when asked.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator

from django.apps import apps
from django.db import DatabaseError
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from kombu.exceptions import KombuError
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from identity_platform.celery import app as celery_app

access_log = logging.getLogger("identity_platform.access")
logger = logging.getLogger(__name__)

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Seconds. The pages aim at a tenth of a second; a claim's check over DNS may take ten.
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Counter("acme_http_requests", "Requests answered.", ["method", "view", "status"])
LATENCY = Histogram(
    "acme_http_request_seconds", "Time from request to response.", ["method", "view"], buckets=LATENCY_BUCKETS
)


class RequestMetricsMiddleware:
    """Counts and logs each request; stands outside everything that may answer or fail, but inside the request's id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        response = self.get_response(request)
        took = time.perf_counter() - began

        match = request.resolver_match
        view = match.route if match else "unmatched"
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(method, view, str(response.status_code)).inc()
        LATENCY.labels(method, view).observe(took)
        access_log.info(
            "request.served",
            extra={
                "method": method,
                "view": view,
                "status": response.status_code,
                "duration_ms": round(took * 1000, 1),
            },
        )
        return response


class QueueCollector(Collector):
    """What waits: messages of the outbox, tasks at the broker. A part that can't be asked is left out of the answer."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            yield from _outbox()
        except DatabaseError:
            logger.warning("metrics.outbox_unreadable")
        yield from _broker()


def exposition() -> bytes:
    """All figures in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    else:
        registry = REGISTRY
    queues = CollectorRegistry()
    queues.register(QueueCollector())
    return generate_latest(registry) + generate_latest(queues)


def _outbox() -> Iterator[GaugeMetricFamily]:
    # By name, because the shared part stands below all apps and doesn't import them.
    messages = apps.get_model("audit", "OutboxMessage")._default_manager
    still_open = messages.filter(delivered_at=None, given_up_at=None)
    waiting = still_open.aggregate(count=Count("id"), oldest=Min("created_at"))
    given_up = messages.filter(given_up_at__isnull=False).count()
    age = (timezone.now() - waiting["oldest"]).total_seconds() if waiting["oldest"] else 0.0
    yield GaugeMetricFamily("acme_outbox_waiting", "Messages not yet delivered.", value=waiting["count"])
    yield GaugeMetricFamily("acme_outbox_oldest_seconds", "Age of the oldest message not yet delivered.", value=age)
    yield GaugeMetricFamily("acme_outbox_given_up", "Messages whose delivery was given up.", value=given_up)


def _broker() -> Iterator[GaugeMetricFamily]:
    with celery_app.connection_for_read() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0.1, timeout=2)
            queue = celery_app.conf.task_default_queue
            length = connection.default_channel.queue_declare(queue=queue, durable=True).message_count
        except (KombuError, OSError, *connection.connection_errors, *connection.channel_errors):
            logger.warning("metrics.broker_unreadable")
            return
    yield GaugeMetricFamily("acme_tasks_waiting", "Tasks at the broker that no worker has taken.", value=length)
