"""What a zone holds. No sockets, no tables: tests make zones in memory, `demo.dns.tables` makes them from rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
from dns.rdtypes.ANY.TXT import TXT

DEFAULT_TTL = 60
LONGEST_STRING = 255
"""Octets of one character-string; a longer TXT value is several of them (RFC 1035 s3.3.14)."""

Node = Mapping[dns.rdatatype.RdataType, dns.rdataset.Rdataset]


@dataclass(frozen=True)
class Record:
    """One record. `name` is relative to the zone, `@` its apex.

    A TXT value is what it means, without quotes, and is cut into strings where it is long; a tuple gives the strings
    as they shall be sent. Values of other types are in the form of a zone file, relative to the zone.
    """

    name: str
    type: str
    value: str | tuple[str, ...]
    ttl: int = DEFAULT_TTL


@dataclass(frozen=True)
class Zone:
    """A zone with its SOA, its name servers and their addresses, and `records` besides.

    `name_servers`: label under the zone and address. Raises dns.exception.DNSException when a record can't be read.
    """

    name: str
    records: tuple[Record, ...] = ()
    name_servers: tuple[tuple[str, str], ...] = (("ns1", "127.0.0.1"), ("ns2", "127.0.0.2"))
    serial: int = 1

    @cached_property
    def origin(self) -> dns.name.Name:
        return dns.name.from_text(self.name)

    @cached_property
    def nodes(self) -> Mapping[dns.name.Name, Node]:
        """All records, by absolute name and type."""
        nodes: dict[dns.name.Name, dict[dns.rdatatype.RdataType, dns.rdataset.Rdataset]] = defaultdict(dict)
        for record in (*self._own_records(), *self.records):
            rdata = _read(record, origin=self.origin)
            node = nodes[dns.name.from_text(record.name, self.origin)]
            if rdata.rdtype not in node:
                node[rdata.rdtype] = dns.rdataset.Rdataset(rdata.rdclass, rdata.rdtype)
            node[rdata.rdtype].add(rdata, record.ttl)
        return nodes

    def has_below(self, name: dns.name.Name) -> bool:
        """Whether a name below `name` has records, so that `name` exists even without any (RFC 8020 s2)."""
        return any(existing != name and existing.is_subdomain(name) for existing in self.nodes)

    def _own_records(self) -> Iterable[Record]:
        # The minimum, also the SOA's TTL, is how long a resolver may remember that a name is not there (RFC 2308 s5).
        yield Record("@", "SOA", f"ns1 hostmaster {self.serial} 3600 600 604800 {DEFAULT_TTL}")
        for label, address in self.name_servers:
            yield Record("@", "NS", label, ttl=3600)
            yield Record(label, "A", address, ttl=3600)


def closest(zones: Iterable[Zone], name: dns.name.Name) -> Zone | None:
    """The zone that holds `name`: of several, the one nearest to it."""
    holding = [zone for zone in zones if name.is_subdomain(zone.origin)]
    return max(holding, key=lambda zone: len(zone.origin), default=None)


def _read(record: Record, *, origin: dns.name.Name) -> dns.rdata.Rdata:
    rdtype = dns.rdatatype.from_text(record.type)
    if rdtype == dns.rdatatype.TXT:
        strings = _cut(record.value) if isinstance(record.value, str) else [part.encode() for part in record.value]
        return TXT(dns.rdataclass.IN, rdtype, strings)
    if not isinstance(record.value, str):
        raise ValueError(f"only a TXT record has several strings, not {record.type}")
    return dns.rdata.from_text(dns.rdataclass.IN, rdtype, record.value, origin=origin, relativize=False)


def _cut(value: str) -> list[bytes]:
    octets = value.encode()
    return [octets[start : start + LONGEST_STRING] for start in range(0, len(octets), LONGEST_STRING)] or [b""]
