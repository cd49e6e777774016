"""docker-compose.yml, checked against the Compose schema and then run: its commands with its environment, as processes
of this machine against PostgreSQL and a Redis of its own.

No container engine is at hand, so what only an engine can show isn't shown here: that the image builds, that the file
systems are read-only, that networks and capabilities are as narrow as written (docs/operations.md).
"""

import json
import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import check_jsonschema
import jsonschema
import psycopg2
import pytest
from psycopg2 import sql

from tests.production.compose import ROOT, Deployment, copy_image_files, load_compose, wait_until
from tests.production.mail_sink import mail_sink

pytestmark = pytest.mark.processes

PLATFORM_SERVICES = ["migrate", "web", "worker", "scheduler"]
SECRETS = ["secret_key", "encryption_keys", "database_password", "redis_password", "metrics_token"]
# Empty where a deployment needs none.
SECRETS_OF_OTHERS = ["email_password", "google_client_secret"]

GIVEN = {
    "PUBLIC_URL": "https://id.acme.example",
    "SUPPORT_ADDRESS": "support@acme.example",
    "EMAIL_HOST": "127.0.0.1",
    "EMAIL_SECURITY": "none",
    "DEFAULT_FROM_EMAIL": "Acme Identity <no-reply@acme.example>",
    "LOG_LEVEL": "INFO",
}


# What the file says ---------------------------------------------------------------------------------------------------


def test_the_file_follows_the_compose_schema():
    vendored = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor" / "compose-spec.json"

    jsonschema.validate(load_compose(), json.loads(vendored.read_text()))


