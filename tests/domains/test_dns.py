"""Looking for the challenge over real sockets, at name servers that are well, half dead, or lying."""

import time
from datetime import timedelta
from typing import Any

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

from demo.dns.zones import Record
from domains.challenge import Challenge
from domains.checks import Findings, LookUp, Outcome, Problem
from domains.dns import ask_about_many, ask_name_servers
from domains.doctor import diagnose
from domains.rules import Verdict, judge_challenge
from tests.domains.zones import (
    FIRST,
    LABEL,
    NORTHWIND,
    RESOLVER,
    SECOND,
    TOKEN,
    failing,
    proof,
    serving,
    silent,
    without_authority,
    zone,
)


@pytest.fixture(autouse=True)
def _short_patience(settings: Any) -> None:
    settings.DNS_TIMEOUT = timedelta(seconds=2)


def verdict(look_up: LookUp) -> Verdict:
    return judge_challenge(look_up, expected=NORTHWIND.value)


def outcomes(look_up: LookUp) -> list[Outcome]:
    return [answer.outcome for answer in look_up.hops[-1].servers]


def test_the_value_at_both_name_servers_is_proof(settings: Any) -> None:
    with serving(settings, zone(proof())) as asked:
        look_up = ask_name_servers(NORTHWIND)

    assert verdict(look_up) is Verdict.PROVEN
    assert look_up.zone == "northwind.example"
    assert [(answer.server, answer.address) for answer in look_up.hops[0].servers] == [
        ("ns1.northwind.example", FIRST),
        ("ns2.northwind.example", SECOND),
    ]
    questions = [(host, query) for host, query in asked if query.question[0].rdtype == dns.rdatatype.TXT]
    assert {host for host, _ in questions} == {FIRST, SECOND}, "no resolver is asked for the record itself"
    assert all(not query.flags & dns.flags.RD and query.payload == 1232 for _, query in questions)


def test_other_records_at_the_name_do_not_disturb(settings: Any) -> None:
    with serving(settings, zone(proof("v=spf1 -all"), proof(f"  {NORTHWIND.value} "), proof("x" * 200))):
        assert verdict(ask_name_servers(NORTHWIND)) is Verdict.PROVEN


def test_a_value_split_into_strings_is_joined(settings: Any) -> None:
    with serving(settings, zone(Record(LABEL, "TXT", (NORTHWIND.value[:9], NORTHWIND.value[9:])))):
        assert verdict(ask_name_servers(NORTHWIND)) is Verdict.PROVEN


def test_an_answer_too_long_for_udp_is_fetched_by_tcp(settings: Any) -> None:
    with serving(settings, zone(proof(), *(proof(f"{number:03}" + "m" * 240) for number in range(20)))):
        look_up = ask_name_servers(NORTHWIND)

    assert verdict(look_up) is Verdict.PROVEN
    assert len(look_up.values) == 21


def test_a_subdomain_is_asked_for_in_the_zone_that_holds_it(settings: Any) -> None:
    europe = Challenge(domain="eu.northwind.example", token=TOKEN, prefix="acmeidentity")
    with serving(settings, zone(proof(at=f"{LABEL}.eu"))):
        look_up = ask_name_servers(europe)

    assert verdict(look_up) is Verdict.PROVEN
    assert look_up.zone == "northwind.example"
    assert europe.name_within(look_up.zone) == f"{LABEL}.eu"


def test_an_alias_is_followed_to_the_servers_of_its_target(settings: Any) -> None:
    with serving(
        settings,
        zone(Record(LABEL, "CNAME", "proofs.partner.example.")),
        zone(proof(at="proofs"), name="partner.example"),
    ):
        look_up = ask_name_servers(NORTHWIND)

    assert verdict(look_up) is Verdict.PROVEN
    assert [hop.zone for hop in look_up.hops] == ["northwind.example", "partner.example"]


