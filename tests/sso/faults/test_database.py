"""PostgreSQL goes away in the middle: a page with a reference, nothing half done, nobody let in; then all is well.

Django's test client doesn't do what a server does between requests, so `next_request` drops what is broken, as
`close_old_connections` does there.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from django.db import close_old_connections, connection
from django.http import HttpResponse
from django.test import Client

from accounts.models import Session, User
from sso.models import ExternalIdentity
from tests.cast import Cast, open_browser, verified_domain
from tests.factories.sso import IdentityProvider, leave_for_sso, live_connection, post_answer, sign_in_with_sso
from tests.production.test_run import free_port
from tests.sso.sign_in.test_email import ask_for_mail
from tests.sso.sign_in.test_sso import who

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

IDENTITY = "/orgs/acme/settings/identity/"


@pytest.fixture
def okta(cast: Cast) -> IdentityProvider:
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))


def quiet(browser: Client) -> Client:
    """Answers what a server would, where the test client would raise."""
    browser.raise_request_exception = False
    return browser


def next_request() -> None:
    close_old_connections()


def end_own_connection(*_: object, **__: object) -> None:
    """What an administrator, a failover or a restart does to this process's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@contextmanager
def nothing_listens() -> Iterator[None]:
    """PostgreSQL's port refuses."""
    connection.close()
    port = connection.settings_dict["PORT"]
    connection.settings_dict["PORT"] = str(free_port())
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["PORT"] = port


def ensure_calm(answer: HttpResponse) -> None:
    page = answer.content.decode()
    assert answer.status_code in {500, 503}
    assert re.search(r"ERR-[A-Z2-9]{4}-[A-Z2-9]{4}", page) or "Reference" in page, page
    for trace in ("Traceback", "psycopg", "OperationalError", "terminating connection", "refused"):
        assert trace not in page


def test_a_terminated_connection_gives_a_page_and_the_next_request_is_served(cast: Cast) -> None:
    alice = quiet(open_browser(cast.alice))

    with patch("orgs.guards.ask", side_effect=end_own_connection):
        ensure_calm(alice.get(IDENTITY))

    next_request()
    assert alice.get(IDENTITY).status_code == 200


@pytest.mark.parametrize("path", ["/", IDENTITY, "/account/", "/login/?email=alice@acme.example"])
def test_r35_while_the_port_refuses_nobody_is_let_in_anywhere(cast: Cast, path: str) -> None:
    alice = quiet(open_browser(cast.alice))

    with nothing_listens():
        ensure_calm(alice.get(path))

    assert alice.get(IDENTITY).status_code == 200


def test_a_sign_in_that_loses_the_database_half_way_leaves_nothing_half_done(
    cast: Cast, okta: IdentityProvider
) -> None:
    browser = quiet(open_browser(None))
    leaving = leave_for_sso(browser, "erin@acme.example")
    answer = okta.answer(request_id=leaving.request_id, email="erin@acme.example")
    finish = post_answer(okta, answer, leaving.relay_state)["Location"]

    with patch("sso.actions.sign_in.provision_at_sign_in", side_effect=end_own_connection):
        ensure_calm(browser.get(finish))

    next_request()
    assert who(browser) is None
    assert not User.objects.filter(email="erin@acme.example").exists()
    assert not ExternalIdentity.unscoped.exists()
    assert not Session.objects.exists()
    # The try is used up, and says so; the next one works.
    assert browser.get(finish).status_code in {400, 409}
    sign_in_with_sso(browser, okta, "erin@acme.example")
    assert who(browser) == "erin@acme.example"


def test_the_identity_provider_may_post_again_after_the_database_was_gone(cast: Cast, okta: IdentityProvider) -> None:
    """Nothing was parked, so nothing was used up: a reload of the provider's page sends the same answer."""
    browser = open_browser(None)
    leaving = leave_for_sso(browser, "erin@acme.example")
    answer = okta.answer(request_id=leaving.request_id, email="erin@acme.example")
    acs = f"/sso/saml/{okta.connection.id.hex}/acs/"
    form = {"SAMLResponse": answer, "RelayState": leaving.relay_state}

    with nothing_listens():
        ensure_calm(quiet(Client()).post(acs, form))

    browser.get(Client().post(acs, form)["Location"])
    assert who(browser) == "erin@acme.example"


def test_a_mailed_code_outlives_a_database_that_was_gone(cast: Cast) -> None:
    browser = quiet(open_browser(None))
    page, _, code = ask_for_mail(browser, "alice@acme.example")

    with nothing_listens():
        ensure_calm(browser.post(page, {"code": code}))

    browser.post(page, {"code": code})
    assert who(browser) == "alice@acme.example"


def test_signing_out_that_could_not_be_written_says_so(cast: Cast) -> None:
    alice = quiet(open_browser(cast.alice))

    with nothing_listens():
        ensure_calm(alice.post("/logout/"))

    assert who(alice) == "alice@acme.example"
    alice.post("/logout/")
    assert who(alice) is None
