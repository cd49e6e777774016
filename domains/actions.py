"""Changes to domain claims: one function for each thing that a manager or the clock can do."""

import logging
import math
import secrets
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from audit import actions as audit
from audit.actors import SYSTEM, Actor
from audit.codes import Code
from domains import dns, mails, queries, rules
from domains.challenge import Challenge, challenge_for, make_token
from domains.checks import Findings, LookUp
from domains.doctor import diagnose
from domains.errors import (
    AlreadyClaimed,
    CheckedJustNow,
    DomainAlreadyVerified,
    NotRestartable,
    TooManyOpenClaims,
)
from domains.models import ClaimState, DomainClaim, ShareableName
from domains.names import normalise_domain, to_display
from domains.rules import ClaimStanding, Event, Happening, Verdict
from identity_platform.constraints import violated_constraint
from identity_platform.limits import Limit, Try, count_tries
from orgs.models import ParentOrganization

logger = logging.getLogger(__name__)

# How long a worker may take over a claim before another one does: a check takes DNS_TIMEOUT, a batch a few of these.
LEASE = timedelta(minutes=2)
# Pending claims of one parent at a time.
MOST_OPEN_CLAIMS = 200
_CODES = {
    Happening.VERIFIED: Code.DOMAIN_VERIFIED,
    Happening.EXPIRED: Code.DOMAIN_EXPIRED,
    Happening.LAPSED: Code.DOMAIN_LAPSED,
    Happening.RECOVERED: Code.DOMAIN_RECOVERED,
    Happening.RESTARTED: Code.DOMAIN_RESTARTED,
    Happening.REMOVED: Code.DOMAIN_REMOVED,
    Happening.MISSING: Code.DOMAIN_RECORD_MISSING,
}
# What the door asks changes with these.
_CHANGES_ACCESS = frozenset({Happening.VERIFIED, Happening.LAPSED, Happening.RECOVERED, Happening.REMOVED})


@dataclass(frozen=True)
class ClaimCheck:
    """What a check came to. `happening` is None if the claim stays as it was."""

    claim: DomainClaim
    verdict: Verdict
    happening: Happening | None


def add_claim(parent: ParentOrganization, *, text: str, actor: Actor, now: datetime | None = None) -> DomainClaim:
    """Claim the domain that `text` means. It is pending: it reserves nothing and nobody is told (R37).

    Raises a subclass of DomainRefused: not a name that can be claimed, AlreadyClaimed by this parent,
    DomainAlreadyVerified by another, or TooManyOpenClaims.
    """
    if actor.user_id is None:
        raise ValueError("a claim is added by a person")
    now = now or timezone.now()
    name = normalise_domain(text, allow_reserved=settings.ALLOW_RESERVED_DOMAINS)
    standing = rules.first_standing(now=now)
    try:
        with transaction.atomic():
            ParentOrganization.objects.select_for_update(no_key=True).get(id=parent.id)
            _refuse_known(parent, name)
            _refuse_many_open(parent.id)
            claim: DomainClaim = DomainClaim.unscoped.create(  # the row names its parent
                parent=parent,
                name=name,
                token=make_token(),
                is_shared=ShareableName.objects.filter(name=name).exists(),
                added_by_id=actor.user_id,
                created_at=now,
                next_check_at=now,
                **_fields_of(standing),
            )
            audit.record(Code.DOMAIN_ADDED, actor=actor, parent_id=parent.id, target=claim, now=now)
            transaction.on_commit(lambda: _wake_worker(claim))
    except IntegrityError as error:
        if violated_constraint(error, model=DomainClaim) == "parent_claims_a_name_once":
            raise AlreadyClaimed(received=to_display(name)) from error
        raise
    return claim


def check_claim(claim: DomainClaim, *, actor: Actor = SYSTEM, now: datetime | None = None) -> ClaimCheck:
    """Look for the challenge in DNS and record what was found.

    Waits at most DNS_TIMEOUT in all, outside any transaction. Safe to repeat: a verified claim stays verified. If
    another parent holds the name, the claim stays as it is and its verdict says so.
    """
    look_up = dns.ask_name_servers(challenge_for(claim.name, token=claim.token))
    return record_check(claim, look_up, actor=actor, now=now or timezone.now())


