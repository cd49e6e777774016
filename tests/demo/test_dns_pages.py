"""What is entered on the DNS page is what the name server answers."""

import dns.message
import dns.rcode
import pytest
from django.test import Client

from demo.dns.answers import answer
from demo.dns.tables import load_zones
from demo.models import DnsRecord, DnsZone, Tenant

ZONE = "/dns/northwind.example/"


def look_up(name: str) -> list[str]:
    response = answer(dns.message.make_query(name, "TXT"), load_zones(), "127.0.0.1")
    assert response is not None
    return [b"".join(rdata.strings).decode() for rrset in response.answer for rdata in rrset]


def serial() -> int:
    return DnsZone.objects.get(name="northwind.example").serial


def test_a_record_is_added_served_and_deleted(browser: Client, northwind: Tenant) -> None:
    before = serial()
    response = browser.post(ZONE, {"name": " _Acme-Challenge ", "value": "acme=1f2e"}, follow=True)
    assert "Added the TXT record _acme-challenge." in response.content.decode()
    assert look_up("_acme-challenge.northwind.example") == ["acme=1f2e"]
    assert serial() == before + 1
    record = DnsRecord.objects.get(name="_acme-challenge")
    browser.post(f"{ZONE}{record.pk}/delete/")
    assert look_up("_acme-challenge.northwind.example") == []
    assert serial() == before + 2


def test_the_zone_is_added_behind_the_name_even_where_it_stands_already(browser: Client, northwind: Tenant) -> None:
    browser.post(ZONE, {"name": "_x.northwind.example", "value": "doubled"})
    assert look_up("_x.northwind.example") == []
    assert look_up("_x.northwind.example.northwind.example") == ["doubled"]


def test_at_means_the_zone_itself(browser: Client, northwind: Tenant) -> None:
    browser.post(ZONE, {"name": "@", "value": "at the apex"})
    assert sorted(look_up("northwind.example")) == ["at the apex", "v=spf1 -all"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "x"),
        ("_x", ""),
        ("two..dots", "x"),
        ("dot.at.the.end.", "x"),
        ("l" * 64, "x"),
        ("ä", "x"),
        ("alias", "x"),
        ("@", "v=spf1 -all"),
    ],
)
def test_what_dns_cannot_hold_is_refused_at_its_field(
    browser: Client, northwind: Tenant, name: str, value: str
) -> None:
    DnsRecord.objects.create(zone_id="northwind.example", name="alias", type="CNAME", value="_elsewhere")
    count = DnsRecord.objects.count()
    response = browser.post(ZONE, {"name": name, "value": value})
    assert response.status_code == 422
    assert "<title>Error:" in response.content.decode()
    assert DnsRecord.objects.count() == count


def test_a_zone_that_is_not_here_is_not_found(browser: Client, northwind: Tenant) -> None:
    assert browser.get("/dns/acme.example/").status_code == 404
    record = DnsRecord.objects.get(zone_id="northwind.example")
    assert browser.post(f"/dns/globex.example/{record.pk}/delete/").status_code == 404


def test_a_form_from_elsewhere_changes_nothing(northwind: Tenant) -> None:
    stranger = Client(enforce_csrf_checks=True)
    response = stranger.post(ZONE, {"name": "_x", "value": "x"})
    assert response.status_code == 403
    assert "Nothing was changed." in response.content.decode()
