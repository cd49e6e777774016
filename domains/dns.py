"""Asking name servers. The only file that imports dnspython; it returns the plain values of `checks.py`.

The zone's authoritative servers are asked, all of them and at once, straight and without recursion (RD=0), by UDP with
EDNS and 1232 octets, by TCP after truncation. Resolvers find the zone and its servers, and are asked for the record
itself only where the servers leave it open, since their "no such name" is remembered (RFC 2308).

Everything here is bounded: in time by settings.DNS_TIMEOUT for a whole look-up, in servers, addresses and aliases,
because the zone belongs to somebody we don't know. For the same reason only public addresses are asked (R45).
"""

import asyncio
import ipaddress
import logging
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
from django.conf import settings

from domains.challenge import Challenge
from domains.checks import DEFINITE, Elsewhere, Hop, LookUp, Outcome, Problem, ServerAnswer
from domains.doctor import places_of_mistakes
from domains.rules import Verdict, agreed_alias, is_settled_without_resolver, judge_challenge
from identity_platform.outgoing_addresses import is_allowed

logger = logging.getLogger(__name__)

UDP_PAYLOAD = 1232  # octets that pass every network in one piece (DNS flag day 2020)
ONE_TRY = 1.5  # seconds; a lost datagram is sent once more
TRIES = 2
KEPT_FOR_RESOLVERS = 0.3  # of the time of a look-up
MOST_SERVERS = 13  # as many as the root has
MOST_ADDRESSES = 3  # of one server, tried one after the other
MOST_RESOLVERS = 3
MOST_ALIASES = 8
MOST_LOOK_UPS_AT_ONCE = 32
MOST_QUERIES_AT_ONCE = 128  # open sockets of one process


@dataclass(frozen=True)
class _Server:
    """A name server: the names it is known by, and its addresses."""

    names: list[str]
    addresses: tuple[str, ...]


def ask_name_servers(challenge: Challenge) -> LookUp:
    """Look for one challenge. Waits at most settings.DNS_TIMEOUT; never raises for what a server does."""
    return next(look_up for _, look_up in ask_about_many([challenge]))


def ask_about_many(
    challenges: Iterable[Challenge], *, at_once: int = MOST_LOOK_UPS_AT_ONCE
) -> Iterator[tuple[Challenge, LookUp]]:
    """Look for many challenges at once and yield each as soon as it is done, so that a slow server delays nobody.

    Between two results no event loop runs: the caller may use the database. Waits at most settings.DNS_TIMEOUT in all
    where `at_once` is as many as there are.
    """
    waiting = deque(challenges)
    running: dict[asyncio.Task[LookUp], Challenge] = {}
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        slots = asyncio.Semaphore(MOST_QUERIES_AT_ONCE)
        while waiting or running:
            while waiting and len(running) < at_once:
                challenge = waiting.popleft()
                running[loop.create_task(_look_up(challenge, slots))] = challenge
            done, _ = loop.run_until_complete(asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED))
            for task in done:
                yield running.pop(task), task.result()


async def _look_up(challenge: Challenge, slots: asyncio.Semaphore) -> LookUp:
    asker = _Asker(slots)
    try:
        look_up = await _follow(challenge, asker)
        if judge_challenge(look_up, expected=challenge.value) in (Verdict.ABSENT, Verdict.WRONG_VALUE):
            look_up = replace(look_up, elsewhere=await _look_elsewhere(challenge, look_up.hops[0], asker))
    except Exception:  # whatever a stranger's zone provokes must not keep others from being checked
        logger.exception("dns.failed", extra={"domain": challenge.domain})
        return LookUp(problem=Problem.FAILED)
    return look_up


async def _follow(challenge: Challenge, asker: "_Asker") -> LookUp:
    """The challenge's name and, while enough servers agree on a CNAME there, the names it leads to."""
    if not asker.resolvers:
        return LookUp(problem=Problem.NO_RESOLVER)
    hops: list[Hop] = []
    # Looking for the zone begins at the domain: asking a resolver for the challenge itself could plant its absence.
    name, zone_search = challenge.name, challenge.domain
    while len(hops) <= MOST_ALIASES:
        hop = await _ask_hop(name, zone_search, asker)
        if hop is None:
            return LookUp(hops=tuple(hops), problem=Problem.ZONE_NOT_FOUND)
        hops.append(hop)
        name = zone_search = agreed_alias(hop)
        if not name:
            return LookUp(hops=tuple(hops))
        if any(name == hop.name for hop in hops):
            return LookUp(hops=tuple(hops), problem=Problem.ALIAS_LOOP)
    return LookUp(hops=tuple(hops), problem=Problem.TOO_MANY_ALIASES)


