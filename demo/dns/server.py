"""Sockets of the name server: UDP and TCP on each host, one port for all."""

import logging
import socketserver
import struct
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import dns.exception
import dns.flags
import dns.message
import dns.rcode

from demo.dns.answers import UDP_PAYLOAD, answer
from demo.dns.zones import Zone

logger = logging.getLogger(__name__)

Answer = Callable[[dns.message.Message, Sequence[Zone], str], dns.message.Message | None]

HOSTS = ("127.0.0.1", "127.0.0.2")
SMALLEST_UDP_PAYLOAD = 512
HEADER_LENGTH = 12
LONGEST_MESSAGE = 65535  # by TCP; without it the limit would be what the query allowed for UDP
TCP_TIMEOUT = 5.0
ATTEMPTS_TO_FIND_A_PORT = 20


class DemoNameServer:
    """An authoritative server for the zones that `zones()` returns, asked anew for each query.

    `port=0` takes any port that is free on all hosts; `.port` tells it after `start()`. `answer` may be replaced by
    a test that wants a server to be silent, wrong, or different on each host.
    """

    def __init__(
        self,
        zones: Callable[[], Sequence[Zone]],
        *,
        hosts: Sequence[str] = HOSTS,
        port: int = 0,
        answer: Answer = answer,
    ) -> None:
        self.zones = zones
        self.hosts = tuple(hosts)
        self.port = port
        self.answer = answer
        self._servers: list[socketserver.TCPServer] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> Self:
        """Bind and serve in threads. Raises OSError when a port is taken."""
        self._servers = self._bind()
        self.port = self._servers[0].server_address[1]
        for server in self._servers:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def stop(self) -> None:
        """Stop serving and release the port; may be repeated."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()
        self._servers, self._threads = [], []

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def respond(self, wire: bytes, *, host: str, limit: int | None = None) -> bytes | None:
        """The answer to one message as octets; `limit` shortens it for UDP. None means: no answer."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return _refuse_unreadable(wire)
        try:
            response = self.answer(query, self.zones(), host)
        except Exception:  # whatever failed, a resolver must learn it now and not by waiting
            logger.exception("demo.dns.failed")
            response = dns.message.make_response(query)
            response.set_rcode(dns.rcode.SERVFAIL)
        if response is None:
            return None
        if limit is None:
            return response.to_wire(max_size=LONGEST_MESSAGE)
        if query.edns >= 0:
            limit = max(limit, min(query.payload, UDP_PAYLOAD))
        return response.to_wire(max_size=limit, prefer_truncation=True)

    def _bind(self) -> list[socketserver.TCPServer]:
        """All sockets on one port; where any will do, try until one is free for all of them."""
        for attempt in range(ATTEMPTS_TO_FIND_A_PORT):
            servers: list[socketserver.TCPServer] = []
            port = self.port
            try:
                for host in self.hosts:
                    servers.append(_UdpServer((host, port), self))
                    port = servers[0].server_address[1]
                    servers.append(_TcpServer((host, port), self))
            except OSError:
                for server in servers:
                    server.server_close()
                if self.port or attempt == ATTEMPTS_TO_FIND_A_PORT - 1:
                    raise
            else:
                return servers
        raise AssertionError("unreachable: the last attempt returns or raises")


class _UdpHandler(socketserver.BaseRequestHandler):
    server: "_UdpServer"

    def handle(self) -> None:
        wire, udp = self.request
        response = self.server.name_server.respond(wire, host=self.server.host, limit=SMALLEST_UDP_PAYLOAD)
        if response is not None:
            udp.sendto(response, self.client_address)


class _TcpHandler(socketserver.StreamRequestHandler):
    """Several messages may follow each other, each behind its length in two octets (RFC 1035 s4.2.2)."""

    server: "_TcpServer"
    timeout = TCP_TIMEOUT

    def handle(self) -> None:
        try:
            while len(prefix := self.rfile.read(2)) == 2:
                wire = self.rfile.read(struct.unpack("!H", prefix)[0])
                response = self.server.name_server.respond(wire, host=self.server.host)
                if response is not None:
                    self.wfile.write(struct.pack("!H", len(response)) + response)
        except OSError:
            # The other side went away or said nothing for too long: that ends this connection and nothing else.
            return


class _UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True
    max_packet_size = 4096

    def __init__(self, address: tuple[str, int], name_server: DemoNameServer) -> None:
        self.host, self.name_server = address[0], name_server
        super().__init__(address, _UdpHandler)


class _TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], name_server: DemoNameServer) -> None:
        self.host, self.name_server = address[0], name_server
        super().__init__(address, _TcpHandler)


def _refuse_unreadable(wire: bytes) -> bytes | None:
    """FORMERR under the query's own number; silence if not even that can be read, or if it was an answer."""
    if len(wire) < HEADER_LENGTH or wire[2] & 0x80:
        return None
    response = dns.message.Message(id=struct.unpack("!H", wire[:2])[0])
    response.flags = dns.flags.QR
    response.set_rcode(dns.rcode.FORMERR)
    return response.to_wire()
