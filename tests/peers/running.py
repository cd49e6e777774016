"""Starts a peer, a program of another code base, as a process of its own."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from tests.production.compose import wait_until


@contextmanager
def run_peer(script: str, *arguments: str, folder: Path) -> Iterator[str]:
    """`script` of this folder at a free port, until the block is left; gives its address. `folder` is where it runs."""
    log = folder / f"{script}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["node", Path(settings.BASE_DIR, "tests", "peers", script), "--port", "0", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(
            lambda: "listening on" in log.read_text() or process.poll() is not None,
            seconds=60,
            what=f"a word of {script}",
        )
        address = re.search(r"listening on (http://127\.0\.0\.1:\d+)", log.read_text())
        assert address, f"{log.read_text()} (`make test` installs what it needs into tests/peers/node_modules)"
        yield address.group(1)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
