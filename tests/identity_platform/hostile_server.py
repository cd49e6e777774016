"""Small real servers on 127.0.0.1, each answering in one prescribed way, for the tests of the guarded client."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Behaviour = Callable[[socket.socket], None]


@dataclass
class Server:
    """`requests` holds what arrived, one head (and body) per connection."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/metadata", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@contextmanager
def serving(behaviour: Behaviour, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Server]:
    """Accept connections until the block ends; after each request's head, `behaviour` has the connection."""
    listening = socket.create_server((host, 0))
    server = Server(port=listening.getsockname()[1])
    open_connections: list[socket.socket] = []

    def serve_one(accepted: socket.socket) -> None:
        try:
            connection = tls.wrap_socket(accepted, server_side=True) if tls else accepted
            open_connections.append(connection)
            server.requests.append(connection.recv(65536))
            behaviour(connection)
        except OSError:
            pass  # the client hung up, which is what most of these tests are about
        finally:
            accepted.close()
            if tls and open_connections:
                open_connections[-1].close()

    def accept() -> None:
        while True:
            try:
                accepted, _ = listening.accept()
            except OSError:
                return
            open_connections.append(accepted)
            threading.Thread(target=serve_one, args=(accepted,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for connection in open_connections:
            connection.close()
        thread.join(timeout=5)


def answer(body: bytes = b"<ok/>", *, status: str = "200 OK", **headers: str) -> Behaviour:
    """One complete answer; keyword `content_encoding` becomes the header Content-Encoding."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [
        f"HTTP/1.1 {status}",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in named.items()),
    ]
    return lambda connection: connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def drip(*, first: bytes, then: bytes = b"x", every: float = 0.05) -> Behaviour:
    """`first` at once, then `then` again and again, until the client has had enough, or for 3 seconds: a client that
    never has enough must fail its test, not hang it."""
    pause = threading.Event()

    def behave(connection: socket.socket) -> None:
        connection.sendall(first)
        over = time.monotonic() + 3
        while time.monotonic() < over:
            pause.wait(every)
            connection.sendall(then)

    return behave


@dataclass(frozen=True)
class Certificate:
    """`authority` is the file to trust for it."""

    context: ssl.SSLContext
    authority: Path


def make_certificate(folder: Path, *, name: str) -> Certificate:
    """A self-signed certificate for a host name or an IP address, valid for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        alternative = x509.DNSName(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority = folder / f"{name}.pem"
    authority.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = folder / f"{name}.key"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, private)
    return Certificate(context=context, authority=authority)
