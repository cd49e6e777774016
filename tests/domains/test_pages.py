"""The pages, as managers and others meet them."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from audit.tasks import deliver_outbox
from domains import actions
from domains.challenge import challenge_for
from domains.models import ClaimState, DomainClaim
from tests.cast import Cast, verified_domain
from tests.domains.conftest import AddClaim
from tests.domains.zones import LABEL, SECOND, proof, serving, silent, zone

pytestmark = pytest.mark.django_db

BASE = "/orgs/acme/settings/identity/domains"
BrowserOf = Callable[..., Client]


@pytest.fixture
def alice(cast: Cast, browser_of: BrowserOf) -> Client:
    return browser_of(cast.alice)


def address(claim: DomainClaim, *, slug: str = "acme") -> str:
    return f"/orgs/{slug}/settings/identity/domains/{claim.id.hex}/"


def text_of(response: Any) -> str:
    """What is read on the page: without tags, entities resolved enough, blanks joined."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(text.replace("&#x27;", "'").replace("&quot;", '"').split())


def test_adding_a_domain_leads_to_its_record(alice: Client, woken: list[Any], cast: Cast) -> None:
    assert "Add domain" in text_of(alice.get(f"{BASE}/new/"))
    response = alice.post(f"{BASE}/new/", {"domain": "alice@Northwind.example"}, follow=True)

    claim = DomainClaim.objects.for_parent(cast.acme_group).get()
    page = text_of(response)
    assert response.redirect_chain == [(address(claim), 302)]
    assert "Verify northwind.example" in page
    assert f"{LABEL}.northwind.example" in page
    assert challenge_for(claim.name, token=claim.token).value in page
    assert "Only this part" in page
    assert "leave the record in place" in page


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "Type a domain"),
        ("gmail.com", "Anybody can get an address at gmail.com"),
        ("192.0.2.1", "is an IP address"),
        ("co.uk", "nobody can claim all of it"),
        ("north<script>wind", "isn't a domain name"),
    ],
)
def test_a_refused_domain_is_explained_at_its_field(alice: Client, typed: str, reason: str) -> None:
    response = alice.post(f"{BASE}/new/", {"domain": typed})

    assert response.status_code == 422
    assert reason in text_of(response)
    assert "<title>Error:" in response.content.decode()
    assert "<script>" not in response.content.decode().replace('<script src="', "")


def test_too_many_open_claims_are_explained_at_the_field(alice: Client, monkeypatch: Any, add_claim: AddClaim) -> None:
    monkeypatch.setattr(actions, "MOST_OPEN_CLAIMS", 1)
    add_claim("first.example")

    response = alice.post(f"{BASE}/new/", {"domain": "second.example"})

    assert response.status_code == 422
    assert 'id="id_domain_error"' in response.content.decode()
    assert "waiting to be verified" in text_of(response)


def test_a_domain_already_on_the_list_is_linked(alice: Client, add_claim: AddClaim) -> None:
    claim = add_claim()
    response = alice.post(f"{BASE}/new/", {"domain": "northwind.example"})

    assert "already on your list" in text_of(response)
    assert address(claim) in response.content.decode()


def test_a_pending_claim_asks_for_itself_again_until_it_is_verified(
    alice: Client, add_claim: AddClaim, settings: Any
) -> None:
    claim = add_claim(at=timezone.now())
    fragment = alice.get(address(claim) + "status/").content.decode()
    assert f'hx-get="{address(claim)}status/"' in fragment
    assert 'hx-trigger="every 5s"' in fragment
    assert "<html" not in fragment

    with serving(settings, zone(proof(challenge_for(claim.name, token=claim.token).value))):
        alice.post(address(claim) + "check/")
    done = alice.get(address(claim) + "status/")
    assert "northwind.example is verified" in text_of(done)
    assert "hx-get" not in done.content.decode()


def test_an_open_page_asks_more_rarely_with_time(alice: Client, add_claim: AddClaim) -> None:
    claim = add_claim()
    for waited, pause in ((timedelta(minutes=5), "15s"), (timedelta(hours=1), "60s")):
        claim.polling_since = timezone.now() - waited
        claim.save(update_fields=["polling_since"])
        assert f'hx-trigger="every {pause}"' in alice.get(address(claim)).content.decode()


def test_refresh_works_without_scripting_and_says_when_again(alice: Client, add_claim: AddClaim, settings: Any) -> None:
    claim = add_claim()
    with serving(settings, zone()):
        first = alice.post(address(claim) + "check/", follow=True)
        second = alice.post(address(claim) + "check/", follow=True)

    assert first.redirect_chain == [(address(claim), 302)]
    assert "The record isn't there yet." in text_of(first)
    assert re.search(r"You can check again in \d+ seconds", text_of(second))


def test_refresh_by_script_answers_with_the_part_that_changed(
    alice: Client, add_claim: AddClaim, settings: Any
) -> None:
    claim = add_claim()
    with serving(settings, zone()):
        response = alice.post(address(claim) + "check/", headers={"HX-Request": "true"})

    assert response.status_code == 200
    assert response.content.decode().strip().startswith('<div class="stack g6" id="claim"')


def test_what_each_name_server_said_is_shown(alice: Client, add_claim: AddClaim, settings: Any) -> None:
    settings.DNS_TIMEOUT = timedelta(seconds=1)
    claim = add_claim()
    with serving(settings, zone(proof("v=spf1 <b>-all</b>")), at={SECOND: silent}):
        page = alice.post(address(claim) + "check/", follow=True)

    assert "ns1.northwind.example 127.0.0.1 Has “v=spf1 &lt;b&gt;-all&lt;/b&gt;”" in text_of(page)
    assert "ns2.northwind.example 127.0.0.2 Didn't answer in time" in text_of(page)


