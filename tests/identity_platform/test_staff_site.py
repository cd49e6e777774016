"""The staff pages' own addresses: in with one sign-in, out by ours, no passwords."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.models import Way
from tests.cast import Cast

pytestmark = pytest.mark.django_db

Browser = Callable[..., Client]


@pytest.fixture
def sam(cast: Cast, browser_of: Browser) -> Client:
    return browser_of(cast.sam, way=Way.STAFF)


@pytest.mark.parametrize("address", ["/admin/", "/admin/orgs/organization/?plan__id__exact=1"])
def test_a_stranger_is_asked_to_sign_in_for_the_page_that_was_wanted(browser_of: Browser, address: str) -> None:
    arrived = browser_of().get(address, follow=True).redirect_chain[-1][0]

    assert urlsplit(arrived).path == "/login/"
    assert parse_qs(urlsplit(arrived).query) == {"staff": ["true"], "next": [address]}


def test_with_a_staff_proof_the_admins_sign_in_leads_on(sam: Client) -> None:
    assert sam.get("/admin/login/?next=/admin/orgs/organization/")["Location"] == "/admin/orgs/organization/"
    assert sam.get("/admin/login/")["Location"] == "/admin/"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/admin/",
        "//evil.example/admin/",
        "/\\evil.example",
        "/admin/\n//evil.example",
        "/admin/login/?next=/admin/",
        "/logout/",
        "/admin/" + "x" * 500,
    ],
)
def test_the_admins_sign_in_leads_to_a_staff_page_and_nowhere_else(
    sam: Client, browser_of: Browser, elsewhere: str
) -> None:
    assert sam.get("/admin/login/", {"next": elsewhere})["Location"] == "/admin/"
    asked = browser_of().get("/admin/login/", {"next": elsewhere})["Location"]
    assert parse_qs(urlsplit(asked).query)["next"] == ["/admin/"]


def test_signing_out_of_the_staff_pages_is_signing_out_of_the_platform(sam: Client) -> None:
    left = sam.post("/admin/logout/", follow=True)

    assert left.redirect_chain == [("/logout/", 302)]
    assert left.status_code == 200


@pytest.mark.parametrize("address", ["/admin/password_change/", "/admin/password_change/done/"])
def test_staff_have_no_password_to_change(sam: Client, address: str) -> None:
    assert sam.get(address).status_code == 404
    assert sam.post(address, {"old_password": "x"}).status_code == 404


def test_no_staff_page_links_to_a_password(sam: Client) -> None:
    page = sam.get("/admin/").content.decode()

    assert "password" not in page
    assert 'action="/admin/logout/"' in page
