"""`make run`'s own processes with ports and data of their own, and a headless Chromium."""

import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings
from playwright.sync_api import Browser

from tests.browsers import open_chromium
from tests.journey.steps import World
from tests.production.test_run import free_port


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Closed with its module: Django refuses the database to a thread in which a browser's event loop runs."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="session", params=["plain", "tls"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The platform on localhost, the demo world on 127.0.0.1: two sites to a browser; once plain, once behind TLS.

    One of each for all journeys, since it takes half a minute to come up: who comes second finds what the first left.
    """
    var = tmp_path_factory.mktemp(f"world-{request.param}")
    web, demo, dns = (free_port() for _ in range(3))
    environment = {
        **os.environ,
        "VAR_DIR": str(var),
        "WEB_PORT": str(web),
        "DEMO_PORT": str(demo),
        "DEMO_DNS_PORT": str(dns),
        "DJANGO_SETTINGS_MODULE": "identity_platform.settings.dev",
    }
    scheme = "http"
    if request.param == "tls":
        scheme = "https"
        environment["TLS_CERTIFICATE_FILE"], environment["TLS_KEY_FILE"] = make_certificate(var)
    log = var / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "scripts/run.py"],
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(f"{scheme}://localhost:{web}/readyz", process=process, log=log)
        wait_for(f"http://127.0.0.1:{demo}/", process=process, log=log)
        yield World(platform=f"{scheme}://localhost:{web}", demo=f"http://127.0.0.1:{demo}")
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)


def wait_for(url: str, *, process: subprocess.Popen[bytes], log: Path) -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    for _ in range(240):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5, context=trusting) as answer:  # noqa: S310 - our own processes
                if answer.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.5)
    raise AssertionError(log.read_text())


def make_certificate(folder: Path) -> tuple[str, str]:
    """A certificate for localhost, signed by itself: the browser of the test is told to accept it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(paths[0]), str(paths[1])
