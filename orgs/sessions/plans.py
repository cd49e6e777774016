"""The plans of changing the session policy and of ending all sessions (spec 7.4).

Having to sign in again harms nobody in the sense of plan → apply: no access is lost. So who is signed in is shown and
counted, but isn't part of the plan, else nobody could confirm one while people go on signing in.
"""

from datetime import datetime

from identity_platform.plans import Blocker, Plan
from orgs.models import ParentOrganization
from orgs.sessions.policy import SessionPolicy, judge_policy, policy_of

KIND_OF_POLICY_CHANGE = "sessions.policy"
KIND_OF_END_ALL = "sessions.end_all"


def plan_policy_change(parent: ParentOrganization, *, to: SessionPolicy) -> Plan:
    """What setting this policy would do. Changes nothing; the fingerprint holds the policy that it replaces."""
    present = policy_of(parent)
    blockers = [Blocker(f"{name}_out_of_bounds", sentence) for name, sentence in judge_policy(to)]
    if to == present:
        blockers.append(Blocker("policy_unchanged", "This is the session policy already.", "Change a time first."))
    return Plan(
        kind=KIND_OF_POLICY_CHANGE,
        subject=parent.id.hex,
        change=to.as_facts(),
        facts=present.as_facts(),
        blockers=tuple(blockers),
    )


def plan_end_all_sessions(parent: ParentOrganization, *, now: datetime) -> Plan:
    """What ending all sessions in the parent's organizations would do. Changes nothing.

    A plan that was shown before somebody else ended them all is over: doing it twice would surprise.
    """
    ended_before = parent.proofs_valid_from
    return Plan(
        kind=KIND_OF_END_ALL,
        subject=parent.id.hex,
        change={"ends": "all"},
        facts={"ended_before": ended_before.isoformat() if ended_before else ""},
    )
