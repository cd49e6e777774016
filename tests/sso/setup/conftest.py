"""A manager in front of the set-up, an identity provider at the other end, and what both need to say."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from audit.actors import Actor
from demo.idp.signer import SigningKey, make_metadata
from domains.models import DomainClaim
from sso.actions.connections import record_test, save_step, start_set_up
from sso.claims import ClaimMapping, Claims, Groups
from sso.models import Connection, ConnectionRevision, TestSignIn
from sso.saml.certificates import read_certificate
from sso.setup.providers import find_provider
from sso.testing import build_report
from tests.cast import Cast, verified_domain
from tests.factories.sso import signing_key

IDP = "https://idp.northwind.example"


@pytest.fixture
def key() -> SigningKey:
    return signing_key("set-up")


@pytest.fixture
def metadata(key: SigningKey) -> bytes:
    return metadata_of(key)


def metadata_of(key: SigningKey, **knobs: Any) -> bytes:
    return make_metadata(**{"entity_id": f"{IDP}/metadata", "sso_url": f"{IDP}/sso", "keys": [key], **knobs})


@pytest.fixture
def alice(cast: Cast, browser_of: Callable[..., Client]) -> Client:
    """Alice's browser: she manages Acme and Acme Console, under one parent."""
    return browser_of(cast.alice)


@pytest.fixture
def claim(cast: Cast) -> DomainClaim:
    return verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)


class Setup:
    """One connection being set up, and the addresses of its pages."""

    def __init__(self, revision: ConnectionRevision, *, actor: Actor) -> None:
        self.connection: Connection = revision.connection
        self.revision = revision
        self.actor = actor

    def at(self, step: str = "", slug: str = "acme") -> str:
        page = f"/orgs/{slug}/settings/identity/sso/{self.connection.id.hex}/"
        return f"{page}{step}/" if step else page

    def now_is(self) -> ConnectionRevision:
        """The revision as it lies in the database."""
        self.revision.refresh_from_db()
        return self.revision

    def give_metadata(self, key: SigningKey, **values: Any) -> None:
        given = {
            "idp_entity_id": f"{IDP}/metadata",
            "sso_url": f"{IDP}/sso",
            "sso_binding": "redirect",
            "metadata_url": "",
            "metadata_read_at": None,
        }
        self.revision = save_step(
            self.revision,
            step="metadata",
            values=given | values,
            seen_version=self.revision.version,
            certificates=[read_certificate(key.certificate_pem)],
            actor=self.actor,
            now=timezone.now(),
        )

    def pass_test(self, *, passed: bool = True, version: int | None = None, error: Any = None) -> TestSignIn:
        return record_test(
            self.revision,
            version=version or self.now_is().version,
            report=report_of(error),
            passed=passed,
            raw_message="<Response/>",
            tested_by=self.actor.user_id,
            duration=None,
            actor=self.actor,
            now=timezone.now(),
        )


def report_of(error: Any = None) -> dict[str, Any]:
    claims = Claims(
        subject="s-1", email="alice@acme.example", first_name="Alice", last_name="", groups=Groups("missing")
    )
    return build_report(
        rejected=error,
        assertion=None,
        claims=claims,
        domain_is_assigned=False,
        account_exists=True,
        memberships=["Stays owner of Acme"],
        mapping=ClaimMapping(),
    )


@pytest.fixture
def setup(cast: Cast) -> Setup:
    """A fresh set-up in Acme's parent, begun by Alice."""
    provider = find_provider("custom-saml")
    assert provider is not None
    actor = Actor.of(cast.alice)
    _, revision = start_set_up(cast.acme_group, provider=provider, actor=actor, now=timezone.now())
    return Setup(revision, actor=actor)


@pytest.fixture
def tested(setup: Setup, key: SigningKey) -> Setup:
    """A set-up that passed its test."""
    setup.give_metadata(key)
    setup.pass_test()
    return setup


def hidden(page: HttpResponse, name: str) -> str:
    """The value of a hidden field of the page."""
    field = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page.content.decode())
    assert field, f"no hidden field {name}"
    return field.group(1)


def send(
    browser: Client, address: str, values: Mapping[str, Any], *, as_seen: HttpResponse | None = None
) -> HttpResponse:
    """Post a step as a person does: with the version that the page showed."""
    page = as_seen or browser.get(address)
    return browser.post(address, {"version": hidden(page, "version"), **values})


def words(page: HttpResponse) -> str:
    """The page's text, without tags and doubled blanks."""
    text = re.sub(r"<[^>]+>", " ", page.content.decode())
    return " ".join(text.replace("&#x27;", "'").replace("&quot;", '"').split())
