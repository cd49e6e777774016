"""The plans of making a revision live and of assigning domains: what would happen, and what stands in the way."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from accounts.models import User
from audit.actors import Actor
from domains.models import ClaimState, DomainClaim
from identity_platform.plans import Blocker, Plan
from sso.models import Connection, ConnectionRevision, ExternalIdentity, RevisionState

# What of a revision becomes effective by going live, and what the page calls it.
WHAT_GOES_LIVE = {
    "name": "Name",
    "default_product_id": "People who start at the identity provider land in",
    "idp_entity_id": "Entity ID (issuer)",
    "sso_url": "Sign-in address",
    "sso_binding": "Binding of requests",
    "metadata_url": "Metadata URL",
    "subject_attribute": "Subject from",
    "email_attribute": "Email from",
    "first_name_attribute": "First name from",
    "last_name_attribute": "Last name from",
    "groups_attribute": "Groups from",
}

KIND_OF_GOING_LIVE = "connection.go_live"
KIND_OF_ASSIGNMENT = "connection.assign_domains"


def plan_go_live(connection: Connection, *, claim_ids: Collection[UUID], actor: Actor, now: datetime) -> Plan:
    """What making the tested revision live would do, with the chosen claims assigned. Changes nothing.

    Nobody is harmed by it: sessions, keys, memberships and roles stay. Facts are what the manager relied on; how many
    people have an address in the domains is only a note, since it changes by the hour.
    """
    revisions = list(
        ConnectionRevision.objects.for_parent(connection.parent_id)
        .filter(connection=connection, state__in=[RevisionState.DRAFT, RevisionState.TESTED, RevisionState.LIVE])
        .prefetch_related("certificates")
    )
    draft = next((revision for revision in revisions if revision.state != RevisionState.LIVE), None)
    live = next((revision for revision in revisions if revision.state == RevisionState.LIVE), None)
    claims = _chosen(connection, claim_ids=claim_ids)
    blockers = [
        *_blockers_of_draft(connection, draft),
        *_blockers_of_subject(connection, draft=draft, live=live),
        *_blockers_of_claims(connection, claims, claim_ids=claim_ids),
    ]
    return Plan(
        kind=KIND_OF_GOING_LIVE,
        subject=connection.id.hex,
        change={
            "revision": draft.id.hex if draft else "",
            "version": draft.version if draft else 0,
            "claims": sorted(claim_id.hex for claim_id in claim_ids),
        },
        facts={
            "state": draft.state if draft else "",
            "replaces": live.id.hex if live else "",
            "settings": {name: getattr(draft, name) for name in WHAT_GOES_LIVE} if draft else {},
            "certificates": sorted(c.fingerprint for c in draft.certificates.all()) if draft else [],
            "domains": _facts_of(claims),
        },
        blockers=tuple(blockers),
        notes=_count_people(claims),
    )


def plan_assignment(connection: Connection, *, claim_ids: Collection[UUID], actor: Actor, now: datetime) -> Plan:
    """What assigning further domains to a live connection would do. Changes nothing."""
    claims = _chosen(connection, claim_ids=claim_ids)
    blockers = list(_blockers_of_claims(connection, claims, claim_ids=claim_ids))
    revisions = ConnectionRevision.objects.for_parent(connection.parent_id)
    live = revisions.filter(connection=connection, state=RevisionState.LIVE).first()
    if live is None or connection.retired_at:
        blockers.insert(0, Blocker("connection_not_live", "This connection isn't live.", "Finish its set-up first."))
    if not claim_ids:
        blockers.append(Blocker("no_domain_chosen", "No domain is chosen.", "Choose at least one."))
    return Plan(
        kind=KIND_OF_ASSIGNMENT,
        subject=connection.id.hex,
        change={"claims": sorted(claim_id.hex for claim_id in claim_ids)},
        facts={"live": live.id.hex if live else "", "domains": _facts_of(claims)},
        blockers=tuple(blockers),
        notes=_count_people(claims),
    )


def describe_differences(live: ConnectionRevision, draft: ConnectionRevision) -> list[tuple[str, str, str]]:
    """What the draft would change of the live revision: (label, now, then), certificates by their ends."""
    found = [
        (label, _shown(live, name), _shown(draft, name))
        for name, label in WHAT_GOES_LIVE.items()
        if getattr(live, name) != getattr(draft, name)
    ]
    before = {c.fingerprint: c for c in live.certificates.all()}
    after = {c.fingerprint: c for c in draft.certificates.all()}
    for fingerprint in before.keys() | after.keys():
        certificate = before.get(fingerprint) or after[fingerprint]
        text = f"{fingerprint[:16]}…, until {certificate.not_after:%-d %B %Y}"
        if fingerprint not in after:
            found.append(("Certificate", text, "removed"))
        elif fingerprint not in before:
            found.append(("Certificate", "not trusted", text))
    return found


def people_by_domain(names: Iterable[str]) -> Mapping[str, int]:
    """How many accounts have an address in each of the domains."""
    counted = (
        User.objects.filter(email_domain__in=list(names), erased_at__isnull=True)
        .values_list("email_domain")
        .annotate(people=Count("id"))
    )
    return dict(counted)


def _chosen(connection: Connection, *, claim_ids: Collection[UUID]) -> list[DomainClaim]:
    claims = DomainClaim.objects.for_parent(connection.parent_id).filter(id__in=claim_ids)
    return list(claims.select_related("connection").order_by("name"))


def _facts_of(claims: Iterable[DomainClaim]) -> dict[str, list[object]]:
    return {
        claim.id.hex: [claim.name, claim.state, claim.is_shared, claim.connection_id.hex if claim.connection_id else ""]
        for claim in claims
    }


def _blockers_of_draft(connection: Connection, draft: ConnectionRevision | None) -> Iterable[Blocker]:
    if connection.retired_at or draft is None:
        yield Blocker(
            "no_draft", "There is nothing to make live: no draft is open.", "Edit the connection, then test it."
        )
        return
    if draft.state != RevisionState.TESTED:
        yield Blocker(
            "not_tested",
            "This draft hasn't passed a test sign-in as it is now.",
            "Test sign-in; any change after a test needs another one.",
        )
    if not draft.certificates.all():
        yield Blocker("certificate_missing", "This draft trusts no signing certificate.", "Add one, then test again.")


def _blockers_of_subject(
    connection: Connection, *, draft: ConnectionRevision | None, live: ConnectionRevision | None
) -> Iterable[Blocker]:
    """Whoever is tied by one value can't be found by another: all of them would be refused (spec 5.8)."""
    if draft is None or live is None or draft.subject_attribute == live.subject_attribute:
        return
    ties = ExternalIdentity.objects.for_parent(connection.parent_id).filter(
        connection=connection, retired_at__isnull=True
    )
    if tied := ties.count():
        people = "1 person is" if tied == 1 else f"{tied} people are"
        yield Blocker(
            "subject_changes",
            f"{people} already tied to this connection by the value it takes as subject now.",
            "Take the subject from the same place as before.",
        )


