"""The page that everybody opens is drawn once, and nothing of one visitor comes to another by it."""

from unittest.mock import patch

import pytest
from django.template.loader import render_to_string
from django.test import Client

from identity_platform import kept_pages
from orgs.models import Product


@pytest.fixture(autouse=True)
def _nothing_is_kept_yet() -> None:
    kept_pages._draw.cache_clear()


def token_in(page: str) -> str:
    return page.split('name="csrfmiddlewaretoken" value="')[1].split('"', maxsplit=1)[0]


def test_the_page_is_drawn_once_and_carries_each_browsers_own_token(db: None) -> None:
    visitors = [Client(enforce_csrf_checks=True) for _ in range(2)]
    with patch("identity_platform.kept_pages.render_to_string", wraps=render_to_string) as drawn:
        pages = [visitor.get("/login/").content.decode() for visitor in visitors]

    assert drawn.call_count == 1
    own, other = (token_in(page) for page in pages)
    assert own != other
    assert visitors[0].post("/login/", {"email": "not an address", "csrfmiddlewaretoken": own}).status_code == 422
    assert visitors[0].post("/login/", {"email": "x", "csrfmiddlewaretoken": other}).status_code == 403


def test_what_the_page_depends_on_makes_another_page(products: dict[str, Product], settings: object) -> None:
    browser = Client()
    asked = ["/login/", "/login/?sso=true", "/login/?staff=true", "/login/?product=console", "/login/?next=/orgs/new/"]
    pages = [
        browser.get(path).content.decode().replace(token_in(browser.get(path).content.decode()), "") for path in asked
    ]
    settings.PLATFORM_NAME = "Another name"  # type: ignore[attr-defined]
    renamed = browser.get("/login/").content.decode()
    browser.cookies["theme"] = "dark"
    dark = browser.get("/login/").content.decode()

    assert len(set(pages)) == len(asked)
    assert 'name="next" value="/orgs/new/"' in pages[4]
    assert "Another name" in renamed
    assert 'data-theme="dark"' in dark
    assert "data-theme" not in renamed


def test_what_somebody_typed_or_is_told_is_never_kept(db: None) -> None:
    Client().get("/login/?email=erin@acme.example")
    browser = Client()
    browser.get("/login/")
    browser.post("/login/", {"email": "no address"})

    assert kept_pages._draw.cache_info().currsize == 1
    assert "erin@acme.example" not in Client().get("/login/").content.decode()


def test_what_is_sent_is_shown_as_text_and_not_as_a_token(db: None) -> None:
    page = Client().get("/login/", {"next": f'/"><b>{kept_pages._TOKEN[:8]}'}).content.decode()

    assert "<b>" not in page
