"""The demo's name server, asked over real sockets as a resolver asks."""

import socket
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.resolver
import pytest

from demo.dns.answers import answer
from demo.dns.server import DemoNameServer
from demo.dns.zones import Record, Zone

LONG = "k" * 600
NORTHWIND = Zone(
    "northwind.example",
    (
        Record("@", "TXT", "v=spf1 -all"),
        Record("_acmeidentity-challenge", "TXT", "acmeidentity-domain-verification=1f2e"),
        Record("_split", "TXT", ("one ", "two")),
        Record("_long", "TXT", LONG),
        Record("_many", "TXT", "m" * 250),
        *(Record("_many", "TXT", f"{number:03}" + "m" * 200) for number in range(10)),
        Record("alias", "CNAME", "_acmeidentity-challenge"),
        Record("away", "CNAME", "elsewhere.invalid."),
        Record("loop", "CNAME", "loop"),
        Record("_x.eu", "TXT", "below eu"),
        Record("*", "TXT", "from the wildcard"),
    ),
)
GLOBEX = Zone("globex.example", (Record("partner", "CNAME", "_split.northwind.example."),))


@pytest.fixture(scope="module")
def server() -> Iterator[DemoNameServer]:
    with DemoNameServer(lambda: [NORTHWIND, GLOBEX]) as running:
        yield running


def ask(
    server: DemoNameServer, name: str, rdtype: str = "TXT", *, host: str = "127.0.0.1", **options: object
) -> dns.message.Message:
    query = dns.message.make_query(name, rdtype, **options)
    return dns.query.udp(query, host, port=server.port, timeout=5)


def texts(response: dns.message.Message) -> list[str]:
    return [b"".join(rdata.strings).decode() for rrset in response.answer for rdata in rrset if rdata.rdtype == 16]


def test_both_name_servers_answer_authoritatively_over_udp_and_tcp(server: DemoNameServer) -> None:
    query = dns.message.make_query("_acmeidentity-challenge.northwind.example", "TXT")
    for host in ("127.0.0.1", "127.0.0.2"):
        for ask_by in (dns.query.udp, dns.query.tcp):
            response = ask_by(query, host, port=server.port, timeout=5)
            assert texts(response) == ["acmeidentity-domain-verification=1f2e"]
            assert response.flags & dns.flags.AA


def test_the_zone_names_its_servers_and_they_have_addresses(server: DemoNameServer) -> None:
    names = sorted(str(rdata.target) for rdata in ask(server, "northwind.example", "NS").answer[0])
    assert names == ["ns1.northwind.example.", "ns2.northwind.example."]
    assert [ask(server, name, "A").answer[0][0].address for name in names] == ["127.0.0.1", "127.0.0.2"]
    assert ask(server, "globex.example", "SOA").answer[0][0].mname == dns.name.from_text("ns1.globex.example")


def test_a_resolver_of_dnspython_finds_zone_and_record(server: DemoNameServer) -> None:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.port
    zone = dns.resolver.zone_for_name("_x.eu.northwind.example", resolver=resolver)
    assert zone == dns.name.from_text("northwind.example")
    assert resolver.resolve("_split.northwind.example", "TXT")[0].strings == (b"one ", b"two")


def test_a_missing_name_is_nxdomain_with_the_soa_of_its_zone(server: DemoNameServer) -> None:
    response = ask(server, "nothing.globex.example")
    assert response.rcode() == dns.rcode.NXDOMAIN
    assert not response.answer
    assert response.authority[0].name == dns.name.from_text("globex.example")


@pytest.mark.parametrize("name", ["ns1.northwind.example", "eu.northwind.example"])
def test_a_name_without_such_a_record_is_no_data_with_the_soa(server: DemoNameServer, name: str) -> None:
    response = ask(server, name)
    assert response.rcode() == dns.rcode.NOERROR
    assert not response.answer
    assert response.authority[0].rdtype == dns.rdatatype.SOA


def test_a_wildcard_answers_for_names_that_do_not_exist_and_for_no_others(server: DemoNameServer) -> None:
    assert texts(ask(server, "anything.at.all.northwind.example")) == ["from the wildcard"]
    assert texts(ask(server, "_x.eu.northwind.example")) == ["below eu"]
    assert ask(server, "other.eu.northwind.example").rcode() == dns.rcode.NXDOMAIN


