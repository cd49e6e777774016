"""Enforcement on the page *Identity and access*: state, the way there and back, and the first days (design 3.3)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from audit.actions import record
from audit.actors import STRANGER
from audit.codes import Code
from orgs.errors import MembershipHeld
from orgs.models import Enforcement, Plan, Product
from provisioning.models import Mode, ProvisioningSettings
from sso.actions.refusals import record_refusal
from sso.errors import SsoRequired
from tests.cast import Cast
from tests.factories.sso import IdentityProvider
from tests.sso.enforcement.conftest import PAGE, enforce, join, words

pytestmark = pytest.mark.django_db
OVERVIEW = "/orgs/acme/settings/identity/"


def test_each_product_leads_to_its_review(alice: Client) -> None:
    page = alice.get(OVERVIEW)

    assert "Enforce SSO for Assistant Off" in words(page)
    assert "It would concern 2 people." in words(page)
    assert f'href="{PAGE}"' in page.content.decode()


def test_what_is_enforced_says_since_when_by_whom_and_for_how_many(alice: Client, cast: Cast) -> None:
    enforce(alice)

    text = words(alice.get(OVERVIEW))

    assert "Enforce SSO for Assistant On Since" in text
    assert ", by Alice. 2 people sign in only through SSO." in text
    assert "Enforce SSO For Assistant" in text  # the last step of the progress
    assert "Alice enforced SSO for Assistant" in text


def test_the_way_back_stands_at_the_top_for_seven_days(alice: Client, cast: Cast) -> None:
    enforce(alice)
    assert "No sign-in was refused so far." in words(alice.get(OVERVIEW))

    Enforcement.unscoped.update(enforced_at=timezone.now() - timedelta(days=2))
    assert "No sign-in was refused in the first day." in words(alice.get(OVERVIEW))

    Enforcement.unscoped.update(enforced_at=timezone.now() - timedelta(days=8))
    page = words(alice.get(OVERVIEW))

    assert "Make SSO optional again" not in page
    assert "Make optional for Assistant" in page


def test_refused_sign_ins_of_the_first_day_are_shown_to_their_parents_managers(
    alice: Client, cast: Cast, browser_of: Callable[..., Client]
) -> None:
    enforce(alice)
    for parent, email in ((cast.acme_group, "bob@acme.example"), (cast.globex_group, "gita@globex.example")):
        details = {"cause": "Your company signs in with single sign-on.", "email": email}
        record(Code.SIGN_IN_REFUSED, actor=STRANGER, parent_id=parent.id, details=details, now=timezone.now())

    page = words(alice.get(OVERVIEW))

    assert "1 sign-in was refused so far:" in page
    assert "bob@acme.example, Your company signs in with single sign-on." in page
    assert "gita@globex.example" not in page


def test_refusals_at_a_sibling_organization_are_not_shown_to_managers_of_this_one(
    alice: Client, cast: Cast, okta: IdentityProvider, browser_of: Callable[..., Client]
) -> None:
    """As on *Sign-in problems*: an organization's people are its own managers' business."""
    enforce(alice)
    carol = browser_of(join(cast.acme, "carol@contractors.example", role="owner"))
    held = MembershipHeld(organization=cast.acme_console.name, received="zoe@acme.example")
    record_refusal(held, way="sso", email="zoe@acme.example", organization=cast.acme_console, now=timezone.now())

    page = words(carol.get(OVERVIEW))

    assert "zoe@acme.example" not in page
    assert "No sign-in was refused so far." in page


def test_a_refusal_at_another_product_is_not_counted_for_this_one(
    alice: Client, cast: Cast, products: dict[str, Product]
) -> None:
    enforce(alice)
    for slug in ("console", "assistant", None):
        email = f"at-{slug}@acme.example"
        product = products[slug] if slug else None
        refused = SsoRequired(parent=cast.acme_group.id)
        record_refusal(refused, way="email", email=email, product=product, now=timezone.now())

    page = words(alice.get(OVERVIEW))

    assert "2 sign-ins were refused so far:" in page
    assert "at-assistant@acme.example" in page
    assert "at-None@acme.example" in page  # the product isn't known at every step of a sign-in
    assert "at-console@acme.example" not in page


def test_a_plan_that_lost_sso_still_offers_the_way_back(alice: Client, cast: Cast) -> None:
    """Spec 3.1."""
    enforce(alice)
    cast.acme.plan = Plan.objects.get(product__slug="assistant", slug="free")
    cast.acme.save(update_fields=["plan"])

    page = words(alice.get(OVERVIEW))

    assert "Make optional for Assistant" in page
    assert "Review and enforce" not in page


def test_the_next_action_ends_with_enforcing(alice: Client, cast: Cast, okta: IdentityProvider) -> None:
    now = timezone.now()
    ProvisioningSettings.unscoped.create(organization=cast.acme, mode=Mode.JIT, changed_at=now)
    assert "Choose where SSO is enforced" in words(alice.get(OVERVIEW))

    enforce(alice)

    assert "Choose where SSO is enforced" not in words(alice.get(OVERVIEW))
