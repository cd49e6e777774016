"""Who may open the set-up: identity managers of the parent's organizations, and nobody of another one (R38)."""

from collections.abc import Callable

import pytest
from django.test import Client

from orgs.models import Plan
from tests.cast import Cast
from tests.sso.setup.conftest import Setup

pytestmark = pytest.mark.django_db

PAGES = ("create", "claims", "assign", "metadata", "test", "live", "start-over", "domains", "", "tests")
POSTS = ("create", "claims", "assign", "metadata", "test", "live", "start-over", "domains", "edit", "test-live")


@pytest.mark.parametrize("page", PAGES)
def test_r38_a_connection_of_another_parent_does_not_exist(
    browser_of: Callable[..., Client], cast: Cast, tested: Setup, page: str
) -> None:
    charlie = browser_of(cast.charlie)

    assert charlie.get(tested.at(page, slug="globex")).status_code == 404
    assert charlie.get(tested.at(page)).status_code == 404


@pytest.mark.parametrize("page", POSTS)
def test_r38_nothing_of_another_parent_is_changed(
    browser_of: Callable[..., Client], cast: Cast, tested: Setup, page: str
) -> None:
    before = tested.now_is().version, tested.now_is().state

    answer = browser_of(cast.charlie).post(tested.at(page, slug="globex"), {"version": "2", "email_attribute": "x"})

    assert answer.status_code == 404
    assert (tested.now_is().version, tested.now_is().state) == before


@pytest.mark.parametrize("page", PAGES)
def test_members_without_the_role_are_refused(
    browser_of: Callable[..., Client], cast: Cast, tested: Setup, page: str
) -> None:
    assert browser_of(cast.bob).get(tested.at(page)).status_code == 403


def test_r38_a_test_result_is_found_only_under_its_own_connection(
    alice: Client, browser_of: Callable[..., Client], cast: Cast, tested: Setup
) -> None:
    reference = tested.pass_test().reference

    assert alice.get(tested.at(f"tests/{reference}")).status_code == 200
    assert alice.get(tested.at("tests/TST-AAAA-AAAA")).status_code == 404
    assert browser_of(cast.charlie).get(tested.at(f"tests/{reference}", slug="globex")).status_code == 404


def test_managers_of_a_sister_organization_see_the_same_connection(alice: Client, tested: Setup) -> None:
    assert alice.get(tested.at("live", slug="acme-console")).status_code == 200


def test_a_plan_without_sso_has_no_set_up(alice: Client, cast: Cast, setup: Setup) -> None:
    cast.acme.plan = Plan.objects.get(product__slug="assistant", slug="free")
    cast.acme.save(update_fields=["plan"])

    assert alice.get("/orgs/acme/settings/identity/sso/new/").status_code == 403
    assert alice.post(setup.at("start-over")).status_code == 403


def test_steps_that_act_take_no_get(alice: Client, tested: Setup) -> None:
    assert alice.get(tested.at("edit")).status_code == 405
    assert alice.get(tested.at("test-live")).status_code == 405


def test_a_post_without_its_token_is_refused(cast: Cast, browser_of: Callable[..., Client], setup: Setup) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser_of(cast.alice).cookies

    assert strict.post(setup.at("start-over")).status_code == 403
