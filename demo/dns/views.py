"""The page of a DNS host: choose a zone, see its records, add and delete TXT records."""

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from demo.dns.forms import TxtRecordForm
from demo.dns.zones import Zone
from demo.models import DnsRecord, DnsZone


@require_safe
def list_zones(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/dns/zones.html", {"zones": DnsZone.objects.prefetch_related("records")})


@require_http_methods(["GET", "HEAD", "POST"])
def show_zone(request: HttpRequest, zone_name: str) -> HttpResponse:
    """The zone's records; a POST adds one."""
    zone = get_object_or_404(DnsZone, pk=zone_name)
    form = TxtRecordForm(request.POST or None, zone=zone, initial={"name": request.GET.get("name", "")})
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            record = form.save(commit=False)
            record.zone = zone
            record.save()
            _count_change(zone)
        messages.success(request, f"Added the TXT record {record.name}. It is served from now on.")
        return redirect("dns-zone", zone_name=zone.name)
    context = {
        "zone": zone,
        "form": form,
        "records": zone.records.all(),
        "name_servers": Zone(zone.name).name_servers,
        "dns_port": settings.DNS_PORT,
    }
    return render(request, "demo/dns/zone.html", context, status=422 if form.errors else 200)


@require_POST
def delete_record(request: HttpRequest, zone_name: str, record_id: int) -> HttpResponse:
    record = get_object_or_404(DnsRecord, zone_id=zone_name, pk=record_id)
    with transaction.atomic():
        record.delete()
        _count_change(record.zone)
    messages.success(request, f"Deleted the {record.type} record {record.name}.")
    return redirect("dns-zone", zone_name=zone_name)


def _count_change(zone: DnsZone) -> None:
    """Move the SOA's serial, by which resolvers and secondaries notice a change (RFC 1035 s3.3.13)."""
    DnsZone.objects.filter(pk=zone.pk).update(serial=F("serial") + 1)