def test_r36_an_alias_that_one_of_two_servers_invents_proves_nothing(settings: Any) -> None:
    lie = zone(Record(LABEL, "CNAME", "proofs.partner.example."))
    partner = zone(proof(at="proofs"), name="partner.example")
    with serving(settings, zone(), partner, at_host={SECOND: (lie, partner)}):
        assert verdict(ask_name_servers(NORTHWIND)) is Verdict.PARTLY_THERE


def test_aliases_in_a_circle_end(settings: Any) -> None:
    with serving(settings, zone(Record(LABEL, "CNAME", "b"), Record("b", "CNAME", LABEL))):
        look_up = ask_name_servers(NORTHWIND)

    assert look_up.problem is Problem.ALIAS_LOOP
    assert verdict(look_up) is Verdict.COULD_NOT_CHECK


def test_a_long_chain_of_aliases_ends(settings: Any) -> None:
    chain = [Record(f"a{number}", "CNAME", f"a{number + 1}") for number in range(30)]
    with serving(settings, zone(Record(LABEL, "CNAME", "a0"), *chain)):
        look_up = ask_name_servers(NORTHWIND)

    assert look_up.problem is Problem.TOO_MANY_ALIASES
    assert verdict(look_up) is Verdict.COULD_NOT_CHECK


def test_a_missing_record_is_absent(settings: Any) -> None:
    with serving(settings, zone()):
        look_up = ask_name_servers(NORTHWIND)

    assert verdict(look_up) is Verdict.ABSENT
    assert outcomes(look_up) == [Outcome.NO_SUCH_NAME, Outcome.NO_SUCH_NAME]


def test_a_name_without_txt_is_absent(settings: Any) -> None:
    with serving(settings, zone(Record(LABEL, "A", "192.0.2.1"))):
        look_up = ask_name_servers(NORTHWIND)

    assert verdict(look_up) is Verdict.ABSENT
    assert outcomes(look_up) == [Outcome.NO_DATA, Outcome.NO_DATA]


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (failing(dns.rcode.SERVFAIL), Outcome.SERVER_FAILURE),
        (failing(dns.rcode.REFUSED), Outcome.REFUSED),
        (silent, Outcome.TIMEOUT),
    ],
)
def test_servers_that_do_not_answer_are_never_taken_for_absence(
    settings: Any, behaviour: Any, outcome: Outcome
) -> None:
    with serving(settings, zone(), at=dict.fromkeys((FIRST, SECOND, RESOLVER), behaviour)):
        look_up = ask_name_servers(NORTHWIND)

    assert verdict(look_up) is Verdict.COULD_NOT_CHECK
    assert outcomes(look_up) == [outcome, outcome]


def test_a_server_without_authority_has_no_say(settings: Any) -> None:
    with serving(settings, zone(), at={FIRST: without_authority, SECOND: without_authority, RESOLVER: silent}):
        look_up = ask_name_servers(NORTHWIND)

    assert verdict(look_up) is Verdict.COULD_NOT_CHECK
    assert outcomes(look_up) == [Outcome.NOT_AUTHORITATIVE, Outcome.NOT_AUTHORITATIVE]


def test_the_only_server_that_answers_needs_the_resolver_beside_it(settings: Any) -> None:
    with serving(settings, zone(proof()), at={SECOND: silent}):
        assert verdict(ask_name_servers(NORTHWIND)) is Verdict.PROVEN
    with serving(settings, zone(proof()), at={SECOND: silent, RESOLVER: failing(dns.rcode.SERVFAIL)}):
        assert verdict(ask_name_servers(NORTHWIND)) is Verdict.PARTLY_THERE


def test_r36_one_of_two_answering_servers_is_not_enough(settings: Any) -> None:
    with serving(settings, zone(), at_host={SECOND: (zone(proof()),)}):
        assert verdict(ask_name_servers(NORTHWIND)) is Verdict.PARTLY_THERE


