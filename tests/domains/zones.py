"""A name server on loopback for these tests, whose machines can be made silent, wrong, or different from each other."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from demo.dns.answers import answer
from demo.dns.server import DemoNameServer
from demo.dns.zones import Record, Zone
from domains.challenge import Challenge

FIRST, SECOND, RESOLVER = "127.0.0.1", "127.0.0.2", "127.0.0.9"
TOKEN = "0123456789abcdef0123456789abcdef"
NORTHWIND = Challenge(domain="northwind.example", token=TOKEN, prefix="acmeidentity")
LABEL = "_acmeidentity-challenge"

Behaviour = Callable[[dns.message.Message, Any], dns.message.Message | None]


def zone(*records: Record, name: str = "northwind.example", **options: Any) -> Zone:
    return Zone(name, records, **options)


def proof(value: str = NORTHWIND.value, *, at: str = LABEL) -> Record:
    return Record(at, "TXT", value)


@contextmanager
def serving(
    settings: Any,
    *zones: Zone,
    at: Mapping[str, Behaviour] | None = None,
    at_host: Mapping[str, tuple[Zone, ...]] | None = None,
) -> Iterator[list[tuple[str, dns.message.Message]]]:
    """Serve these zones on three addresses: two name servers and a resolver. Yields the list of questions asked.

    `at` replaces what a machine does with a TXT question; `at_host` gives a machine zones of its own.
    """
    asked: list[tuple[str, dns.message.Message]] = []

    def respond(query: dns.message.Message, served: Any, host: str) -> dns.message.Message | None:
        asked.append((host, query))
        served = (at_host or {}).get(host, served)
        if at and host in at and query.question[0].rdtype == dns.rdatatype.TXT:
            return at[host](query, served)
        return answer(query, served, host)

    with DemoNameServer(lambda: zones, hosts=(FIRST, SECOND, RESOLVER), answer=respond) as server:
        settings.DNS_PORT = server.port
        settings.DNS_RESOLVERS = [RESOLVER]
        yield asked


def silent(query: dns.message.Message, zones: Any) -> None:
    return None


def failing(code: dns.rcode.Rcode) -> Behaviour:
    def fail(query: dns.message.Message, zones: Any) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(code)
        return response

    return fail


def without_authority(query: dns.message.Message, zones: Any) -> dns.message.Message | None:
    response = answer(query, zones, FIRST)
    if response is not None:
        response.flags &= ~dns.flags.AA
    return response
