"""`manage.py demo_world` as the Procfile starts it, and that nothing of it starts in production."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.query
import pytest
import urllib3
from django.core.exceptions import ImproperlyConfigured

import demo
from demo.apps import DemoConfig
from tests.production.compose import wait_until
from tests.production.environment import ROOT, production_environment


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "identity_platform.settings.dev",
        "VAR_DIR": str(tmp_path),
        "DEMO_URL": f"http://127.0.0.1:{free_port()}",
        "DEMO_DNS_PORT": str(free_port()),
    }


@pytest.fixture
def seeded(environment: dict[str, str]) -> dict[str, str]:
    for command in (["migrate", "--verbosity", "0"], ["seed_demo"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)
    return environment


@pytest.fixture
def running(seeded: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "manage.py", "demo_world"], cwd=ROOT, env=seeded)
    yield process
    process.kill()
    process.wait()


def answers(address: str) -> bool:
    try:
        return urllib3.request("GET", f"{address}/", retries=False, timeout=2).status == 200
    except urllib3.exceptions.HTTPError:
        return False


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_process_serves_pages_and_dns_and_stops_at_a_signal(
    seeded: dict[str, str], running: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    address, port = seeded["DEMO_URL"], int(seeded["DEMO_DNS_PORT"])
    wait_until(lambda: answers(address), seconds=30, what="an answer of the demo's site")
    page = urllib3.request("GET", f"{address}/idp/northwind/metadata/")
    assert f'entityID="{address}/idp/northwind/metadata/"' in page.data.decode()
    assert urllib3.request("GET", f"{address}/static/demo/demo.css").status == 200
    query = dns.message.make_query("northwind.example", "TXT")
    for host in ("127.0.0.1", "127.0.0.2"):
        assert dns.query.udp(query, host, port=port, timeout=5).answer
    running.send_signal(number)
    assert running.wait(timeout=10) == 0


@pytest.mark.processes
def test_a_taken_port_is_named(seeded: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = subprocess.run(
            [sys.executable, "manage.py", "demo_world"],
            cwd=ROOT,
            env={**seeded, "DEMO_URL": f"http://127.0.0.1:{port}"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert result.returncode == 1
    assert f"127.0.0.1:{port}" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["demo_world", "seed_demo", "show_cast"])
def test_production_knows_none_of_the_demos_commands(command: str) -> None:
    result = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env=production_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode != 0
    assert f"Unknown command: '{command}'" in result.stderr


def test_the_demo_refuses_to_be_installed_under_production_settings(settings: object) -> None:
    settings.PRODUCTION = True  # type: ignore[attr-defined]
    with pytest.raises(ImproperlyConfigured, match="demo"):
        DemoConfig("demo", demo).ready()


def test_the_demo_refuses_to_be_installed_where_it_is_not_switched_on(settings: object) -> None:
    settings.DEMO = False  # type: ignore[attr-defined]
    with pytest.raises(ImproperlyConfigured, match="demo"):
        DemoConfig("demo", demo).ready()