def test_the_only_server_of_a_zone_suffices(settings: Any) -> None:
    with serving(settings, zone(proof(), name_servers=(("ns1", FIRST),))):
        assert verdict(ask_name_servers(NORTHWIND)) is Verdict.PROVEN


def test_two_names_of_one_machine_are_one_server(settings: Any) -> None:
    with serving(settings, zone(proof(), name_servers=(("ns1", FIRST), ("ns2", FIRST)))):
        look_up = ask_name_servers(NORTHWIND)

    assert [answer.server for answer in look_up.hops[0].servers] == ["ns1.northwind.example, ns2.northwind.example"]


def test_r45_a_name_server_at_a_private_address_is_not_asked(settings: Any) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []
    with serving(settings, zone(proof())) as asked:
        look_up = ask_name_servers(NORTHWIND)

    assert outcomes(look_up) == [Outcome.FORBIDDEN_ADDRESS, Outcome.FORBIDDEN_ADDRESS]
    assert {host for host, _ in asked} == {RESOLVER}
    assert verdict(look_up) is not Verdict.PROVEN


def test_a_zone_that_nobody_serves_could_not_be_checked(settings: Any) -> None:
    with serving(settings, zone(name="globex.example")):
        look_up = ask_name_servers(NORTHWIND)

    assert look_up.problem is Problem.ZONE_NOT_FOUND
    assert verdict(look_up) is Verdict.COULD_NOT_CHECK


def test_a_look_up_ends_in_time_whatever_the_servers_do(settings: Any) -> None:
    settings.DNS_TIMEOUT = timedelta(seconds=1)
    with serving(settings, zone(), at=dict.fromkeys((FIRST, SECOND, RESOLVER), silent)):
        begun = time.monotonic()
        ask_name_servers(NORTHWIND)

    assert time.monotonic() - begun < 1.6


def test_a_slow_zone_delays_no_other(settings: Any) -> None:
    slow = Challenge(domain="slow.example", token=TOKEN, prefix="acmeidentity")

    def sleepy(query: Any, zones: Any) -> Any:
        from demo.dns.answers import answer

        return None if "slow" in str(query.question[0].name) else answer(query, zones, FIRST)

    with serving(settings, zone(proof()), zone(name="slow.example"), at=dict.fromkeys((FIRST, SECOND), sleepy)):
        begun = time.monotonic()
        first, _ = next(ask_about_many([slow, NORTHWIND]))

    assert first == NORTHWIND
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize(
    ("records", "mistake"),
    [
        ([proof(at=f"{LABEL}.northwind.example")], "name_doubled"),
        ([proof(at="@")], "record_on_the_domain"),
        ([proof(f'"{NORTHWIND.value}"')], "value_in_quotes"),
        ([proof(NORTHWIND.value.replace("=", " = "))], "value_with_blanks"),
        ([proof(TOKEN)], "value_without_prefix"),
        ([proof(NORTHWIND.value.replace("0123", "9999"))], "value_with_other_token"),
    ],
)
def test_the_usual_mistakes_are_recognised(settings: Any, records: list[Record], mistake: str) -> None:
    with serving(settings, zone(*records)):
        look_up = ask_name_servers(NORTHWIND)

    assert verdict(look_up) in (Verdict.ABSENT, Verdict.WRONG_VALUE)
    assert [diagnosis.code for diagnosis in diagnose(look_up, challenge=NORTHWIND)] == [mistake]


def test_what_was_found_survives_being_stored(settings: Any) -> None:
    with serving(settings, zone(proof("other\x00"), proof(at="@")), at={SECOND: silent}):
        look_up = ask_name_servers(NORTHWIND)
    findings = Findings(look_up, diagnose(look_up, challenge=NORTHWIND))

    assert Findings.from_json(findings.to_json()).to_json() == findings.to_json()
    assert "\x00" not in str(findings.to_json())
