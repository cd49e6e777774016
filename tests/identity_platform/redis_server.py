"""A Redis of the test's own, which it may stop, freeze or fill."""

import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis


class RedisServer:
    """`stop` leaves a port where nothing listens; `freeze` leaves one that takes connections and never answers."""

    def __init__(self, port: int, folder: Path) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        # Its own line says when it listens; nothing has to be tried until it does.
        assert any("Ready to accept connections" in line for line in self._process.stdout)

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def fill(self) -> None:
        """From now on it refuses to write, as one does that is full under `noeviction`."""
        with Redis.from_url(self.url) as client:
            client.config_set("maxmemory", 1)

    def make_room(self) -> None:
        with Redis.from_url(self.url) as client:
            client.config_set("maxmemory", 0)

    def keys(self) -> list[str]:
        with Redis.from_url(self.url, decode_responses=True) as client:
            return client.keys("*")

    def longest_life(self) -> int:
        """Seconds until the last of the keys is gone; -1 if one stays for ever."""
        with Redis.from_url(self.url) as client:
            lives = [client.ttl(key) for key in client.keys("*")]
        return -1 if -1 in lives else max(lives)

    def stop(self) -> None:
        self.thaw()
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = RedisServer(port, folder)
    try:
        yield server
    finally:
        server.stop()
