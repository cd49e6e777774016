"""Connections of the guarded client: to judged addresses alone, each read and write within one deadline (R45, R52)."""

import socket
import ssl
import sys
import time
from functools import lru_cache
from typing import Any

import urllib3
from urllib3 import connection, connectionpool, exceptions

from identity_platform.outgoing_addresses import Address, Target


class DeadlineSocket(socket.socket):
    """A socket whose every read and write ends at one moment, so that one byte a second doesn't last (R52).

    A socket's own time limit begins anew with each read; here what is left until `deadline` (seconds of
    `time.monotonic`) is set before each.
    """

    deadline: float

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        self.settimeout(_seconds_left(self.deadline))
        return super().recv_into(*arguments, **options)

    def sendall(self, *arguments: Any, **options: Any) -> None:
        self.settimeout(_seconds_left(self.deadline))
        super().sendall(*arguments, **options)


class DeadlineTlsSocket(ssl.SSLSocket):
    """The same above TLS. The handshake is one call, whose time limit is for all of it."""

    deadline: float

    def recv_into(self, *arguments: Any, **options: Any) -> int:
        self.settimeout(_seconds_left(self.deadline))
        return super().recv_into(*arguments, **options)

    def send(self, *arguments: Any, **options: Any) -> int:
        self.settimeout(_seconds_left(self.deadline))
        return super().send(*arguments, **options)


def _seconds_left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time for this exchange is over")
    return left


class JudgedConnection(connection.HTTPConnection):
    """Connects to the judged addresses alone; host, and above it TLS, keep the real name."""

    def __init__(self, *arguments: Any, addresses: tuple[Address, ...], deadline: float, **options: Any) -> None:
        self.addresses = addresses
        self.deadline = deadline
        super().__init__(*arguments, **options)

    def _new_conn(self) -> socket.socket:
        """A connection to the first address that takes one; the time left is divided among those still to try."""
        failure: OSError | None = None
        for position, address in enumerate(self.addresses):
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            opened = DeadlineSocket(family, socket.SOCK_STREAM)
            opened.deadline = self.deadline
            try:
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                opened.settimeout(_seconds_left(self.deadline) / (len(self.addresses) - position))
                opened.connect((str(address), self.port))
            except OSError as error:
                opened.close()
                failure = error
                continue
            opened.settimeout(_seconds_left(self.deadline))
            sys.audit("http.client.connect", self, self.host, self.port)
            return opened
        if isinstance(failure, TimeoutError):
            raise exceptions.ConnectTimeoutError(self, "no address accepted a connection in time") from failure
        raise exceptions.NewConnectionError(self, "no address accepted a connection") from failure


class JudgedTlsConnection(JudgedConnection, connection.HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        if isinstance(self.sock, DeadlineTlsSocket):
            self.sock.deadline = self.deadline


def open_pool(target: Target, addresses: tuple[Address, ...], *, deadline: float) -> urllib3.HTTPConnectionPool:
    """A pool of one connection. Proxies of the environment play no part: only a ProxyManager would ask for them."""
    options: dict[str, Any] = {"maxsize": 1, "addresses": addresses, "deadline": deadline}
    if target.scheme == "http":
        pool: urllib3.HTTPConnectionPool = connectionpool.HTTPConnectionPool(target.host, target.port, **options)
        pool.ConnectionCls = JudgedConnection
        return pool
    pool = connectionpool.HTTPSConnectionPool(target.host, target.port, ssl_context=_tls_context(), **options)
    pool.ConnectionCls = JudgedTlsConnection
    return pool


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    """The system's trusted authorities, TLS 1.2 at least (RFC 9325), names checked. Reading them takes milliseconds."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = DeadlineTlsSocket
    return context
