"""Who is signed in: the set-based half of what the door judges for one session (`sso.rules.decide`)."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import DateTimeField, Exists, F, Max, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from accounts.models import Proof, Session, User, Way
from orgs.models import Membership, Organization, ParentOrganization
from orgs.sessions.policy import SessionPolicy, policy_of

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

WAYS = {
    Way.EMAIL.value: "Email",
    Way.PASSWORD.value: "Password",
    Way.GOOGLE.value: "Google",
    Way.SSO.value: "Single sign-on",
}


@dataclass(frozen=True)
class SignedInPerson:
    """A row of the table. `signed_in_at` is the newest proof that counts here, `seen_at` the last request."""

    membership: Membership
    ways: tuple[str, ...]
    sessions: int
    signed_in_at: datetime
    seen_at: datetime


def counting_proofs(parent: ParentOrganization | None, *, policy: SessionPolicy, now: datetime) -> QuerySet[Proof]:
    """The proofs of sessions that aren't over which count in the parent's organizations, as the door judges (6.3, 6.5).

    The same as `sso.rules.decide` says of each, in SQL for many at once; tests/sso/door/test_who_is_signed_in.py holds
    the two together. Whether an organization asks for SSO besides isn't part of it, nor whether a manager ended one
    member's there.
    """
    proofs = Proof.objects.exclude(way=Way.STAFF).filter(
        session__ended_at=None,
        session__expires_at__gt=now,
        session__user__erased_at=None,
        proved_at__gte=now - policy.lifetime,
        longest_gap__lte=policy.idle,
    )
    idle_since = now - policy.idle
    proofs = proofs.filter(Q(proved_at__gte=idle_since) | Q(session__last_seen_at__gte=idle_since))
    if parent is not None and parent.proofs_valid_from is not None:
        proofs = proofs.filter(proved_at__gte=parent.proofs_valid_from)
    # Read through the parents' relations: claims and connections belong to higher apps.
    # All that is asked of a claim stands in one filter(): a second one might find it true of another claim.
    of_the_address = Q(domain_claims__name=OuterRef("session__user__email_domain"))
    holds_it_alone = of_the_address & Q(domain_claims__state="verified", domain_claims__is_shared=False)
    holds_it_here = of_the_address & Q(
        domain_claims__state__in=("verified", "lapsed"), id=parent.id if parent else None
    )
    ended_with_the_domain = ParentOrganization.objects.filter(
        holds_it_alone | holds_it_here, domain_claims__proofs_valid_from__gt=OuterRef("proved_at")
    )
    # Until it is assigned to a live connection, a domain counts as unverified for SSO (spec 4.5, 6.1).
    is_served = Q(domain_claims__connection__retired_at=None, domain_claims__connection__revisions__state="live")
    holder_of_the_connection = ParentOrganization.objects.filter(
        holds_it_alone, is_served, id=OuterRef("connection__parent_id")
    )
    trusted = Q(connection__parent=parent) if parent else Q(pk__in=[])
    return proofs.exclude(Exists(ended_with_the_domain)).filter(
        ~Q(way=Way.SSO)
        | (
            Q(connection__retired_at=None)
            & (Q(connection__proofs_valid_from=None) | Q(connection__proofs_valid_from__lte=F("proved_at")))
            & (trusted | Exists(holder_of_the_connection))
        )
    )


def sessions_under(parent: ParentOrganization, *, now: datetime) -> QuerySet[Session]:
    """The sessions of the parent's members that open something there."""
    proofs = counting_proofs(parent, policy=policy_of(parent), now=now)
    # Asked by parent, which spans its organizations.
    members = Membership.unscoped.letting_in().filter(organization__parent=parent, user=OuterRef("user"))
    return Session.objects.filter(Exists(proofs.filter(session=OuterRef("pk"))), Exists(members))


def people_signed_in_under(parent: ParentOrganization, *, policy: SessionPolicy, now: datetime) -> QuerySet[User]:
    """The parent's members who have a session that opens something there under this policy, by address."""
    proofs = counting_proofs(parent, policy=policy, now=now)
    # Asked by parent, which spans its organizations.
    members = Membership.unscoped.letting_in().filter(organization__parent=parent, user=OuterRef("pk"))
    return User.objects.filter(Exists(members), Exists(proofs.filter(session__user=OuterRef("pk")))).order_by("email")


