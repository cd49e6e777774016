"""Questions to the apps above: whatever can't be judged is refused."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from identity_platform.errors import GuardFailed, NotAllowed
from orgs import guards
from tests.cast import Cast


def refuse(**_: Any) -> NoReturn:
    raise NotAllowed(managers="Alice")


def crash(**_: Any) -> NoReturn:
    raise ConnectionError("the policy can't be loaded")


def agree(**_: Any) -> None:
    pass


def guarded_by(*names: str) -> dict[str, list[str]]:
    return {"access": [f"{__name__}.{name}" for name in names]}


def test_a_question_that_every_guard_agrees_to_is_allowed(settings: Settings) -> None:
    settings.GUARDS = guarded_by("agree", "agree")

    guards.ask("access")


def test_the_first_refusal_is_the_answer(settings: Settings) -> None:
    settings.GUARDS = guarded_by("agree", "refuse", "crash")

    with pytest.raises(NotAllowed):
        guards.ask("access")


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(guarded_by("crash"), id="a-guard-crashes"),
        pytest.param(guarded_by("agree", "crash"), id="one-of-two-crashes"),
        pytest.param({"access": ["sso.guards.no_such_guard"]}, id="a-guard-is-missing"),
        pytest.param({"access": ["no_such_app.guards.look"]}, id="its-app-is-missing"),
        pytest.param({}, id="nobody-was-named"),
    ],
)
def test_r35_what_cannot_be_judged_is_refused(table: dict[str, list[str]], settings: Settings) -> None:
    settings.GUARDS = table

    with pytest.raises(GuardFailed):
        guards.ask("access")


def test_r35_an_organization_whose_policy_cannot_be_loaded_stays_shut(
    settings: Settings, cast: Cast, browser_of: Callable[..., Client]
) -> None:
    browser = browser_of(cast.alice)
    assert browser.get("/orgs/acme/settings/identity/").status_code == 200

    settings.GUARDS = {**settings.GUARDS, **guarded_by("crash")}
    page = browser.get("/orgs/acme/settings/identity/")

    assert page.status_code == 503
    assert "couldn't be judged" in page.content.decode().replace("&#x27;", "'")
