"""Continue with Google in Chromium, against two providers in processes of their own: the demo's, which stands in for
Google, and panva's oidc-provider, which others wrote.

The platform is on `localhost`, the providers on 127.0.0.1: two sites to a browser.
"""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import urllib3
from playwright.sync_api import Browser, Page, expect

from accounts.models import GoogleIdentity, User
from sso.oidc.discovery import forget_providers
from sso.oidc.keys import forget_keys
from tests.browsers import open_chromium
from tests.cast import Cast
from tests.peers.running import run_peer
from tests.production.compose import wait_until
from tests.production.environment import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.django_db(transaction=True)]

USERS = [
    {"id": "u-1", "email": "rosa.keller.demo@gmail.com", "email_verified": True, "name": "Rosa Keller"},
    {"id": "u-2", "email": "mei@harbor.example", "email_verified": True, "hd": "harbor.example", "name": "Mei Tan"},
    {"id": "u-3", "email": "luis@pereira-design.example", "email_verified": True, "name": "Luis Pereira"},
]
# Choosing somebody on the provider's page.
Choose = Callable[[Page, str], None]


@pytest.fixture
def platform(live_server: Any, settings: Any) -> str:
    """The platform's address; it knows itself by no other."""
    forget_providers()
    forget_keys()
    settings.PUBLIC_URL = live_server.url
    return str(live_server.url)


@contextmanager
def run_other_provider(algorithm: str, *, platform: str, settings: Any, tmp_path: Path) -> Iterator[Choose]:
    """The provider of another code base."""
    (tmp_path / "users.json").write_text(json.dumps(USERS))
    settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET = "platform", "a:secret+with/signs"
    arguments = ("--users", "users.json", "--redirect-uri", f"{platform}/login/google/callback/")
    client = ("--client-id", "platform", "--client-secret", settings.GOOGLE_CLIENT_SECRET, "--alg", algorithm)
    with run_peer("openid-provider.mjs", *arguments, *client, folder=tmp_path) as issuer:
        settings.GOOGLE_ISSUER = issuer

        def choose(page: Page, email: str) -> None:
            page.get_by_role("button", name=f"Sign in as {email}").click()

        yield choose


@contextmanager
def run_demo(*, platform: str, settings: Any, tmp_path: Path) -> Iterator[Choose]:
    """The demo world as `make run` has it, with a database of its own."""
    port, name_port = _free_ports()
    address = f"http://127.0.0.1:{port}"
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "identity_platform.settings.dev",
        "VAR_DIR": str(tmp_path),
        "PUBLIC_URL": platform,
        "DEMO_URL": address,
        "DEMO_DNS_PORT": str(name_port),
        "GOOGLE_CLIENT_ID": settings.GOOGLE_CLIENT_ID,
        "GOOGLE_CLIENT_SECRET": settings.GOOGLE_CLIENT_SECRET,
    }
    settings.GOOGLE_ISSUER = f"{address}/idp/google"
    for command in (["migrate", "--verbosity", "0"], ["seed_demo"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True)
    process = subprocess.Popen([sys.executable, "manage.py", "demo_world"], cwd=ROOT, env=environment)
    first_names = {user["email"]: str(user["name"]).partition(" ")[0] for user in USERS}

    def choose(page: Page, email: str) -> None:
        expect(page.get_by_text("This stands in for Google")).to_be_visible()
        page.get_by_role("button", name=f"Sign in as {first_names[email]}").click()

    try:
        wait_until(lambda: _answers(f"{address}/"), seconds=30, what="an answer of the demo's site")
        yield choose
    finally:
        process.kill()
        process.wait()


@pytest.fixture(params=["demo", "RS256", "ES256"])
def choose(platform: str, settings: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Choose]:
    """A running provider: the demo's, or the other one with either kind of key."""
    given = {"platform": platform, "settings": settings, "tmp_path": tmp_path}
    running = run_demo(**given) if request.param == "demo" else run_other_provider(request.param, **given)
    with running as choosing:
        yield choosing


def test_gmail_and_managed_accounts_get_in_and_a_private_one_under_a_companys_address_does_not(
    choose: Choose, cast: Cast, platform: str
) -> None:
    with open_chromium() as chromium:
        gmail = sign_in(chromium, platform, choose, "rosa.keller.demo@gmail.com")
        managed = sign_in(chromium, platform, choose, "mei@harbor.example")
        private = sign_in(chromium, platform, choose, "luis@pereira-design.example")
        again = sign_in(chromium, platform, choose, "rosa.keller.demo@gmail.com", javascript=False)

    assert gmail.url == managed.url == again.url == f"{platform}/"
    assert "/login/google/callback/" in private.url
    assert "Google can't confirm this address" in private.text
    assert set(GoogleIdentity.objects.values_list("user__email", flat=True)) == {
        "rosa.keller.demo@gmail.com",
        "mei@harbor.example",
    }
    assert User.objects.get(email="mei@harbor.example").name == "Mei Tan"


class Visit:
    """Where somebody ended, and what they saw there."""

    def __init__(self, page: Page) -> None:
        self.url, self.text = page.url, page.locator("body").inner_text()


def sign_in(chromium: Browser, platform: str, choose: Choose, email: str, *, javascript: bool = True) -> Visit:
    """In a fresh browser: press the button, choose an account at the provider, and see where that ends."""
    context = chromium.new_context(java_script_enabled=javascript)
    page, broken = context.new_page(), []
    page.on("console", lambda message: broken.append(message.text) if "Content Security" in message.text else None)
    page.goto(f"{platform}/login/")
    page.get_by_role("button", name="Continue with Google").press("Enter")
    choose(page, email)
    page.wait_for_url(re.compile(f"^{platform}/"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    visit = Visit(page)
    context.close()
    assert broken == []
    return visit


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return int(first.getsockname()[1]), int(second.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        return urllib3.request("GET", address, retries=False, timeout=2).status == 200
    except urllib3.exceptions.HTTPError:
        return False