def test_aliases_are_followed_also_into_another_zone_of_ours(server: DemoNameServer) -> None:
    assert texts(ask(server, "alias.northwind.example")) == ["acmeidentity-domain-verification=1f2e"]
    assert texts(ask(server, "partner.globex.example")) == ["one two"]
    assert len(ask(server, "away.northwind.example").answer) == 1
    assert ask(server, "loop.northwind.example").rcode() == dns.rcode.NOERROR


def test_names_of_other_zones_are_refused(server: DemoNameServer) -> None:
    response = ask(server, "example.org")
    assert response.rcode() == dns.rcode.REFUSED
    assert not response.flags & dns.flags.AA


def test_a_name_that_only_ends_alike_is_not_in_the_zone(server: DemoNameServer) -> None:
    assert ask(server, "evilnorthwind.example").rcode() == dns.rcode.REFUSED


def test_names_are_compared_without_case_and_come_back_as_asked(server: DemoNameServer) -> None:
    response = ask(server, "_SPLIT.NorthWind.example")
    assert texts(response) == ["one two"]
    assert response.question[0].name.to_text() == "_SPLIT.NorthWind.example."


def test_a_long_value_arrives_whole_in_several_strings(server: DemoNameServer) -> None:
    response = ask(server, "_long.northwind.example", use_edns=0, payload=1232)
    assert texts(response) == [LONG]
    assert len(response.answer[0][0].strings) == 3


def test_an_answer_too_long_for_udp_is_cut_and_comes_whole_by_tcp(server: DemoNameServer) -> None:
    cut = ask(server, "_many.northwind.example", use_edns=0, payload=4096)
    assert cut.flags & dns.flags.TC
    query = dns.message.make_query("_many.northwind.example", "TXT")
    whole, used_tcp = dns.query.udp_with_fallback(query, "127.0.0.1", port=server.port, timeout=5)
    assert used_tcp
    assert len(texts(whole)) == 11


def test_an_unknown_version_of_edns_is_said_to_be_unknown(server: DemoNameServer) -> None:
    query = dns.message.make_query("northwind.example", "SOA")
    query.use_edns(1)
    response = answer(query, [NORTHWIND], "127.0.0.1")
    assert response is not None
    assert response.rcode() == dns.rcode.BADVERS


def test_garbage_gets_formerr_and_an_answer_gets_silence(server: DemoNameServer) -> None:
    garbage = server.respond(b"\x12\x34\x00\x00\x00\x01" + b"\x00" * 6 + b"\xff", host="127.0.0.1")
    assert garbage is not None
    assert garbage[:2] == b"\x12\x34"
    assert garbage[3] & 0x0F == dns.rcode.FORMERR
    assert server.respond(b"\x12", host="127.0.0.1") is None
    reply = dns.message.make_response(dns.message.make_query("northwind.example", "SOA"))
    assert server.respond(reply.to_wire(), host="127.0.0.1") is None


def test_zones_that_cannot_be_read_are_servfail_and_never_absence() -> None:
    def fail() -> list[Zone]:
        raise OSError("database is locked")

    wire = DemoNameServer(fail).respond(dns.message.make_query("a.example", "TXT").to_wire(), host="127.0.0.1")
    assert wire is not None
    assert dns.message.from_wire(wire).rcode() == dns.rcode.SERVFAIL


def test_a_changed_zone_is_served_at_once() -> None:
    zones = [Zone("northwind.example")]
    with DemoNameServer(lambda: zones) as server:
        assert ask(server, "_new.northwind.example").rcode() == dns.rcode.NXDOMAIN
        zones[0] = Zone("northwind.example", (Record("_new", "TXT", "now"),))
        assert texts(ask(server, "_new.northwind.example")) == ["now"]


def test_stopping_frees_the_port() -> None:
    server = DemoNameServer(lambda: [NORTHWIND]).start()
    port = server.port
    server.stop()
    server.stop()
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.2", port))


def test_a_taken_port_is_told_instead_of_served_by_halves() -> None:
    with DemoNameServer(lambda: [NORTHWIND]) as first, pytest.raises(OSError, match="in use"):
        DemoNameServer(lambda: [NORTHWIND], port=first.port).start()