def check_claims(claims: Iterable[DomainClaim]) -> None:
    """Check many claims at once, each recorded as soon as its answers are there."""
    of_challenge: dict[Challenge, DomainClaim] = {challenge_for(c.name, token=c.token): c for c in claims}
    for challenge, look_up in dns.ask_about_many(of_challenge):
        claim = of_challenge[challenge]
        try:
            record_check(claim, look_up, actor=SYSTEM, now=timezone.now())
        except Exception:  # one claim's failure must not keep the others from being recorded; its lease runs out
            logger.exception("domains.check_failed", extra={"claim": claim.id.hex})


def check_together(claims: Collection[DomainClaim], *, actor: Actor) -> list[ClaimCheck]:
    """Check all these claims at the same time, because something is about to rest on them (R36).

    Waits at most DNS_TIMEOUT in all, outside any transaction; what couldn't be asked in that time says so. Claims that
    staff verified by hand aren't asked for (spec 4.9).
    """
    of_challenge = {challenge_for(c.name, token=c.token): c for c in claims if not c.is_manual}
    # Recorded after all of them have answered: what is written in between would take from the time of the others.
    answers = list(dns.ask_about_many(of_challenge, at_once=max(1, len(of_challenge))))
    return [
        record_check(of_challenge[challenge], look_up, actor=actor, now=timezone.now())
        for challenge, look_up in answers
    ]


def refresh_claim(claim: DomainClaim, *, actor: Actor, now: datetime | None = None) -> ClaimCheck:
    """Check at once, because somebody pressed the button. Raises CheckedJustNow within 10 seconds of the last time."""
    now = now or timezone.now()
    once = Limit("domain_refresh", most=1, span=rules.REFRESH_PAUSE)
    if used_up := count_tries(Try(once, (claim.id.hex,)), now=now):
        raise CheckedJustNow(again_in=math.ceil((used_up.again_at - now).total_seconds()))
    return check_claim(claim, actor=actor, now=now)


def restart_claim(claim: DomainClaim, *, actor: Actor, now: datetime | None = None) -> DomainClaim:
    """Begin another seven days for an expired claim; the record's value stays the same.

    Raises NotRestartable, TooManyOpenClaims.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = _lock(claim)
        if locked.state != ClaimState.EXPIRED:
            raise NotRestartable(domain=to_display(locked.name))
        _refuse_many_open(locked.parent_id)
        step = rules.advance(_standing_of(locked), Event.RESTARTED, now=now)
        locked.next_check_at, locked.verdict, locked.findings = now, "", []
        _save(locked, step, actor=actor, now=now, also=("next_check_at", "verdict", "findings"))
        transaction.on_commit(lambda: _wake_worker(locked))
    return locked


def record_check(claim: DomainClaim, look_up: LookUp, *, actor: Actor, now: datetime) -> ClaimCheck:
    """Judge what DNS said and write what follows, in a short transaction. An answer that comes late changes nothing."""
    challenge = challenge_for(claim.name, token=claim.token)
    verdict = rules.judge_challenge(look_up, expected=challenge.value)
    diagnoses = () if verdict is Verdict.PROVEN else diagnose(look_up, challenge=challenge)
    findings = Findings(look_up, diagnoses).to_json()
    try:
        with transaction.atomic():
            return _record(claim, verdict, findings, actor=actor, now=now)
    except IntegrityError as error:
        # The database settles who was first (spec 4.7): two parents may prove a name in the same moment.
        if violated_constraint(error, model=DomainClaim) != "unshared_domain_has_one_holder":
            raise
    with transaction.atomic():
        return _record(claim, Verdict.HELD_ELSEWHERE, findings, actor=actor, now=now)


def take_due_claims(*, now: datetime, limit: int) -> list[DomainClaim]:
    """Up to `limit` claims whose check is due, oldest first, on a lease: no other worker takes them, and if this one
    is killed they are due again after LEASE."""
    with transaction.atomic():
        # The scheduler works for all parents.
        due = DomainClaim.unscoped.filter(next_check_at__lte=now).order_by("next_check_at")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        claims = list(due[:limit])
        taken = DomainClaim.unscoped.filter(id__in=[claim.id for claim in claims])  # those of the line above
        taken.update(next_check_at=now + LEASE)
    return claims


def take_claim(parent_id: uuid.UUID, claim_id: uuid.UUID, *, now: datetime) -> DomainClaim | None:
    """One claim on a lease like those of `take_due_claims`; None if it isn't due or somebody else has it."""
    claims = DomainClaim.objects.for_parent(parent_id).filter(id=claim_id)
    if not claims.filter(next_check_at__lte=now).update(next_check_at=now + LEASE):
        return None
    return claims.first()


