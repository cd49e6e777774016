"""The door asks both policies of spec 6.3 in one query, and sees every change at the next request."""

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from unittest.mock import patch

import pytest
from django.db import DatabaseError, transaction
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Way
from domains.models import ClaimState, DomainClaim, ShareableName
from orgs import guards
from orgs.models import Enforcement, Membership, ParentOrganization, Product
from sso.models import Connection, ConnectionRevision
from sso.queries import sign_in as queries
from tests.cast import Cast, open_browser, role_of, verified_domain
from tests.factories.sso import IdentityProvider, live_connection

ACME, SOLO = "/orgs/acme/settings/identity/", "/orgs/solo/settings/identity/"


@pytest.fixture
def okta(cast: Cast) -> IdentityProvider:
    """Acme Group's connection serves acme.example; Alice also manages Solo, which belongs to no parent."""
    Membership.unscoped.create(
        organization=cast.solo,
        user=cast.alice,
        role=role_of(cast.solo, "admin"),
        source="manual",
        created_at=timezone.now(),
    )
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)
    return live_connection(cast.acme_group, created_by=cast.alice, claims=(claim,))


def lets_in(browser: Client, path: str) -> bool:
    """Whoever lacks a proof is sent to give one; at Solo the page then says that a parent is missing."""
    answer = browser.get(path)
    assert answer.status_code in (200, 302, 403), answer.content
    return bool(answer.status_code != 302)


def asked_by_the_door(browser: Client, path: str) -> int:
    """How much is asked of the database from the cookie to the door's answer."""
    ask = guards.ask

    def ask_and_count(topic: str, **question: object) -> None:
        ask(topic, **question)
        counted.append(len(asked))

    counted: list[int] = []
    with CaptureQueriesContext(database) as asked, patch("orgs.guards.ask", ask_and_count):
        browser.get(path)
    return counted[0]


@pytest.mark.parametrize("path", [ACME, SOLO])
def test_session_membership_and_both_policies_are_one_query(cast: Cast, okta: IdentityProvider, path: str) -> None:
    enforce(cast, enforced_at=timezone.now() + timedelta(hours=1))
    alice = open_browser(cast.alice)

    cold, warm = asked_by_the_door(alice, path), asked_by_the_door(alice, path)

    assert (cold, warm) == (1 + 2, 1)


def test_several_proofs_are_one_query_still(cast: Cast, okta: IdentityProvider) -> None:
    alice = open_browser(cast.alice)
    session = cast.alice.sessions.get()
    for way in (Way.PASSWORD, Way.GOOGLE):
        session.proofs.create(way=way, proved_at=timezone.now())
    asked_by_the_door(alice, ACME)

    assert asked_by_the_door(alice, ACME) == 1


def test_a_stranger_and_nobody_cost_one_query_at_most(cast: Cast) -> None:
    with CaptureQueriesContext(database) as asked:
        assert open_browser(None).get(ACME).status_code == 302
    assert len(asked) == 0


def enforce(cast: Cast, **fields: object) -> None:
    long_ago = timezone.now() - timedelta(days=1)
    for product in Product.objects.all():
        cast.acme_group.enforcements.create(product=product, **{"enforced_at": long_ago, **fields})


def enforce_keeping(cast: Cast) -> None:
    enforce(cast, enforced_at=timezone.now() + timedelta(hours=1))


def claims() -> object:
    return DomainClaim.unscoped.filter(name="acme.example")


def share(cast: Cast) -> None:
    ShareableName.objects.create(name="acme.example", marked_by=cast.sam, marked_at=timezone.now(), reason="merger")
    claims().update(is_shared=True)  # type: ignore[attr-defined]


def unassign(cast: Cast) -> None:
    enforce(cast)
    claims().update(connection=None)  # type: ignore[attr-defined]


def take_off(cast: Cast) -> None:
    enforce(cast)
    ConnectionRevision.unscoped.update(state="tested")


def lapse(cast: Cast) -> None:
    claims().update(state=ClaimState.LAPSED, lapsed_at=timezone.now())  # type: ignore[attr-defined]


def lapse_enforced(cast: Cast) -> None:
    enforce(cast)
    lapse(cast)


def remove(cast: Cast) -> None:
    claims().update(  # type: ignore[attr-defined]
        state=ClaimState.REMOVED, removed_at=timezone.now(), connection=None
    )


def remove_all(cast: Cast) -> None:
    enforce(cast)
    DomainClaim.unscoped.update(
        state=ClaimState.PENDING,
        verified_at=None,
        connection=None,
    )


def prove_again(cast: Cast) -> None:
    claims().update(  # type: ignore[attr-defined]
        state=ClaimState.VERIFIED, verified_at=timezone.now(), connection=Connection.unscoped.get()
    )


NOTHING, ENDED = (lambda cast: None), {"proofs_valid_from": timezone.now() + timedelta(days=1)}
Change = Callable[[Cast], object]