def test_there_is_one_service_for_each_part_and_one_that_migrates_first():
    services = load_compose()["services"]

    assert set(services) == {"database", "redis", *PLATFORM_SERVICES}
    for name in ("web", "worker", "scheduler"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["migrate"]["depends_on"]["database"] == {"condition": "service_healthy"}
    assert services["migrate"]["restart"] == "no"
    for name in ("database", "redis", "worker", "scheduler"):
        assert "test" in services[name]["healthcheck"], name


@pytest.mark.parametrize("name", ["database", "redis", *PLATFORM_SERVICES])
def test_no_service_may_write_its_image_or_gain_rights(name):
    service = load_compose()["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_secrets_come_as_files_and_never_as_values():
    for name in PLATFORM_SERVICES:
        environment = load_compose()["services"][name]["environment"]
        for variable in environment:
            if any(word in variable for word in ("SECRET", "PASSWORD", "KEY", "TOKEN")):
                assert variable.endswith("_FILE"), variable
                assert environment[variable].startswith("/run/secrets/"), variable


def test_only_the_web_service_can_be_reached_from_outside():
    services = load_compose()["services"]

    assert [name for name, service in services.items() if service.get("ports")] == ["web"]
    assert load_compose()["networks"]["data"] == {"internal": True}
    assert services["database"]["networks"] == services["redis"]["networks"] == ["data"]


def test_the_image_runs_without_root_and_holds_neither_demo_nor_tests(tmp_path):
    dockerfile = (ROOT / "Dockerfile").read_text()
    image = copy_image_files(tmp_path)

    assert "\nUSER 10001:10001\n" in dockerfile
    assert "--require-hashes" in dockerfile
    assert {path.name for path in image.iterdir()} == {
        *("accounts", "audit", "domains", "identity_platform", "orgs", "provisioning", "sso", "templates"),
        *("manage.py", "products.toml", "requirements"),
    }


# What happens when it is started --------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def database():
    """An empty database with an owner of its own, dropped afterwards."""
    place = {
        "host": os.environ.get("POSTGRES_HOST", "127.0.0.1"),
        "port": os.environ.get("POSTGRES_PORT", "5432"),
        "user": os.environ.get("POSTGRES_USER", "postgres"),
        "password": os.environ.get("POSTGRES_PASSWORD", ""),
        "dbname": "postgres",
    }
    name = sql.Identifier(f"compose_{os.getpid()}")

    def execute(*statements: str) -> None:
        connection = psycopg2.connect(**place)
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(sql.SQL(statement).format(name))
        connection.close()

    execute("CREATE ROLE {0} LOGIN PASSWORD 'compose'", "CREATE DATABASE {0} OWNER {0}")
    yield {**place, "user": f"compose_{os.getpid()}", "dbname": f"compose_{os.getpid()}"}
    execute("DROP DATABASE {0} WITH (FORCE)", "DROP ROLE {0}")


@pytest.fixture(scope="module")
def mails():
    with mail_sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def deployment(tmp_path_factory, database, mails):
    """The deployment with Redis running; of the platform nothing is started yet."""
    here = tmp_path_factory.mktemp("deployment")
    redis_port, web_port = free_port(), free_port()
    (here / "secrets").mkdir()
    (here / "redis").mkdir()
    for name in SECRETS:
        (here / "secrets" / name).write_text(f"{name}-for-this-test-alone-0123456789-abcdefghijklmnopqrstuvwxyz\n")
    (here / "secrets" / "database_password").write_text("compose\n")
    for name in SECRETS_OF_OTHERS:
        (here / "secrets" / name).write_text("\n")
    deployment = Deployment(
        code=copy_image_files(here / "image"),
        given={**GIVEN, "EMAIL_PORT": str(mails.port)},
        replace={
            "/run/secrets": str(here / "secrets"),
            "/tmp/": f"{here}/",  # noqa: S108 - a folder of the container
            'echo "dir /data"': f'echo "dir {here}/redis"; echo "port {redis_port}"',
            "redis:6379": f"127.0.0.1:{redis_port}",
        },
        overrides={
            "DATABASE_HOST": database["host"],
            "DATABASE_PORT": database["port"],
            "DATABASE_NAME": database["dbname"],
            "DATABASE_USER": database["user"],
            "WEB_BIND": f"127.0.0.1:{web_port}",
            "TMPDIR": str(here),
        },
    )
    with deployment.running("redis", log=here / "redis.log"):
        wait_until(lambda: accepts(redis_port), seconds=10, what="Redis accepting connections")
        yield deployment


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def migrated(deployment):
    return deployment.run_service("migrate")


@pytest.fixture(scope="module")
def started(deployment, migrated, tmp_path_factory):
    """All services, with where each writes its log."""
    logs = tmp_path_factory.mktemp("logs")
    collected = deployment.run(
        "env",
        "DJANGO_SETTINGS_MODULE=identity_platform.settings.build",
        "python",
        "manage.py",
        "collectstatic",
        "--noinput",
    )
    assert collected.returncode == 0, collected.stderr
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(deployment.running(name, log=logs / name))
            for name in ("web", "worker", "scheduler")
        }
        port = int(deployment.overrides["WEB_BIND"].rpartition(":")[2])
        wait_until(lambda: accepts(port), seconds=30, what="the web server accepting connections")
        yield {"processes": processes, "logs": logs, "address": f"127.0.0.1:{port}"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: str


def get(started, path: str, **headers: str) -> Answer:
    """What the web server itself answers; redirects are not followed."""
    with closing(HTTPConnection(started["address"], timeout=10)) as connection:
        connection.request("GET", path, headers={"Host": "localhost", **headers})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read().decode())


def test_the_migration_ends_well_and_may_be_repeated(deployment, migrated):
    assert migrated.returncode == 0, migrated.stderr
    again = deployment.run_service("migrate")
    assert again.returncode == 0, again.stderr


def test_the_server_is_alive_and_ready(started):
    assert get(started, "/healthz").status == 200
    ready = get(started, "/readyz")
    assert (ready.status, json.loads(ready.body)) == (200, {"database": "ok", "broker": "ok"})


def test_a_page_asks_for_tls_and_is_served_behind_the_proxy(started):
    redirected = get(started, "/nowhere/", Host="id.acme.example")
    assert (redirected.status, redirected.headers["Location"]) == (301, "https://id.acme.example/nowhere/")

    behind_proxy = get(
        started, "/nowhere/", Host="id.acme.example", **{"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    )
    assert behind_proxy.status == 404
    assert "max-age=63072000" in behind_proxy.headers["Strict-Transport-Security"]


def test_an_unknown_host_is_refused(started):
    refused = get(started, "/nowhere/", Host="evil.example", **{"X-Forwarded-Proto": "https"})

    assert refused.status == 400


def test_metrics_need_the_token_and_count_all_server_processes(started, deployment):
    token = (Path(deployment.environment("web")["METRICS_TOKEN_FILE"])).read_text().strip()

    assert get(started, "/metrics").status == 403
    figures = get(started, "/metrics", Authorization=f"Bearer {token}")
    assert figures.status == 200
    assert 'acme_http_requests_total{method="GET",status="200",view="healthz"}' in figures.body


def test_a_message_of_the_outbox_is_mailed_by_scheduler_and_worker(started, deployment, mails):
    for kind in ("txt", "html"):
        (deployment.code / "templates" / "mail" / f"notice.{kind}").parent.mkdir(exist_ok=True)
        (deployment.code / "templates" / "mail" / f"notice.{kind}").write_text("A notice from {{ platform_name }}.")
    # Written as any action would write it; nobody wakes the worker, so the scheduler has to.
    written = deployment.run(
        "python",
        "manage.py",
        "shell",
        "--command",
        "from audit.models import OutboxMessage; from django.utils import timezone; now = timezone.now();"
        "OutboxMessage.objects.create(topic='mail', created_at=now, deliver_after=now, payload={"
        "'template': 'notice', 'to': 'dana@northwind.example', 'subject': 'A notice', 'context': {}})",
    )
    assert written.returncode == 0, written.stderr

    wait_until(lambda: mails.messages, seconds=30, what="the mail's arrival")
    assert mails.messages[0]["To"] == "dana@northwind.example"


def test_a_request_for_ping_reaches_the_worker(started, deployment):
    answered = deployment.run("celery", "--quiet", "-A", "identity_platform.celery", "inspect", "ping")

    assert answered.returncode == 0, answered.stderr
    assert "pong" in answered.stdout


def test_every_process_is_still_there_and_logs_json_without_people(started):
    for name, process in started["processes"].items():
        assert process.poll() is None, (started["logs"] / name).read_text()
        lines = (started["logs"] / name).read_text().splitlines()
        assert lines, name
        for line in lines:
            assert {"time", "level", "logger", "message"} <= set(json.loads(line)), line
            assert "northwind" not in line
