"""Enforcing SSO for a product, making it optional again, and asking people to try it before (spec 6.4)."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction

from accounts.queries import SignedIn
from audit import actions as audit
from audit import mail
from audit.actors import Actor
from audit.codes import Code
from audit.models import AuditEvent
from domains.actions import check_together
from domains.models import DomainClaim
from domains.rules import Verdict
from identity_platform.models import StoredPlan
from identity_platform.plans import ensure_unchanged, lock_plan, mark_applied
from orgs.mails import tell_managers
from orgs.models import Enforcement, Organization, ParentOrganization, Product
from sso.enforcement.errors import AskedToTryToday, DomainsNotProven
from sso.queries.enforcement_plans import (
    KIND_OF_ENFORCEMENT,
    KIND_OF_REQUIREMENT,
    plan_enforcement,
    plan_requirement,
)
from sso.queries.enforcing import assigned_claims, gather_crowd

# People are asked to try SSO at most this often, for each product.
ASK_EVERY = timedelta(days=1)
OldSessions = Literal["keep", "end"]


def enforce_sso(
    organization: Organization,
    *,
    product: Product,
    sessions: OldSessions,
    stored_plan: StoredPlan,
    signed_in: SignedIn,
    actor: Actor,
    now: datetime,
) -> Enforcement:
    """Require SSO for a product of the people in the parent's assigned domains, as `stored_plan` showed it.

    The caller has asked for a recent sign-in. `sessions`: *keep* lets email, password and Google proofs from before
    count until their lifetime ends, *end* makes them count for nothing; SSO proofs and those of people outside the
    domains stay either way. The domains are asked for in DNS first (R36): at most DNS_TIMEOUT in all.

    Raises DomainsNotProven, PlanExpired, PlanChanged (with the plan of now), PlanBlocked.
    """
    _prove_domains(organization, actor=actor)
    with transaction.atomic():
        parent = ParentOrganization.objects.select_for_update(of=("self",)).get(organizations=organization)
        # Who manages what must stay as it is judged, until the commit.
        list(Organization.objects.select_for_update(no_key=True).filter(parent=parent).order_by("id"))
        stored = lock_plan(stored_plan, kind=KIND_OF_ENFORCEMENT, actor_id=actor.user_id)
        plan = plan_enforcement(organization, product=product, signed_in=signed_in, now=now)
        ensure_unchanged(stored, plan, now=now)
        affected = gather_crowd(parent, product=product).affected().count()
        enforcement: Enforcement = Enforcement.unscoped.create(  # the row names its parent
            parent=parent,
            product=product,
            enforced_at=now,
            email_proofs_valid_from=now if sessions == "end" else None,
        )
        audit.record(
            Code.SSO_ENFORCED,
            actor=actor,
            parent_id=parent.id,
            target=parent,
            before={"enforced": False},
            after={"enforced": True, "sessions": sessions},
            details={
                "product": product.name,
                "slug": product.slug,
                "people": affected,
                "may_be_locked_out": len(plan.harmed),
            },
            now=now,
        )
        mark_applied(stored, now=now)
        tell_managers(
            parent,
            template="enforcement_on",
            subject=f"SSO is now required for {product.name}",
            product=product.name,
            people=affected,
            domains=[claim.name for claim in assigned_claims(parent)],
            ends=sessions == "end",
            who=actor.label,
        )
    return enforcement


def make_optional(parent: ParentOrganization, *, product: Product, actor: Actor, now: datetime) -> bool:
    """Let people choose their way in again. Nobody is signed out. False if SSO wasn't enforced; safe to repeat.

    The caller has asked for a recent sign-in. Open to organizations whose plan lost SSO (spec 3.1),
    since it only loosens.
    """
    with transaction.atomic():
        parent = ParentOrganization.objects.select_for_update().get(id=parent.id)
        enforcement = Enforcement.objects.for_parent(parent).select_for_update().filter(product=product).first()
        if enforcement is None:
            return False
        enforcement.delete()
        audit.record(
            Code.SSO_MADE_OPTIONAL,
            actor=actor,
            parent_id=parent.id,
            target=parent,
            before={"enforced": True, "since": enforcement.enforced_at.isoformat()},
            after={"enforced": False},
            details={"product": product.name, "slug": product.slug},
            now=now,
        )
        tell_managers(
            parent,
            template="enforcement_off",
            subject=f"SSO is optional again for {product.name}",
            product=product.name,
            who=actor.label,
        )
    return True


def ask_to_try(parent: ParentOrganization, *, product: Product, actor: Actor, now: datetime) -> int:
    """Mail everybody affected who has never signed in with SSO, in the background; returns how many there are now.

    The mail holds the address of the sign-in page, never a link that signs in. Raises AskedToTryToday within a day.
    """
    with transaction.atomic():
        parent = ParentOrganization.objects.select_for_update().get(id=parent.id)
        if asked := last_asked(parent, product=product, now=now):
            raise AskedToTryToday(again_at=asked.at + ASK_EVERY)
        count = gather_crowd(parent, product=product).to_ask().count()
        if count:
            audit.record(
                Code.SSO_TRY_MAILED,
                actor=actor,
                parent_id=parent.id,
                target=parent,
                details={"product": product.name, "slug": product.slug, "count": count},
                now=now,
            )
            audit.post("sso.ask_to_try", {"parent": parent.id.hex, "product": product.slug}, now=now)
    return count


def last_asked(parent: ParentOrganization, *, product: Product, now: datetime) -> AuditEvent | None:
    """The event of the last time within a day that people were asked to try SSO for this product."""
    return AuditEvent.objects.filter(
        parent_id=parent.id, code=Code.SSO_TRY_MAILED.value, at__gt=now - ASK_EVERY, details__slug=product.slug
    ).first()


def deliver_requests_to_try(payload: Mapping[str, Any], secret: Mapping[str, str]) -> None:
    """Outbox handler of the topic `sso.ask_to_try`: one mail to each who hasn't signed in with SSO by now."""
    parent = ParentOrganization.objects.get(id=uuid.UUID(payload["parent"]))
    product = Product.objects.get(slug=payload["product"])
    people = gather_crowd(parent, product=product).to_ask().order_by("id").values_list("email", flat=True)
    query = urlencode({"sso": "true", "product": product.slug})
    mail.send_to_many(
        "enforcement_try",
        to=people.iterator(),
        subject=f"Try your company’s sign-in for {product.name}",
        context={
            "product": product.name,
            "parent": parent.name,
            "action_url": f"{settings.PUBLIC_URL.rstrip('/')}/login/?{query}",
            "action_label": "Sign in with SSO",
        },
    )