@pytest.mark.parametrize(
    ("path", "given", "change", "opens"),
    [
        pytest.param(ACME, NOTHING, enforce, False, id="SSO is enforced"),
        pytest.param(SOLO, NOTHING, enforce, False, id="SSO is enforced, elsewhere"),
        pytest.param(ACME, enforce, lambda cast: Enforcement.unscoped.all().delete(), True, id="made optional"),
        pytest.param(SOLO, enforce, lambda cast: Enforcement.unscoped.all().delete(), True, id="optional, elsewhere"),
        pytest.param(
            ACME,
            enforce_keeping,
            lambda cast: Enforcement.unscoped.update(email_proofs_valid_from=timezone.now()),
            False,
            id="earlier proofs are ended",
        ),
        pytest.param(ACME, NOTHING, lambda cast: claims().update(**ENDED), False, id="ended for the domain"),  # type: ignore[attr-defined]
        pytest.param(SOLO, NOTHING, lambda cast: claims().update(**ENDED), False, id="ended for it, elsewhere"),  # type: ignore[attr-defined]
        pytest.param(ACME, NOTHING, lambda cast: ParentOrganization.objects.update(**ENDED), False, id="all ended"),
        pytest.param(
            ACME,
            NOTHING,
            lambda cast: Membership.unscoped.filter(user=cast.alice).update(**ENDED),
            False,
            id="a manager ended this person's",
        ),
        pytest.param(
            ACME,
            NOTHING,
            lambda cast: ParentOrganization.objects.update(requires_sso_for_every_member=True),
            False,
            id="required of every member",
        ),
        pytest.param(
            ACME,
            NOTHING,
            lambda cast: ParentOrganization.objects.update(session_lifetime=timedelta(hours=1)),
            False,
            id="a shorter lifetime",
        ),
        pytest.param(
            SOLO, enforce, lambda cast: Connection.unscoped.update(retired_at=timezone.now()), True, id="retired"
        ),
        pytest.param(
            ACME, take_off, lambda cast: ConnectionRevision.unscoped.update(state="live"), False, id="goes live"
        ),
        pytest.param(
            ACME, enforce, lambda cast: ConnectionRevision.unscoped.update(state="tested"), True, id="is live no more"
        ),
        pytest.param(
            ACME,
            unassign,
            lambda cast: claims().update(connection=Connection.unscoped.get()),  # type: ignore[attr-defined]
            False,
            id="a domain is assigned",
        ),
        pytest.param(SOLO, enforce, share, True, id="the name is shared"),
        pytest.param(SOLO, enforce, lapse, True, id="the domain lapses"),
        pytest.param(
            SOLO,
            lapse_enforced,
            lambda cast: claims().update(state=ClaimState.VERIFIED, lapsed_at=None),  # type: ignore[attr-defined]
            False,
            id="it recovers",
        ),
        pytest.param(SOLO, enforce, remove, True, id="the claim is removed, elsewhere"),
        pytest.param(ACME, enforce, remove, True, id="the claim is removed"),
        pytest.param(ACME, remove_all, prove_again, False, id="the domain is verified and assigned"),
        pytest.param(SOLO, remove_all, prove_again, False, id="the same, elsewhere"),
    ],
)
def test_r33_what_any_process_changes_is_seen_by_the_next_request_of_every_process(
    cast: Cast, okta: IdentityProvider, path: str, given: Change, change: Change, opens: bool
) -> None:
    """Two processes have the door's policies in their caches; nothing tells them of the change, whoever writes it."""
    given(cast)
    alice = open_browser(cast.alice, proved_at=timezone.now() - timedelta(hours=2))
    caches = [lru_cache(queries._policy_of.__wrapped__) for _ in range(2)]
    for cache in caches:
        with patch.object(queries, "_policy_of", cache):
            assert [lets_in(alice, path), lets_in(alice, path)] == [not opens, not opens]

    change(cast)

    for cache in caches:
        with patch.object(queries, "_policy_of", cache):
            assert lets_in(alice, path) is opens


def test_r33_a_change_that_was_rolled_back_leaves_nothing_behind(cast: Cast, okta: IdentityProvider) -> None:
    alice = open_browser(cast.alice)
    with transaction.atomic():
        enforce(cast)
        assert not lets_in(alice, ACME)
        transaction.set_rollback(True)

    claims().update(proofs_valid_from=timezone.now() - timedelta(days=1))  # type: ignore[attr-defined]

    assert lets_in(alice, ACME)


def test_r35_a_policy_that_cannot_be_loaded_refuses(cast: Cast, okta: IdentityProvider) -> None:
    alice = open_browser(cast.alice)
    assert lets_in(alice, ACME)
    ParentOrganization.objects.update(access_version=1)  # so that it has to be loaded

    with patch.object(queries, "_claims", side_effect=DatabaseError):
        refused = alice.get(ACME)

    assert refused.status_code == 503
    assert "Identity and access" not in refused.content.decode()