async def _ask_hop(name: str, zone_search: str, asker: "_Asker") -> Hop | None:
    zone = await _find_zone(zone_search, asker)
    if zone is None:
        return None
    hop = await _ask_zone(name, zone, asker)
    said = {answer.outcome for answer in hop.servers}
    if Outcome.REFERRED in said and not said & DEFINITE and zone != name:
        # The name is a zone of its own, handed to other servers; these can only refer to them.
        hop = await _ask_zone(name, name, asker)
    if is_settled_without_resolver(hop):
        return hop
    answers = (asker.ask(resolver, resolver, name, recursion=True) for resolver in asker.resolvers)
    return replace(hop, resolvers=tuple(await asyncio.gather(*answers)))


async def _find_zone(name: str, asker: "_Asker") -> str | None:
    """The zone that holds `name` (its owner's SOA, RFC 2308 s3 for names without one); None if nobody tells."""
    candidate = dns.name.from_text(name)
    while candidate != dns.name.root:
        response = await asker.resolve(candidate, dns.rdatatype.SOA)
        if response is None or response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            return None
        is_alias = any(rrset.rdtype == dns.rdatatype.CNAME for rrset in response.answer)
        for rrset in (*response.answer, *response.authority):
            # Behind an alias the SOA may be the target's; a SOA above the name can be that of this zone only.
            if rrset.rdtype == dns.rdatatype.SOA and candidate.is_subdomain(rrset.name) and not is_alias:
                return _text(rrset.name)
        candidate = candidate.parent()
    return None


async def _ask_zone(name: str, zone: str, asker: "_Asker") -> Hop:
    """What each authoritative server of the zone says about TXT at `name`."""
    response = await asker.resolve(dns.name.from_text(zone), dns.rdatatype.NS)
    hosts: list[dns.name.Name] = []
    if response is not None:
        hosts = sorted({r.target for rrset in response.answer if rrset.rdtype == dns.rdatatype.NS for r in rrset})
    addresses = await asyncio.gather(*(_addresses_of(host, asker) for host in hosts[:MOST_SERVERS]))
    servers: list[_Server] = []
    for host, found in zip(hosts, addresses, strict=False):
        # Several names for the same machine are one server, and one opinion.
        known = {address: server for server in servers for address in server.addresses}
        own = tuple(address for address in found if address not in known)
        if found and not own:
            known[found[0]].names.append(_text(host))
        else:
            servers.append(_Server([_text(host)], own))
    answers = (_ask_server(server, name, asker) for server in servers)
    return Hop(name=name, zone=zone, servers=tuple(await asyncio.gather(*answers)))


async def _addresses_of(host: dns.name.Name, asker: "_Asker") -> tuple[str, ...]:
    """All addresses of a name server, IPv4 first: it is reachable from more places."""
    kinds = (dns.rdatatype.A, dns.rdatatype.AAAA)
    responses = await asyncio.gather(*(asker.resolve(host, kind) for kind in kinds))
    return tuple(
        record.address
        for kind, response in zip(kinds, responses, strict=True)
        if response is not None
        for rrset in response.answer
        if rrset.rdtype == kind
        for record in rrset
    )


async def _ask_server(server: _Server, name: str, asker: "_Asker") -> ServerAnswer:
    """Ask one server at its addresses until one answers the question."""
    label = ", ".join(server.names)
    if not server.addresses:
        return ServerAnswer(label, "", Outcome.NO_ADDRESS)
    allowed = [address for address in server.addresses if is_allowed(ipaddress.ip_address(address))]
    answer = ServerAnswer(label, server.addresses[0], Outcome.FORBIDDEN_ADDRESS)
    for address in allowed[:MOST_ADDRESSES]:
        answer = await asker.ask(label, address, name, recursion=False)
        if answer.is_definite or answer.outcome is Outcome.REFERRED:
            break
    return answer


async def _look_elsewhere(challenge: Challenge, hop: Hop, asker: "_Asker") -> tuple[Elsewhere, ...]:
    """TXT at the names where such records end up by mistake, from the first server that answered."""
    answering = next((answer for answer in hop.servers if answer.is_definite), None)
    if answering is None:
        return ()
    places = [
        (code, name)
        for code, name in places_of_mistakes(challenge, zone=hop.zone)
        if len(name) <= 253  # RFC 1035
    ]
    answers = await asyncio.gather(
        *(asker.ask(answering.server, answering.address, name, recursion=False) for _, name in places)
    )
    return tuple(
        Elsewhere(code, name, answer.values)
        for (code, name), answer in zip(places, answers, strict=True)
        if answer.values
    )


