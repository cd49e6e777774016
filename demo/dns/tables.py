"""Zones from the demo's tables."""

from django.db import connection

from demo.dns.zones import Record, Zone
from demo.models import DnsZone


def load_zones() -> list[Zone]:
    return [
        Zone(
            zone.name,
            tuple(Record(row.name, row.type, row.value, row.ttl) for row in zone.records.all()),
            serial=zone.serial,
        )
        for zone in DnsZone.objects.prefetch_related("records")
    ]


def load_zones_in_a_thread() -> list[Zone]:
    """The same for a thread that lives as long as one query: its database connection must not outlive it."""
    try:
        return load_zones()
    finally:
        connection.close()
