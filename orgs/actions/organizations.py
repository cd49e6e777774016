"""Creating parents and organizations."""

import secrets
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import User
from audit import actions as audit
from audit.actors import Actor
from audit.codes import Code
from orgs import guards
from orgs.actions.memberships import add_membership
from orgs.errors import SlugTaken
from orgs.models import Organization, ParentOrganization, Plan, Product, Role


def create_parent(name: str, *, actor: Actor, now: datetime) -> ParentOrganization:
    with transaction.atomic():
        parent = ParentOrganization.objects.create(name=name, created_at=now)
        audit.record(Code.PARENT_CREATED, actor=actor, parent_id=parent.id, target=parent, now=now)
    return parent


def create_organization(
    name: str,
    *,
    slug: str,
    plan: Plan,
    first_member: User,
    parent: ParentOrganization | None = None,
    is_personal: bool = False,
    actor: Actor,
    now: datetime,
) -> Organization:
    """A new organization with its first member in the highest role.

    A plan that creates a parent gets one, unless `parent` names one. Raises SlugTaken, or what the guards of
    `organization.create` refuse with.
    """
    guards.ask("organization.create", user=first_member, plan=plan)
    try:
        with transaction.atomic():
            if parent is None and plan.creates_parent and not is_personal:
                parent = create_parent(name, actor=actor, now=now)
            organization = Organization.objects.create(
                slug=slug,
                short_id=secrets.token_hex(4),
                name=name,
                product=plan.product,
                plan=plan,
                parent=parent,
                is_personal=is_personal,
                created_at=now,
            )
            audit.record(
                Code.ORGANIZATION_CREATED, actor=actor, organization=organization, target=organization, now=now
            )
            add_membership(
                organization,
                user=first_member,
                role=_highest_role(plan.product),
                source="manual",
                reason="Created this organization",
                actor=actor,
                now=now,
            )
    except IntegrityError as error:
        if Organization.objects.filter(slug=slug).exists():
            raise SlugTaken from error
        raise
    return organization


def _highest_role(product: Product) -> Role:
    return product.roles.order_by("-rank")[0]
