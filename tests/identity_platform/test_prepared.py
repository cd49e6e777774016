"""A statement whose SQL is made once answers as the ORM's own query does."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, QuerySet
from django.test.utils import CaptureQueriesContext

from accounts.models import Proof, Session, User, Way
from audit.models import AuditEvent
from identity_platform.prepared import Update, insert, prepared, prepared_update
from orgs.models import Membership
from tests.cast import Cast

built: list[Any] = []


@prepared
def memberships_of(person_id: uuid.UUID, *, slug: str) -> QuerySet[Membership]:
    built.append(person_id)
    members: QuerySet[Membership] = Membership.unscoped.filter(user=person_id, organization__slug=slug)  # a test's own
    return members.select_related("organization__parent", "role", "tier").annotate(product=F("role__product__slug"))


@prepared_update
def see(person_id: uuid.UUID, *, now: datetime) -> Update:
    return User.objects.filter(id=person_id, created_at__lte=now), {"last_sign_in_at": now}


def test_rows_come_with_their_relations_and_annotations(cast: Cast) -> None:
    with CaptureQueriesContext(connection) as statements:
        (membership,) = memberships_of(cast.alice.id, slug=cast.acme.slug)

        assert membership.organization == cast.acme
        assert membership.organization.parent == cast.acme_group
        assert membership.organization.created_at == cast.acme.created_at
        assert membership.role.manages_identity is True
        assert membership.tier is None or membership.tier.name
        assert membership.product == "assistant"
    assert len(statements) == 1


def test_each_call_asks_with_its_own_values_and_the_query_is_built_once(cast: Cast) -> None:
    memberships_of(cast.alice.id, slug=cast.acme.slug)
    built.clear()

    assert [one.user_id for one in memberships_of(cast.bob.id, slug=cast.acme.slug)] == [cast.bob.id]
    assert memberships_of(cast.bob.id, slug=cast.globex.slug) == []
    assert memberships_of(cast.charlie.id, slug=cast.globex.slug)[0].organization == cast.globex
    assert built == []


def test_none_is_refused_because_nothing_equals_null_in_sql(cast: Cast) -> None:
    with pytest.raises(ValueError, match="None"):
        memberships_of(None, slug="acme")  # type: ignore[arg-type]


def test_a_value_can_never_become_sql(cast: Cast) -> None:
    assert memberships_of(cast.alice.id, slug="' OR 1=1 --") == []
    assert memberships_of(cast.alice.id, slug="%s") == []


def test_an_update_says_how_many_rows_it_changed(cast: Cast, now: datetime) -> None:
    assert see(cast.bob.id, now=now) == 1
    assert see(cast.bob.id, now=now - timedelta(days=9999)) == 0

    cast.bob.refresh_from_db()
    cast.alice.refresh_from_db()
    assert cast.bob.last_sign_in_at == now
    assert cast.alice.last_sign_in_at is None


def make_session(user: User, *, now: datetime, key_hash: str = "a" * 64) -> Session:
    return Session(
        user=user, key_hash=key_hash, created_at=now, last_seen_at=now, expires_at=now, ip="2001:db8::1", user_agent="x"
    )


def test_an_inserted_row_is_the_one_that_save_would_have_written(cast: Cast, now: datetime) -> None:
    session = make_session(cast.bob, now=now)

    assert insert(session) is True

    found = Session.objects.get(id=session.id)
    assert [getattr(found, field.attname) for field in Session._meta.concrete_fields] == [
        getattr(session, field.attname) for field in Session._meta.concrete_fields
    ]
    session.user_agent = "y"
    session.save()
    assert Session.objects.get(id=session.id).user_agent == "y"


def test_a_key_that_the_database_makes_is_known_afterwards(cast: Cast, now: datetime) -> None:
    session = make_session(cast.bob, now=now)
    insert(session)
    proof = Proof(session=session, way=Way.EMAIL, proved_at=now, longest_gap=timedelta(minutes=3))

    insert(proof)

    found = Proof.objects.get(id=proof.id)
    assert (found.session, found.longest_gap) == (session, timedelta(minutes=3))


def test_json_and_a_missing_address_are_stored_as_ever(db: None, now: datetime) -> None:
    event = AuditEvent(
        reference="SGN-AAAA-BBBB", code="sign_in.refused", at=now, details={"received": 'a "b" ü', "n": 1}
    )

    insert(event)

    found = AuditEvent.objects.get(id=event.id)
    assert (found.details, found.before, found.ip) == ({"received": 'a "b" ü', "n": 1}, {}, None)


def test_a_row_that_is_there_already_is_left_as_it_is_and_the_transaction_goes_on(cast: Cast, now: datetime) -> None:
    insert(make_session(cast.bob, now=now))

    assert insert(make_session(cast.alice, now=now), unless_there=True) is False
    assert Session.objects.get(key_hash="a" * 64).user == cast.bob
