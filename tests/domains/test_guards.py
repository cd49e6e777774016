"""Answers to questions of lower apps, asked the way they ask."""

from typing import Any

import pytest

from domains.errors import AddressIsManaged, NewOrganizationsDisabled
from domains.models import ClaimState, ShareableName
from orgs import guards
from orgs.models import Organization, Plan
from tests.cast import Cast, organization, person, verified_domain

pytestmark = pytest.mark.django_db


@pytest.fixture
def northwind(cast: Cast) -> Any:
    claim = verified_domain(cast.acme_group, "northwind.example", added_by=cast.alice)
    cast.acme_group.new_organizations_disabled = True
    cast.acme_group.save(update_fields=["new_organizations_disabled"])
    return claim


@pytest.mark.parametrize("plan", [("assistant", "free"), ("assistant", "team"), ("console", "standard")])
def test_people_of_a_parent_that_disabled_it_create_no_organization_and_learn_whom_to_ask(
    northwind: Any, plan: tuple[str, str]
) -> None:
    with pytest.raises(NewOrganizationsDisabled) as caught:
        organization("Skunkworks", plan=plan, first_member=person("nia@northwind.example"))

    assert "Alice (alice@acme.example)" in caught.value.remedy_text
    assert not Organization.objects.filter(slug="skunkworks").exists()


def test_personal_organizations_are_included(northwind: Any) -> None:
    with pytest.raises(NewOrganizationsDisabled):
        guards.ask("organization.create", user=person("nia@northwind.example"), plan=Plan.objects.first())


@pytest.mark.parametrize(
    "email", ["stella@nowhere.example", "nia@eu.northwind.example", "nia@notnorthwind.example", "nia@acme.example"]
)
def test_people_at_other_domains_create_organizations(northwind: Any, email: str) -> None:
    assert organization("Own", plan=("assistant", "team"), first_member=person(email)).slug == "own"


@pytest.mark.parametrize("state", [ClaimState.PENDING, ClaimState.EXPIRED, ClaimState.LAPSED])
def test_a_domain_that_is_not_verified_stops_nobody(northwind: Any, state: ClaimState, now: Any) -> None:
    northwind.state, northwind.lapsed_at = state, now if state == ClaimState.LAPSED else None
    northwind.save(update_fields=["state", "lapsed_at"])
    nia = person("nia@northwind.example")

    organization("Own", plan=("assistant", "team"), first_member=nia)
    guards.ask("address.change", user=nia)


def test_a_shared_domain_stops_nobody_from_creating_organizations(cast: Cast, now: Any) -> None:
    ShareableName.objects.create(name="shared.example", marked_by=cast.sam, marked_at=now, reason="Joint venture")
    verified_domain(cast.acme_group, "shared.example", added_by=cast.alice, is_shared=True)
    cast.acme_group.new_organizations_disabled = True
    cast.acme_group.save(update_fields=["new_organizations_disabled"])
    sue = person("sue@shared.example")

    organization("Own", plan=("assistant", "team"), first_member=sue)
    with pytest.raises(AddressIsManaged):
        guards.ask("address.change", user=sue)


def test_nobody_in_a_verified_domain_changes_their_address_here(northwind: Any) -> None:
    with pytest.raises(AddressIsManaged):
        guards.ask("address.change", user=person("nia@northwind.example"))
    guards.ask("address.change", user=person("stella@nowhere.example"))
