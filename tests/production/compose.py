"""Reads docker-compose.yml and the Dockerfile, and runs their services as processes of this machine.

What a container engine would do is done in the plainest way: variables are filled in, secrets become files, names of
services become loopback addresses, and of the image's environment only what the Dockerfile sets is there. Code is taken
from a copy that holds what .dockerignore lets into the image.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


def load_compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def read_image_environment() -> dict[str, str]:
    """The ENV lines of the Dockerfile's last stage."""
    last_stage = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    return dict(re.findall(r"^ENV (\w+)=(.*)$", last_stage, flags=re.MULTILINE))


def copy_image_files(target: Path) -> Path:
    """Copy what .dockerignore, read as the allow-list it is, lets into the image."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    for name in (line[1:] for line in lines if line.startswith("!")):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)
    return target


def fill_in(text: str, *, given: Mapping[str, str]) -> str:
    """Compose's interpolation: ${NAME:-default}, ${NAME:?message} and $$."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        if match["name"] in given:
            return given[match["name"]]
        if match["kind"] == ":-":
            return match["rest"]
        raise KeyError(f"{match['name']} must be given: {match['rest']}")

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(?P<kind>:[-?])?(?P<rest>[^}]*)\}", value, text)


@dataclass
class Deployment:
    """`replace` maps texts of the Compose file (a host and port, a path in a container) to what they are here."""

    code: Path
    given: Mapping[str, str]
    replace: Mapping[str, str]
    overrides: Mapping[str, str] = field(default_factory=dict)
    compose: dict[str, Any] = field(default_factory=load_compose)

    def environment(self, service: str) -> dict[str, str]:
        """Exactly the variables that the container would have, with the addresses of this machine."""
        written = self.compose["services"][service].get("environment", {})
        values = {name: self._here(fill_in(str(value), given=self.given)) for name, value in written.items()}
        programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {**read_image_environment(), **values, **self.overrides, "PATH": programs}

    def command(self, service: str) -> list[str]:
        return [self._here(fill_in(part, given=self.given)) for part in self.compose["services"][service]["command"]]

    def run(self, *command: str, timeout: int = 120) -> subprocess.CompletedProcess[str]:
        """Run a command as if inside the web container, to its end."""
        return self._finish(list(command), service="web", timeout=timeout)

    def run_service(self, service: str, *, timeout: int = 120) -> subprocess.CompletedProcess[str]:
        """Run a service that ends by itself."""
        return self._finish(self.command(service), service=service, timeout=timeout)

    @contextmanager
    def running(self, service: str, *, log: Path) -> Iterator[subprocess.Popen[bytes]]:
        """Run a service until the block is left; its process group must be gone then."""
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command(service),
                cwd=self.code,
                env=self.environment(service),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=5)
                raise

    def _finish(self, command: list[str], *, service: str, timeout: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.code,
            env=self.environment(service),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def _here(self, text: str) -> str:
        # All at once, since what is put in may look like something to be replaced.
        pattern = "|".join(re.escape(there) for there in self.replace)
        return re.sub(pattern, lambda match: self.replace[match[0]], text)


def wait_until(condition, *, seconds: float, what: str) -> None:
    """Ask again every tenth of a second; fail saying `what` didn't happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"within {seconds} s, {what} didn't happen")