def _record(
    claim: DomainClaim, verdict: Verdict, findings: list[dict[str, Any]], *, actor: Actor, now: datetime
) -> ClaimCheck:
    locked = _lock(claim)
    step = rules.advance(_standing_of(locked), Event.CHECKED, verdict=verdict, now=now)
    is_late = step.standing.last_checked_at != now or (locked.last_checked_at and locked.last_checked_at > now)
    if is_late:
        return ClaimCheck(locked, verdict, None)
    locked.verdict, locked.findings = verdict, findings
    locked.next_check_at = rules.next_check_at(step.standing, now=now, luck=secrets.SystemRandom().random())
    _save(locked, step, actor=actor, now=now, also=("verdict", "findings", "next_check_at"))
    return ClaimCheck(locked, verdict, step.happening)


def _save(claim: DomainClaim, step: rules.Step, *, actor: Actor, now: datetime, also: tuple[str, ...]) -> None:
    """Write a step of a locked claim, with its event and its mails."""
    before = claim.state
    changed = _fields_of(step.standing)
    for name, value in changed.items():
        setattr(claim, name, value)
    claim.save(update_fields=[*changed, *also])
    if step.happening is None:
        return
    audit.record(
        _CODES[step.happening],
        actor=actor,
        parent_id=claim.parent_id,
        target=claim,
        before={"state": before},
        after={"state": claim.state},
        now=now,
    )
    if step.happening in _CHANGES_ACCESS:
        ParentOrganization.objects.filter(id=claim.parent_id).update(access_version=F("access_version") + 1)
    mails.tell_managers(claim, step.happening)


def _lock(claim: DomainClaim) -> DomainClaim:
    """The claim as it is now, locked after its parent (the order that all actions keep)."""
    parent = ParentOrganization.objects.select_for_update(no_key=True).get(id=claim.parent_id)
    locked: DomainClaim = DomainClaim.objects.for_parent(parent).select_for_update(no_key=True).get(id=claim.id)
    locked.parent = parent
    return locked


def _refuse_known(parent: ParentOrganization, name: str) -> None:
    existing = DomainClaim.objects.for_parent(parent).exclude(state=ClaimState.REMOVED).filter(name=name).first()
    if existing is not None:
        raise AlreadyClaimed(received=to_display(name), claim=existing)
    if queries.is_verified_by_another(name, than=parent):
        raise DomainAlreadyVerified(received=to_display(name), support=settings.SUPPORT_ADDRESS)


def _refuse_many_open(parent_id: uuid.UUID) -> None:
    """Counted under the parent's lock, so that claims added at once don't each find room for one."""
    if DomainClaim.objects.for_parent(parent_id).filter(state=ClaimState.PENDING).count() >= MOST_OPEN_CLAIMS:
        raise TooManyOpenClaims(expected=str(MOST_OPEN_CLAIMS))


def _fields_of(standing: ClaimStanding) -> dict[str, Any]:
    return {field.name: getattr(standing, field.name) for field in fields(ClaimStanding)}


def _standing_of(claim: DomainClaim) -> ClaimStanding:
    values = {field.name: getattr(claim, field.name) for field in fields(ClaimStanding)}
    return ClaimStanding(**{**values, "state": ClaimState(claim.state)})


def _wake_worker(claim: DomainClaim) -> None:
    """Have the claim checked now; when the broker is away the schedule does it a few seconds later."""
    from domains.tasks import wake  # noqa: PLC0415 - tasks call actions

    wake(claim.parent_id, claim.id)
