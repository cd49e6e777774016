"""`make run`, started as somebody does who has just cloned the repository, and stopped in every way there is."""

import os
import signal
import socket
import sqlite3
import subprocess
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.production.compose import ROOT, wait_until

pytestmark = pytest.mark.processes


class Run:
    """One `make run` with its data in a folder of its own and ports that nobody else uses."""

    def __init__(self, var: Path, log: Path) -> None:
        self.var, self.log = var, log
        self.web, self.demo, self.dns = (free_port() for _ in range(3))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "VAR_DIR": str(self.var),
            "WEB_PORT": str(self.web),
            "DEMO_PORT": str(self.demo),
            "DEMO_DNS_PORT": str(self.dns),
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["make", "run"],
                cwd=ROOT,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Whoever runs the tests in the background makes them ignore SIGINT; somebody at a terminal doesn't.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
            )

    def wait_until_it_serves(self) -> None:
        wait_until(lambda: self._answers() or self.process.poll() is not None, seconds=120, what="an answer of /readyz")
        assert self.process.poll() is None, self.output()

    def interrupt(self, *, whom: str) -> int:
        """Press Ctrl-C (which reaches everybody in the terminal) or tell make alone; the result is its exit status."""
        if whom == "terminal":
            os.killpg(self.process.pid, signal.SIGINT)
        else:
            self.process.send_signal(signal.SIGINT if whom == "make" else signal.SIGTERM)
        return self.process.wait(timeout=60)

    def output(self) -> str:
        return self.log.read_text()

    def processes_left(self) -> list[str]:
        """Every process of this machine that was started with our folder for data."""
        marker, left = f"VAR_DIR={self.var}".encode(), []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if marker in (entry / "environ").read_bytes().split(b"\0"):
                    left.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue  # it ended while we looked
        return left

    def _answers(self) -> bool:
        try:
            with closing(HTTPConnection("localhost", self.web, timeout=5)) as connection:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
        except OSError:
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "var", tmp_path / "log")
    yield run
    if run.process and run.process.poll() is None:
        run.interrupt(whom="terminal")


def rows(database: Path) -> dict[str, int]:
    """How many rows each table has."""
    with closing(sqlite3.connect(database)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        count = "SELECT count(*) FROM "  # the names come from the database itself
        return {table: connection.execute(count + table).fetchone()[0] for table in tables}


def test_everything_starts_says_who_can_sign_in_and_is_found_again_the_next_time(run):
    run.start()
    run.wait_until_it_serves()
    first = run.output()
    assert f"http://localhost:{run.web}" in first
    assert "northwind.example" in first
    for name in ("web", "worker", "scheduler", "demo"):
        assert f"{name} started" in first.replace("web.1", "web"), name
    assert run.interrupt(whom="terminal") != 1, run.output()
    wait_until(lambda: not run.processes_left(), seconds=5, what="the end of every process")
    found = rows(run.var / "identity.sqlite3")
    assert found["accounts_user"] > 0

    run.start()
    run.wait_until_it_serves()
    assert "Installing" not in run.output()
    # What comes and goes by itself, such as mails on their way, isn't compared.
    kept = ("accounts_user", "orgs_organization", "orgs_membership", "orgs_parentorganization")
    again = rows(run.var / "identity.sqlite3")
    assert {table: again[table] for table in kept} == {table: found[table] for table in kept}


def test_a_hand_that_presses_ctrl_c_again_and_again_stops_it_too(run):
    run.start()
    run.wait_until_it_serves()

    for _ in range(20):
        os.killpg(run.process.pid, signal.SIGINT)
        time.sleep(0.05)

    run.process.wait(timeout=60)
    wait_until(lambda: not run.processes_left(), seconds=5, what=f"the end of {run.processes_left()}")


@pytest.mark.parametrize("whom", ["make", "terminated make"])
def test_nothing_is_left_when_only_make_is_told_to_stop(run, whom):
    run.start()
    run.wait_until_it_serves()

    run.interrupt(whom=whom)

    wait_until(lambda: not run.processes_left(), seconds=15, what=f"the end of {run.processes_left()}")


def test_the_worker_does_what_the_scheduler_asks_for(run):
    run.start()
    run.wait_until_it_serves()

    now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    with closing(sqlite3.connect(run.var / "identity.sqlite3", timeout=20)) as connection, connection:
        connection.execute(
            "INSERT INTO audit_outboxmessage"
            " (id, topic, payload, sealed, created_at, deliver_after, attempts, last_error)"
            " VALUES ('00000000000040008000000000000001', 'no such topic', '{}', '', ?, ?, 0, '')",
            (now, now),
        )

    def was_tried() -> bool:
        with closing(sqlite3.connect(run.var / "identity.sqlite3", timeout=20)) as connection:
            [(attempts,)] = connection.execute("SELECT attempts FROM audit_outboxmessage WHERE topic = 'no such topic'")
            return attempts > 0

    wait_until(was_tried, seconds=30, what="an attempt to deliver the message")


def test_a_port_in_use_is_said_before_anything_is_started(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", run.web))
        taken.listen()

        run.start()
        assert run.process.wait(timeout=60) != 0

    assert f"Port {run.web}" in run.output()
    assert "WEB_PORT" in run.output()
    assert "Traceback" not in run.output()