def _blockers_of_claims(
    connection: Connection, claims: Iterable[DomainClaim], *, claim_ids: Collection[UUID]
) -> Iterable[Blocker]:
    found = list(claims)
    if {claim.id for claim in found} != set(claim_ids):
        yield Blocker("domain_gone", "A chosen domain isn't claimed any more.", "Choose again.")
    for claim in found:
        if claim.state != ClaimState.VERIFIED:
            yield Blocker(
                "domain_not_verified",
                f"{claim.name} isn't verified: it is {claim.get_state_display().lower()}.",
                "Verify it first, or leave it out.",
            )
        elif claim.connection_id == connection.id:
            yield Blocker("domain_served", f"{claim.name} is assigned to this connection already.", "Leave it out.")
        elif claim.connection is not None:
            yield Blocker(
                "domain_served_elsewhere",
                f"{claim.name} is served by your connection {claim.connection.name}.",
                "Leave it out: a domain is served by one connection.",
            )


def _count_people(claims: Iterable[DomainClaim]) -> tuple[str, ...]:
    found = list(claims)
    if not found:
        return ()
    counts = people_by_domain(claim.name for claim in found)
    return tuple(f"{claim.name}: {_people(counts.get(claim.name, 0))}" for claim in found)


def _people(count: int) -> str:
    return "1 account" if count == 1 else f"{count} accounts"


def _shown(revision: ConnectionRevision, name: str) -> str:
    if name == "default_product_id":
        return revision.default_product.name if revision.default_product else "wherever they are a member"
    if value := getattr(revision, name):
        return str(value)
    return "the NameID" if name in {"subject_attribute", "email_attribute"} else "nothing"
