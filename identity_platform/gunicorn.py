"""gunicorn's configuration for `make run` and production: `gunicorn --config python:identity_platform.gunicorn`.

A few processes of several threads: most of a request's time is spent waiting for the database or an identity provider.
What differs between machines comes from the environment.
"""

import os
import shutil
import tempfile
from datetime import timedelta
from typing import Any

from identity_platform import environment
from identity_platform.logging import describe

wsgi_app = "identity_platform.wsgi:application"
# Loaded before forking, so that settings which refuse to start end the server instead of one worker after the other.
preload_app = True

bind = environment.text("WEB_BIND", default="127.0.0.1:8000")
workers = environment.integer("WEB_WORKERS", default=2, minimum=1)
threads = environment.integer("WEB_THREADS", default=8, minimum=1)
worker_class = "gthread"
timeout = int(environment.seconds("WEB_TIMEOUT", default=timedelta(seconds=60), minimum=1).total_seconds())
# Replacing workers now and then returns memory that parsers of large documents have fragmented; not all at once.
max_requests = 10_000
max_requests_jitter = 1_000
# The heartbeat file is touched each second; on a read-only or slow disk that must be memory.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a mount, not a shared file

# TLS, where no proxy of ours ends it.
certfile = environment.text("TLS_CERTIFICATE_FILE", default="") or None
keyfile = environment.text("TLS_KEY_FILE", default="") or None

# Whether a request came by TLS, and from whom, is judged in one place: by Django, with TRUSTED_PROXY_COUNT.
forwarded_allow_ips = ""
forwarder_headers = ""
# Nobody steers the server from outside of its signals.
control_socket_disable = True

# Paths may hold sign-in tokens, so there is no access log of gunicorn; `metrics.py` writes a line without them.
accesslog = None
logconfig_dict = describe(
    level=environment.text("LOG_LEVEL", default="INFO"),
    format=environment.choice("LOG_FORMAT", among=["json", "text"], default="json"),
)

# Where the processes leave their counts for /metrics. Counts of an earlier run must not be added up, so the folder is
# new each time. It has to be named before prometheus_client is imported, which chooses its storage then.
_own_folder = workers > 1 and "PROMETHEUS_MULTIPROC_DIR" not in os.environ
if _own_folder:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-")


def child_exit(server: Any, worker: Any) -> None:
    """Hook: a process that ended takes its live gauges along; its counters stay in the sums."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess  # noqa: PLC0415 - see above

        multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """Hook: the arbiter leaves; its counts go with it."""
    if _own_folder:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
