"""The world at its beginning, and that a second seed leaves it as people made it."""

from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from demo.cast import NEWCOMERS, PEOPLE
from demo.models import DnsRecord, Person, Tenant
from domains.models import DomainClaim
from orgs.models import Membership, Organization


def seats(slug: str) -> dict[str, str]:
    organization = Organization.objects.get(slug=slug)
    return {
        membership.user.email.partition("@")[0]: membership.role.slug
        for membership in Membership.objects.for_org(organization).select_related("user", "role")
    }


def snapshot() -> dict[str, list[dict[str, object]]]:
    """Every row of every table."""
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in apps.get_models()
        if not model._meta.proxy
    }


def test_everybody_of_the_cast_has_their_seat(world: None) -> None:
    assert seats("northwind") == {"maya": "primary_owner", "jonas": "owner", "hannah": "user", "luis": "user"}
    assert seats("northwind-console") == {"maya": "admin", "jonas": "admin"}
    assert seats("northwind-studio-console") == {"nora": "admin"}
    assert seats("globex") == {"gita": "primary_owner"}
    assert User.objects.get(email="staff@acme.example").is_staff


def test_parents_tie_the_organizations_as_the_journey_needs_them(world: None) -> None:
    parents = {organization.slug: organization.parent for organization in Organization.objects.all()}
    assert parents["northwind"] == parents["northwind-console"] is not None
    assert parents["northwind-studio-console"] is None
    assert parents["globex"] not in (None, parents["northwind"])


def test_newcomers_are_at_their_provider_and_have_no_account(world: None) -> None:
    for newcomer in NEWCOMERS:
        assert Person.objects.filter(email=newcomer.email).exists()
        assert not User.objects.filter(email=newcomer.email).exists()


def test_no_domain_is_claimed_yet(world: None) -> None:
    assert not DomainClaim.unscoped.exists()  # of anybody at all


@pytest.mark.sqlite
def test_a_second_seed_changes_not_one_row(world: None) -> None:
    before = snapshot()
    call_command("seed_demo")
    after = snapshot()
    assert [label for label in before if before[label] != after[label]] == []


def test_a_second_seed_brings_nothing_back_that_people_removed(world: None) -> None:
    DnsRecord.objects.all().delete()
    Person.objects.filter(email="oskar@northwind.example").delete()
    Membership.unscoped.filter(user__email="hannah@northwind.example").delete()  # as the members page does it
    call_command("seed_demo")
    assert not DnsRecord.objects.exists()
    assert not Person.objects.filter(email="oskar@northwind.example").exists()
    assert "hannah" not in seats("northwind")


@pytest.mark.django_db
def test_show_cast_names_everybody_and_every_address(demo_site: None) -> None:
    output = StringIO()
    call_command("show_cast", stdout=output)
    for player in (*PEOPLE, *NEWCOMERS):
        assert player.email in output.getvalue()
    for address in ("http://localhost:8000/", "/mailbox/", "/dns/", "/idp/northwind/", "/login/?staff=true"):
        assert address in output.getvalue()


@pytest.mark.sqlite
def test_every_page_shows_without_scripting_and_the_front_page_leads_to_them(browser: Client, world: None) -> None:
    front = browser.get("/").content.decode()
    for path in ("/mailbox/", "/dns/", "/idp/northwind/", "/idp/globex/"):
        assert f'href="{path}"' in front
        assert browser.get(path).status_code == 200
    for page in ("people", "people/new", "groups", "applications", "applications/new/saml", "applications/new/oidc"):
        assert browser.get(f"/idp/northwind/{page}/").status_code == 200
    oidc = Tenant.objects.get(slug="northwind").applications.get()
    assert oidc.client_secret in browser.get(f"/idp/northwind/applications/{oidc.id}/").content.decode()
    assert browser.get("/nothing/").status_code == 404


def test_people_and_groups_are_changed_on_their_pages(browser: Client, world: None) -> None:
    tenant = Tenant.objects.get(slug="northwind")
    browser.post("/idp/northwind/groups/", {"name": "acme-assistant-12345678-owner"})
    group = tenant.groups.get(name="acme-assistant-12345678-owner")
    new = {"first_name": "Ada", "last_name": "Berg", "email": "Ada@northwind.example", "groups": [group.id]}
    assert browser.post("/idp/northwind/people/new/", {**new, "is_active": "on"}).status_code == 302
    ada = tenant.people.get(email="ada@northwind.example")
    assert ada.group_names() == ["acme-assistant-12345678-owner"]
    assert browser.post("/idp/northwind/people/new/", new).status_code == 422
    assert browser.post("/idp/northwind/groups/", {"name": group.name}).status_code == 422
    browser.post(f"/idp/northwind/groups/{group.id}/delete/")
    assert ada.group_names() == []
    assert browser.get(f"/idp/globex/people/{ada.id}/").status_code == 404
