"""Who an assertion is about: the subject ties, the address finds the user the first time (spec 5.8, R25, R29, R30)."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import FilteredRelation, Q, QuerySet

from accounts.actions import emailed_sign_in
from accounts.actions.addresses import void_address_changes
from accounts.actions.users import find_or_create_user
from accounts.addresses import domain_of
from accounts.models import User
from audit import actions as audit
from audit.actors import SYSTEM
from audit.codes import Code
from domains.models import HOLDING, ClaimState, DomainClaim
from identity_platform.prepared import prepared
from orgs.actions.invitations import withdraw_invitations
from orgs.models import Membership
from sso.claims import Claims
from sso.errors import AddressClash, AddressNotServed, DomainLapsed, StaffNotServed, SubjectChanged
from sso.models import Connection, ExternalIdentity


@dataclass(frozen=True)
class Person:
    """`claim` is the one on the address's domain that the connection serves."""

    user: User
    claim: DomainClaim
    is_new: bool = False


def find_or_tie_user(connection: Connection, *, issuer: str, claims: Claims, now: datetime) -> Person:
    """The user behind a verified subject, tied now if this is the first time.

    Runs inside the caller's transaction. Raises AddressNotServed, DomainLapsed, SubjectChanged,
    AddressClash, StaffNotServed.
    """
    domain = domain_of(claims.email)
    serving = _claims_serving(
        domain, connection_id=connection.id, parent_id=connection.parent_id, issuer=issuer, subject=claims.subject
    )
    if not serving:
        raise AddressNotServed(received=domain)  # R29
    claim = serving[0]
    tie: ExternalIdentity | None = getattr(claim, "tie", None)  # Django leaves it away where there is no row
    if tie is None:
        return _tie(connection, issuer=issuer, claims=claims, claim=claim, now=now)
    user = tie.user
    _ensure_not_staff(user)
    if user.email != claims.email:
        _move_address(user, connection=connection, claims=claims, claim=claim, now=now)
    return Person(user=user, claim=claim)


@prepared
def _claims_serving(
    domain: str, *, connection_id: uuid.UUID, parent_id: uuid.UUID, issuer: str, subject: str
) -> QuerySet[Any]:
    """The parent's claim on the domain, if it is assigned to this connection: none or one, since a parent claims a name
    once. Its `tie` is the ExternalIdentity of the subject there, with its user."""
    claims: Any = DomainClaim.objects.for_parent(parent_id)  # the types know no filtered relations
    return (
        claims.filter(name=domain, state__in=HOLDING, connection=connection_id)
        .annotate(
            tie=FilteredRelation(
                "connection__external_identities",
                condition=Q(
                    connection__external_identities__issuer=issuer,
                    connection__external_identities__subject=subject,
                    connection__external_identities__retired_at=None,
                ),
            )
        )
        .select_related("tie__user")
        .defer("findings")
    )


def judge_first_tie(
    connection: Connection, *, user: User | None, issuer: str, claims: Claims, claim: DomainClaim
) -> None:
    """Whether this subject may be tied to the account with the address (None: there is none yet).

    Raises StaffNotServed, SubjectChanged (the account is tied to another subject of this issuer, R30), DomainLapsed
    (nobody new comes in by a lapsed domain, spec 4.6). A test sign-in asks it too.
    """
    if user:
        _ensure_not_staff(user)
        tied = ExternalIdentity.unscoped.filter(  # any connection of this parent that is still in use
            user=user,
            issuer=issuer,
            retired_at=None,
            connection__retired_at=None,
            connection__parent=connection.parent_id,
        )
        if tied.exclude(subject=claims.subject).exists():
            raise SubjectChanged(received=claims.subject)
    if claim.state == ClaimState.LAPSED and not (user and _is_member_under(connection, user)):
        raise DomainLapsed(received=claim.name)


def _tie(connection: Connection, *, issuer: str, claims: Claims, claim: DomainClaim, now: datetime) -> Person:
    user = User.objects.filter(email=claims.email).first()
    judge_first_tie(connection, user=user, issuer=issuer, claims=claims, claim=claim)
    is_new = False
    if user is None:
        name = " ".join(part for part in (claims.first_name, claims.last_name) if part)
        user, is_new = find_or_create_user(claims.email, name=name, now=now)
    try:
        with transaction.atomic():
            ExternalIdentity.unscoped.create(  # the row names its connection
                connection=connection,
                issuer=issuer,
                subject=claims.subject,
                user=user,
                created_at=now,
                last_used_at=now,
            )
            audit.record(
                Code.EXTERNAL_IDENTITY_TIED,
                actor=SYSTEM,
                parent_id=connection.parent_id,
                target=user,
                after={"connection": connection.id.hex, "issuer": issuer, "subject": claims.subject},
                now=now,
            )
    except IntegrityError as error:
        # Two first sign-ins at once: the other one made the tie, to this user or to another one.
        same = ExternalIdentity.unscoped.filter(  # as above
            connection=connection, issuer=issuer, subject=claims.subject, user=user, retired_at=None
        )
        if not same.exists():
            raise SubjectChanged(received=claims.subject) from error
    return Person(user=user, claim=claim, is_new=is_new)


def _move_address(user: User, *, connection: Connection, claims: Claims, claim: DomainClaim, now: datetime) -> None:
    """A changed address at the identity provider moves the user's, if both lie in domains held alone and it is free."""
    served = DomainClaim.objects.for_parent(connection.parent_id).filter(
        connection__isnull=False, state=ClaimState.VERIFIED, is_shared=False
    )
    names = set(served.values_list("name", flat=True))
    if domain_of(user.email) not in names:
        raise AddressClash(
            expected=user.email,
            received=claims.email,
            why=f"The account's present address isn't in a verified domain of {connection.parent}.",
        )
    if claim.name not in names:
        raise AddressClash(expected=user.email, received=claims.email, why=f"{claim.name} isn't verified alone.")
    before = user.email
    try:
        with transaction.atomic():
            User.objects.filter(id=user.id).update(email=claims.email)
    except IntegrityError as error:
        raise AddressClash(
            expected=before, received=claims.email, why="Another account has the new address already."
        ) from error
    user.email = claims.email
    # What is under way to the former address would prove, or invite, somebody who no longer has it.
    emailed_sign_in.void_open_sign_ins(before, now=now)
    void_address_changes(user, now=now)
    withdraw_invitations(before, now=now)
    audit.record(
        Code.USER_ADDRESS_CHANGED,
        actor=SYSTEM,
        parent_id=connection.parent_id,
        target=user,
        before={"email": before},
        after={"email": user.email},
        details={"how": "at the identity provider"},
        now=now,
    )


def _is_member_under(connection: Connection, user: User) -> bool:
    # The parent's organizations together; the parent is the connection's own.
    return Membership.unscoped.filter(user=user, organization__parent=connection.parent_id).exists()


def _ensure_not_staff(user: User) -> None:
    """Staff accounts are never tied, renamed or created by a connection (spec 5.8)."""
    if user.is_staff:
        raise StaffNotServed
