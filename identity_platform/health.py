"""For machines that watch us: is the process alive, can it serve, and how does it do."""

import ipaddress
import logging

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import KombuError

from identity_platform import credentials, metrics
from identity_platform.celery import app as celery_app
from identity_platform.errors import PlatformError
from identity_platform.request_context import current

logger = logging.getLogger(__name__)

BROKER_PATIENCE = 2  # seconds, so that the probe's own limit isn't reached first


class MetricsClosed(PlatformError):
    code = "metrics_closed"
    message = "This address is for monitoring."
    remedy = "Ask from a network listed in METRICS_NETWORKS, or send METRICS_TOKEN as a bearer token."
    status = 403


@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Liveness: the process answers. Asks nothing of others, or a database's outage would restart every server."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """Readiness: 200 when database and broker answer, else 503 naming the part that doesn't. Says nothing more: hosts
    and error texts are for the log."""
    parts = {"database": _database_answers(), "broker": _broker_answers()}
    shown = {name: "ok" if answers else "failed" for name, answers in parts.items()}
    return JsonResponse(shown, status=200 if all(parts.values()) else 503)


@require_safe
@never_cache
@login_not_required
def show_metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' figures, for METRICS_NETWORKS and for bearers of METRICS_TOKEN. Others get MetricsClosed."""
    if not (_comes_from_inside() or _bears_token(request)):
        raise MetricsClosed
    return HttpResponse(metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        logger.warning("ready.database_failed", extra={"code": type(error).__name__})
        return False
    return True


def _broker_answers() -> bool:
    with celery_app.connection_for_write() as broker:
        try:
            broker.ensure_connection(max_retries=1, interval_start=0.1, timeout=BROKER_PATIENCE)
        except (KombuError, OSError, *broker.connection_errors) as error:
            logger.warning("ready.broker_failed", extra={"code": type(error).__name__})
            return False
    return True


def _comes_from_inside() -> bool:
    ip = current().ip
    if ip is None:
        return False
    address = ipaddress.ip_address(ip)
    return any(address in network for network in settings.METRICS_NETWORKS)


def _bears_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    expected = settings.METRICS_TOKEN
    return bool(expected) and scheme.lower() == "bearer" and credentials.is_same(token.strip(), expected)
