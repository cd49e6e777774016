"""What only real, simultaneous transactions show: an invitation, a waiting form and a mailed link are used once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.actions.addresses import change_address
from accounts.actions.parked_forms import Typed, park_form, use_up_form
from accounts.models import AddressChange, Session, User, Way
from accounts.queries import SignedIn
from audit.actors import SYSTEM
from identity_platform.errors import PlatformError
from orgs.actions.invitations import accept_invitation
from tests.cast import Cast, open_browser
from tests.domains.test_concurrency import at_once
from tests.orgs.test_account_pages import invite

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one transaction write at a time"),
]


def outcome_of(act: Callable[[], Any]) -> Callable[[], str]:
    """`done`, or the code of the refusal."""

    def run() -> str:
        try:
            act()
        except PlatformError as refusal:
            return refusal.code
        return "done"

    return run


def test_r48_an_invitation_accepted_twice_at_once_makes_one_member(cast: Cast, now: datetime) -> None:
    open_browser(cast.stella, way=Way.EMAIL)
    session = Session.objects.get()
    signed_in = SignedIn(session=session, user=cast.stella, proofs=tuple(session.proofs.all()))
    invitation = invite(cast, cast.stella.email)

    outcomes = at_once(
        *[outcome_of(lambda: accept_invitation(invitation.id, signed_in=signed_in, now=now)) for _ in range(4)]
    )

    assert sorted(outcomes) == ["done", *["invitation_over"] * 3]
    assert cast.acme.memberships.filter(user=cast.stella).count() == 1


def test_a_waiting_form_is_sent_once(cast: Cast, now: datetime) -> None:
    token = park_form(Typed(path="/x/", page="/x/", fields=()), user=cast.stella, browser_hash="mark", now=now)
    assert token

    outcomes = at_once(
        *[outcome_of(lambda: use_up_form(token, user=cast.stella, browser_hash="mark", now=now)) for _ in range(4)]
    )

    assert sorted(outcomes) == ["done", *["parked_form_gone"] * 3]


def test_two_people_who_prove_one_address_at_once_one_gets_it(cast: Cast, now: datetime) -> None:
    changes = [
        AddressChange.objects.create(
            user=user,
            email="both@new.example",
            token_hash=user.email,
            created_at=now,
            expires_at=now + timedelta(hours=1),
        )
        for user in (cast.stella, cast.dora)
    ]

    def move(change: AddressChange) -> Callable[[], str]:
        return outcome_of(lambda: change_address(change, actor=SYSTEM, now=now))

    assert sorted(at_once(*map(move, changes))) == ["address_taken", "done"]
    assert User.objects.filter(email="both@new.example").count() == 1
