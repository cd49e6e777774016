"""Makes the cast and its surroundings, once: what is there already, changed or not, stays as it is."""

import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.actions.users import find_or_create_user, make_staff
from accounts.models import User
from audit.actors import SYSTEM
from demo.cast import COMPANIES, PEOPLE, PROVIDERS, SEATS, STAFF_ADDRESS, ZONES, Company, Provider
from demo.idp.applications import add_key
from demo.models import Application, DnsZone, Protocol, Tenant
from orgs.actions.memberships import add_membership
from orgs.actions.organizations import create_organization
from orgs.models import Organization, Plan, Role

ORDINARY_RECORD = ("@", "TXT", "v=spf1 -all")
"""What a domain with mail has anyway: a check must find its own record among others."""


def seed_world(*, now: datetime) -> None:
    """Everything; safe to repeat, and a later addition to the cast joins a world that is already there."""
    for zone_name in ZONES:
        _ensure_zone(zone_name)
    for provider in PROVIDERS:
        _ensure_provider(provider)
    people = {player.email: find_or_create_user(player.email, name=player.name, now=now)[0] for player in PEOPLE}
    make_staff(STAFF_ADDRESS, now=now)
    for company in COMPANIES:
        _ensure_organization(company, people=people, now=now)


def _ensure_zone(name: str) -> None:
    with transaction.atomic():
        zone, is_new = DnsZone.objects.get_or_create(name=name)
        if is_new:
            record_name, kind, value = ORDINARY_RECORD
            zone.records.create(name=record_name, type=kind, value=value)


def _ensure_provider(provider: Provider) -> None:
    with transaction.atomic():
        tenant, is_new = Tenant.objects.get_or_create(
            slug=provider.slug, defaults={"name": provider.name, "domain": provider.domain}
        )
        if not is_new:
            return
        add_key(tenant)
        people = {
            email: tenant.people.create(
                email=email,
                first_name=first,
                last_name=last,
                hosted_domain=email.rpartition("@")[2] if email in provider.managed else "",
            )
            for email, first, last in provider.people
        }
        for group_name, addresses in provider.groups:
            tenant.groups.create(name=group_name).people.set([people[address] for address in addresses])
        # At a customer's provider the manager copies these into the set-up; at Google the deployment has them already.
        client_id, client_secret = f"{tenant.slug}-platform", secrets.token_urlsafe(32)
        if provider.is_google:
            client_id, client_secret = settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET
        Application.objects.create(
            tenant=tenant,
            protocol=Protocol.OIDC,
            name=f"{settings.PLATFORM_NAME} (OpenID Connect)",
            client_id=client_id,
            client_secret=client_secret,
        )


def _ensure_organization(company: Company, *, people: dict[str, User], now: datetime) -> None:
    """With its seats, unless the organization exists: whoever left it since then stays out."""
    with transaction.atomic():
        if Organization.objects.filter(slug=company.slug).exists():
            return
        first, *others = [seat for seat in SEATS if seat.organization == company.slug]
        parent = Organization.objects.get(slug=company.parent_of).parent if company.parent_of else None
        organization = create_organization(
            company.name,
            slug=company.slug,
            plan=Plan.objects.get(product__slug=company.product, slug=company.plan),
            first_member=people[first.email],
            parent=parent,
            actor=SYSTEM,
            now=now,
        )
        for seat in others:
            add_membership(
                organization,
                user=people[seat.email],
                role=Role.objects.get(product__slug=company.product, slug=seat.role),
                source="manual",
                reason="Belongs to the demo’s cast",
                actor=SYSTEM,
                now=now,
            )