class _Asker:
    """Sends questions for one look-up, until its time is over."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self.loop = asyncio.get_running_loop()
        patience = settings.DNS_TIMEOUT.total_seconds()
        self.deadline = self.loop.time() + patience
        # Dead name servers must leave time to ask the resolvers instead.
        self.deadline_of_servers = self.deadline - patience * KEPT_FOR_RESOLVERS
        self.slots = slots
        self.resolvers = _resolvers()

    async def resolve(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> dns.message.Message | None:
        """The first useful answer of a resolver; None if none gives any."""
        failed: dns.message.Message | None = None
        for resolver in self.resolvers * TRIES:
            query = dns.message.make_query(name, rdtype, use_edns=0, payload=UDP_PAYLOAD)
            response = await self._exchange(query, resolver, until=self.deadline, tries=1)
            if isinstance(response, dns.message.Message):
                if response.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                    return response
                failed = response
        return failed

    async def ask(self, server: str, address: str, name: str, *, recursion: bool) -> ServerAnswer:
        """What the machine at `address` says about TXT at `name`."""
        qname = dns.name.from_text(name)
        flags = dns.flags.RD if recursion else 0
        query = dns.message.make_query(qname, dns.rdatatype.TXT, flags=flags, use_edns=0, payload=UDP_PAYLOAD)
        until = self.deadline if recursion else self.deadline_of_servers
        response = await self._exchange(query, address, until=until)
        if isinstance(response, dns.message.Message) and response.rcode() in (dns.rcode.FORMERR, dns.rcode.BADVERS):
            query.use_edns(False)  # servers from before EDNS (RFC 6891 s7)
            response = await self._exchange(query, address, until=until)
        if isinstance(response, Outcome):
            return ServerAnswer(server, address, response)
        return _read(response, qname, ServerAnswer(server, address, Outcome.MALFORMED), recursion=recursion)

    async def _exchange(
        self, query: dns.message.Message, address: str, *, until: float, tries: int = TRIES
    ) -> dns.message.Message | Outcome:
        """One question and its answer, tried again if a datagram got lost. `until` is a time of the event loop."""
        for _ in range(tries):
            left = until - self.loop.time()
            if left <= 0:
                break
            try:
                # The outer limit also ends what follows the datagram: a slow connection by TCP.
                async with asyncio.timeout(left), self.slots:
                    response, _ = await dns.asyncquery.udp_with_fallback(
                        query,
                        address,
                        timeout=min(ONE_TRY, left),
                        port=settings.DNS_PORT,
                        ignore_unexpected=True,
                        ignore_errors=True,
                    )
                    return response
            except (TimeoutError, dns.exception.Timeout):
                continue
            except (dns.exception.DNSException, EOFError):
                return Outcome.MALFORMED
            except OSError:
                return Outcome.UNREACHABLE
        return Outcome.TIMEOUT


_REFUSALS = {dns.rcode.REFUSED: Outcome.REFUSED, dns.rcode.SERVFAIL: Outcome.SERVER_FAILURE}


def _read(
    response: dns.message.Message, qname: dns.name.Name, answer: ServerAnswer, *, recursion: bool
) -> ServerAnswer:
    """Turn a response into an answer. Of authoritative servers only what stands at the name itself counts: where its
    CNAME leads is asked at the servers of that place."""
    if response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return replace(answer, outcome=_REFUSALS.get(response.rcode(), Outcome.MALFORMED))
    if not recursion and not response.flags & dns.flags.AA:
        refers = any(rrset.rdtype == dns.rdatatype.NS for rrset in response.authority) and not response.answer
        return replace(answer, outcome=Outcome.REFERRED if refers else Outcome.NOT_AUTHORITATIVE)
    texts = {rrset.name: rrset for rrset in response.answer if rrset.rdtype == dns.rdatatype.TXT}
    aliases = {rrset.name: rrset[0].target for rrset in response.answer if rrset.rdtype == dns.rdatatype.CNAME}
    alias = _text(aliases[qname]) if qname in aliases else ""
    name = qname
    if recursion:
        for _ in range(MOST_ALIASES):
            name = aliases.get(name, name)
    if name in texts:
        values = tuple(b"".join(record.strings).decode("utf-8", "replace") for record in texts[name])
        return replace(answer, outcome=Outcome.ANSWERED, values=values, alias=alias)
    if alias:
        return replace(answer, outcome=Outcome.ANSWERED, alias=alias)
    missing = response.rcode() == dns.rcode.NXDOMAIN
    return replace(answer, outcome=Outcome.NO_SUCH_NAME if missing else Outcome.NO_DATA)


def _resolvers() -> tuple[str, ...]:
    """Addresses of settings.DNS_RESOLVERS, else those of the system. The operator's choice: any network will do."""
    configured = [str(address) for address in settings.DNS_RESOLVERS]
    if not configured:
        try:
            configured = [str(address) for address in dns.resolver.Resolver(configure=True).nameservers]
        except (dns.resolver.NoResolverConfiguration, OSError):
            return ()
    return tuple(configured[:MOST_RESOLVERS])


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