def people_asked_again(
    parent: ParentOrganization, *, present: SessionPolicy, wanted: SessionPolicy, now: datetime
) -> QuerySet[User]:
    """Whose sign-ins all stop counting at once when the policy changes; they sign in again at their next request."""
    still_in = counting_proofs(parent, policy=wanted, now=now)
    people = people_signed_in_under(parent, policy=present, now=now)
    return people.exclude(Exists(still_in.filter(session__user=OuterRef("pk"))))


def when_signed_in(
    people: Iterable[User], *, parent: ParentOrganization, policy: SessionPolicy, now: datetime
) -> list[tuple[User, datetime | None]]:
    """Each of one page of people with their newest proof that counts under this policy."""
    shown = list(people)
    proofs = counting_proofs(parent, policy=policy, now=now).filter(session__user__in=shown)
    newest = dict(proofs.values_list("session__user").annotate(newest=Max("proved_at")))
    return [(user, newest.get(user.id)) for user in shown]


def members_signed_in(organization: Organization, *, search: str = "", now: datetime) -> QuerySet[Membership]:
    """The members who are signed in here, by address; `search` is part of a name or address."""
    members = _with_counting_proof(organization, now=now)
    if search:
        members = members.filter(Q(user__email__icontains=search) | Q(user__name__icontains=search))
    return members.select_related("user", "role").order_by("user__email")


def chosen_members(organization: Organization, *, membership_ids: Collection[uuid.UUID]) -> list[Membership]:
    """Those of the chosen members who are still members here, by address."""
    members = Membership.objects.for_org(organization).filter(id__in=membership_ids)
    return list(members.select_related("user", "role").order_by("user__email"))


def describe_people(
    memberships: Iterable[Membership], *, parent: ParentOrganization | None, now: datetime
) -> list[SignedInPerson]:
    """The rows of one page of members, in one query more. Names no connection of another parent."""
    shown = list(memberships)
    proofs = (
        counting_proofs(parent, policy=policy_of(parent), now=now)
        .filter(session__user__in=[membership.user_id for membership in shown])
        .select_related("session", "connection")
    )
    by_person: dict[uuid.UUID, list[Proof]] = defaultdict(list)
    for proof in proofs:
        by_person[proof.session.user_id].append(proof)
    described = (_describe(one, by_person[one.user_id], parent=parent) for one in shown)
    return [person for person in described if person is not None]


def _with_counting_proof(organization: Organization, *, now: datetime) -> QuerySet[Membership]:
    parent = organization.parent
    # One condition, not two alternatives: so the database joins all proofs at once instead of asking for each member.
    valid_from = Coalesce(OuterRef("proofs_valid_from"), Value(BEGINNING), output_field=DateTimeField())
    proofs = counting_proofs(parent, policy=policy_of(parent), now=now).filter(proved_at__gte=valid_from)
    members: QuerySet[Membership] = Membership.objects.for_org(organization).letting_in()  # type: ignore[attr-defined]
    return members.filter(Exists(proofs.filter(session__user=OuterRef("user"))))


def _describe(
    membership: Membership, proofs: list[Proof], *, parent: ParentOrganization | None
) -> SignedInPerson | None:
    if membership.proofs_valid_from is not None:
        proofs = [proof for proof in proofs if proof.proved_at >= membership.proofs_valid_from]
    if not proofs:
        return None
    return SignedInPerson(
        membership=membership,
        ways=tuple(sorted({_name_way(proof, parent=parent) for proof in proofs})),
        sessions=len({proof.session_id for proof in proofs}),
        signed_in_at=max(proof.proved_at for proof in proofs),
        seen_at=max(proof.session.last_seen_at for proof in proofs),
    )


def _name_way(proof: Proof, *, parent: ParentOrganization | None) -> str:
    if proof.connection is not None and parent is not None and proof.connection.parent_id == parent.id:
        return str(proof.connection.name)
    return WAYS[proof.way]