def test_a_usual_mistake_is_named_with_what_to_type(alice: Client, add_claim: AddClaim, settings: Any) -> None:
    claim = add_claim()
    value = challenge_for(claim.name, token=claim.token).value
    with serving(settings, zone(proof(value, at=f"{LABEL}.northwind.example"))):
        page = text_of(alice.post(address(claim) + "check/", follow=True))

    assert "The domain was added twice" in page
    assert f"shorten the name to {LABEL}." in page


def test_the_name_is_shown_as_it_is_typed_in_the_zone_that_was_found(
    alice: Client, add_claim: AddClaim, settings: Any
) -> None:
    claim = add_claim("eu.northwind.example")
    with serving(settings, zone(), zone(name="eu.northwind.example")):
        page = text_of(alice.post(address(claim) + "check/", follow=True))

    assert f"Name {LABEL} Copy" in page
    assert "Open the DNS records of eu.northwind.example" in page


def test_an_expired_claim_starts_again(alice: Client, add_claim: AddClaim, now: datetime) -> None:
    claim = add_claim()
    claim.state, claim.next_check_at = ClaimState.EXPIRED, None
    claim.save(update_fields=["state", "next_check_at"])
    assert "We stopped looking." in text_of(alice.get(address(claim)))

    response = alice.post(address(claim) + "restart/", follow=True)
    assert "Pending" in text_of(response)
    assert alice.post(address(claim) + "restart/").status_code == 409


def test_lapsed_missing_removed_and_manual_claims_say_what_they_are(alice: Client, cast: Cast, now: datetime) -> None:
    group, by = cast.acme_group, cast.alice
    pages = {
        state: text_of(alice.get(address(verified_domain(group, name, added_by=by, **fields))))
        for state, name, fields in (
            ("lapsed", "l.example", {"state": ClaimState.LAPSED, "lapsed_at": now, "absent_since": now}),
            ("missing", "m.example", {"absent_since": now}),
            ("removed", "r.example", {"state": ClaimState.REMOVED, "removed_at": now}),
            ("manual", "h.example", {"is_manual": True, "manual_reason": "By letter."}),
        )
    }

    assert "l.example has lapsed" in pages["lapsed"]
    assert "The DNS record is missing." in pages["missing"]
    assert "m.example is verified" in pages["missing"]
    assert "This domain was removed." in pages["removed"]
    assert "Verified by hand" in pages["manual"]
    assert "Refresh" not in pages["manual"]


def test_internationalised_names_are_shown_in_both_forms(alice: Client, add_claim: AddClaim) -> None:
    page = text_of(alice.get(address(add_claim("münchen-northwind.de"))))

    assert "Verify münchen-northwind.de" in page
    assert "xn--mnchen-northwind-jzb.de" in page


@pytest.mark.parametrize("what", ["", "status/", "check/", "restart/"])
def test_r38_a_claim_of_another_parent_looks_like_none(
    cast: Cast, browser_of: BrowserOf, add_claim: AddClaim, what: str
) -> None:
    claim = add_claim()
    charlie = browser_of(cast.charlie)
    ask = charlie.post if what in ("check/", "restart/") else charlie.get

    assert ask(address(claim, slug="globex") + what).status_code == 404
    assert ask(address(claim) + what).status_code == 404
    claim.refresh_from_db()
    assert claim.last_checked_at is None


def test_members_without_the_role_are_refused(cast: Cast, browser_of: BrowserOf, add_claim: AddClaim) -> None:
    claim, bob = add_claim(), browser_of(cast.bob)

    assert bob.get(address(claim)).status_code == 403
    assert bob.post(f"{BASE}/new/", {"domain": "bob.example"}).status_code == 403


def test_managers_are_mailed_when_it_is_done(alice: Client, add_claim: AddClaim, settings: Any, cast: Cast) -> None:
    claim = add_claim()
    with serving(settings, zone(proof(challenge_for(claim.name, token=claim.token).value))):
        alice.post(address(claim) + "check/")
    deliver_outbox()

    (message,) = [sent for sent in mail.outbox if "northwind.example" in sent.subject]
    assert message.to == ["alice@acme.example"]
    assert message.subject == "northwind.example is verified"
    assert f"{settings.PUBLIC_URL}/settings/identity/" in message.body
    assert "changed nothing for anybody's sign-in" in message.body
    assert "&#x27;" not in message.body
    html = message.alternatives[0][0]
    assert f'href="{settings.PUBLIC_URL}/settings/identity/"' in html


@pytest.mark.parametrize("days", [1, 4])
def test_managers_are_mailed_the_record_when_it_is_missing(cast: Cast, now: datetime, days: int) -> None:
    from audit.actors import SYSTEM
    from domains import actions
    from domains.checks import Hop, LookUp, Outcome, ServerAnswer

    claim = verified_domain(
        cast.acme_group, "northwind.example", added_by=cast.alice, absent_since=now - timedelta(days=days)
    )
    gone = LookUp((Hop("x", "northwind.example", (ServerAnswer("ns1", "192.0.2.1", Outcome.NO_SUCH_NAME),)),))
    actions.record_check(claim, gone, actor=SYSTEM, now=now)
    deliver_outbox()

    (message,) = mail.outbox
    assert challenge_for(claim.name, token=claim.token).value in message.body
    assert ("has lapsed" in message.subject) is (days == 4)


def test_a_page_costs_few_queries(alice: Client, add_claim: AddClaim, django_assert_max_num_queries: Any) -> None:
    claim = add_claim()
    with django_assert_max_num_queries(6):
        alice.get(address(claim))
