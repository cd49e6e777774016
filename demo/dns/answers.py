"""From a query to its answer, as an authoritative server gives it (RFC 1034 s4.3.2, RFC 2308, RFC 4592)."""

from collections.abc import Sequence

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from demo.dns.zones import Node, Zone, closest

UDP_PAYLOAD = 1232
"""Octets that pass every network unfragmented."""
LONGEST_ALIAS_CHAIN = 8


def answer(query: dns.message.Message, zones: Sequence[Zone], host: str) -> dns.message.Message | None:
    """The answer from these zones; None stays silent, as one does to what isn't a query.

    It also plays the resolver for its own zones: RD is answered by RA. Other names are refused. `host`, the address
    that was asked, makes no difference here; a test may pass a function to the server where it does.
    """
    if query.flags & dns.flags.QR:
        return None
    response = dns.message.make_response(query, our_payload=UDP_PAYLOAD)
    if query.flags & dns.flags.RD:
        response.flags |= dns.flags.RA
    response.set_rcode(_answer_into(response, query, zones))
    return response


def _answer_into(response: dns.message.Message, query: dns.message.Message, zones: Sequence[Zone]) -> dns.rcode.Rcode:
    if query.edns > 0:
        return dns.rcode.BADVERS
    if query.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP
    if len(query.question) != 1:
        return dns.rcode.FORMERR
    question = query.question[0]
    zone = closest(zones, question.name)
    if zone is None or question.rdclass != dns.rdataclass.IN:
        return dns.rcode.REFUSED
    response.flags |= dns.flags.AA
    return _look_up(response, question.name, question.rdtype, zone, zones)


def _look_up(
    response: dns.message.Message,
    name: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
    zone: Zone,
    zones: Sequence[Zone],
) -> dns.rcode.Rcode:
    """Put what there is under `name` into the response, following aliases within our own zones."""
    for _ in range(LONGEST_ALIAS_CHAIN):
        node = _find(name, zone)
        if node is None:
            _say_negative(response, zone)
            return dns.rcode.NXDOMAIN
        alias = node.get(dns.rdatatype.CNAME)
        if alias is None or rdtype in (dns.rdatatype.CNAME, dns.rdatatype.ANY):
            found = [rdataset for kind, rdataset in node.items() if rdtype in (kind, dns.rdatatype.ANY)]
            response.answer += [dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset)) for rdataset in found]
            if not found:
                _say_negative(response, zone)
            return dns.rcode.NOERROR
        response.answer.append(dns.rrset.from_rdata_list(name, alias.ttl, list(alias)))
        name = alias[0].target
        next_zone = closest(zones, name)
        if next_zone is None:
            break
        zone = next_zone
    return dns.rcode.NOERROR


def _find(name: dns.name.Name, zone: Zone) -> Node | None:
    """The records at `name`, or those of the wildcard that stands for it; None if there is no such name.

    A wildcard speaks for a name only below the closest name that exists (RFC 4592 s3.3.1), so a record at
    `_x.eu` takes `eu` away from it.
    """
    if name in zone.nodes:
        return zone.nodes[name]
    if zone.has_below(name):
        return {}
    encloser = name.parent()
    while encloser not in zone.nodes and not zone.has_below(encloser):
        encloser = encloser.parent()
    return zone.nodes.get(dns.name.Name((b"*", *encloser.labels)))


def _say_negative(response: dns.message.Message, zone: Zone) -> None:
    soa = zone.nodes[zone.origin][dns.rdatatype.SOA]
    response.authority.append(dns.rrset.from_rdata_list(zone.origin, soa.ttl, list(soa)))