def require_sso_of_everybody(
    parent: ParentOrganization, *, stored_plan: StoredPlan, reason: str, actor: Actor, now: datetime
) -> None:
    """Staff: require SSO of every member of the parent's organizations, people outside its domains included (spec 6.2).

    Raises PlanExpired, PlanChanged, PlanBlocked (an organization would keep no
    manager who can get in).
    """
    with transaction.atomic():
        parent = ParentOrganization.objects.select_for_update().get(id=parent.id)
        list(Organization.objects.select_for_update(no_key=True).filter(parent=parent).order_by("id"))
        stored = lock_plan(stored_plan, kind=KIND_OF_REQUIREMENT, actor_id=actor.user_id)
        plan = plan_requirement(parent)
        ensure_unchanged(stored, plan, now=now)
        _set_requirement(parent, required=True, reason=reason, actor=actor, now=now, shut_out=len(plan.harmed))
        mark_applied(stored, now=now)


def stop_requiring_sso_of_everybody(parent: ParentOrganization, *, reason: str, actor: Actor, now: datetime) -> bool:
    """Staff: the way back; it only loosens. False if it wasn't required; safe to repeat."""
    with transaction.atomic():
        parent = ParentOrganization.objects.select_for_update().get(id=parent.id)
        if not parent.requires_sso_for_every_member:
            return False
        _set_requirement(parent, required=False, reason=reason, actor=actor, now=now)
    return True


def _set_requirement(
    parent: ParentOrganization, *, required: bool, reason: str, actor: Actor, now: datetime, shut_out: int = 0
) -> None:
    parent.requires_sso_for_every_member = required
    parent.save(update_fields=["requires_sso_for_every_member"])
    audit.record(
        Code.SSO_REQUIRED_OF_EVERYBODY if required else Code.SSO_NOT_REQUIRED_OF_EVERYBODY,
        actor=actor,
        parent_id=parent.id,
        target=parent,
        before={"requires_sso_for_every_member": not required},
        after={"requires_sso_for_every_member": required},
        details={"reason": reason, "shut_out": shut_out},
        now=now,
    )
    tell_managers(
        parent,
        template="enforcement_everybody",
        subject=f"SSO is {'now' if required else 'no longer'} required of every member under {parent.name}",
        required=required,
        shut_out=shut_out,
    )


def _prove_domains(organization: Organization, *, actor: Actor) -> None:
    """Ask the name servers once more for every domain that enforcement will rest on (R36). Raises DomainsNotProven."""
    parent = ParentOrganization.objects.get(organizations=organization)
    checks = check_together(list(assigned_claims(parent)), actor=actor)
    unproven: list[DomainClaim] = [check.claim for check in checks if check.verdict is not Verdict.PROVEN]
    if unproven:
        raise DomainsNotProven(unproven)
