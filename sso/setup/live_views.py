"""Going live, *Manage SSO*, and assigning further domains: plans shown, stored, and applied as shown."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from domains.models import ClaimState, DomainClaim
from identity_platform.models import StoredPlan
from identity_platform.plans import Plan, PlanBlocked, PlanChanged, PlanExpired, find_plan, store_plan
from orgs.access import require_recent_sign_in
from sso.actions.connections import assign_domains, go_live
from sso.queries.connections import judge_certificate, judge_live_certificates, latest_tests
from sso.queries.going_live import (
    KIND_OF_ASSIGNMENT,
    KIND_OF_GOING_LIVE,
    describe_differences,
    people_by_domain,
    plan_assignment,
    plan_go_live,
)
from sso.saml import addresses
from sso.setup.errors import DraftClosed
from sso.setup.forms import DomainsForm
from sso.setup.pages import ConnectionView, StepView
from sso.setup.steps import next_step
from sso.setup.views import CLAIM_LABELS, describe_draft

Planner = Callable[..., Plan]


class PlannedDomains(ConnectionView):
    """A choice of verified domains, what would happen, and the button that does exactly that.

    Another choice is looked at by posting it with `look`: hundreds of domains are too many for an address. To be
    applied it must be the one that was planned, else the new plan is shown.
    """

    template: str
    kind: str
    plan: Planner

    def get(self, request: HttpRequest) -> HttpResponse:
        require_recent_sign_in(request)
        offered = self.offered()
        return self.show(offered, chosen=[claim.id for claim in offered])

    def post(self, request: HttpRequest) -> HttpResponse:
        require_recent_sign_in(request)
        offered = self.offered()
        form = DomainsForm(request.POST, offered=offered)
        chosen = form.claim_ids if form.is_valid() else []
        if "look" in request.POST:
            return self.show(offered, chosen=chosen)
        stored = find_plan(
            request.POST.get("plan"), kind=self.kind, parent_id=self.parent.id, actor_id=self.standing.user.id
        )
        if stored is None or not form.is_valid():
            return self.show(offered, chosen=chosen, refusal=PlanExpired(), status=409)
        try:
            self.apply(stored, claim_ids=form.claim_ids, now=timezone.now())
        except (PlanChanged, PlanBlocked, PlanExpired) as error:
            return self.show(self.offered(), chosen=form.claim_ids, refusal=error, status=409)
        return self.done()

    def offered(self) -> list[DomainClaim]:
        """Verified domains that no connection serves yet."""
        claims = DomainClaim.objects.for_parent(self.parent).filter(state=ClaimState.VERIFIED)
        return list(claims.filter(connection__isnull=True).order_by("name"))

    def show(
        self, offered: Sequence[DomainClaim], *, chosen: Sequence[UUID], refusal: Any = None, status: int = 200
    ) -> HttpResponse:
        now = timezone.now()
        plan = type(self).plan(self.connection, claim_ids=chosen, actor=self.actor, now=now)
        stored = store_plan(
            plan,
            parent_id=self.parent.id,
            organization_id=self.organization.id,
            actor_id=self.standing.user.id,
            now=now,
        )
        people = people_by_domain(claim.name for claim in offered)
        rows = [{"claim": each, "people": people.get(each.name, 0), "chosen": each.id in chosen} for each in offered]
        picked = [claim for claim in offered if claim.id in chosen]
        return self.render(
            self.template,
            status=status,
            plan=plan,
            stored=stored,
            refusal=refusal,
            rows=rows,
            people_sentence=_count_accounts(sum(people.get(claim.name, 0) for claim in picked)),
            chosen_count=len(picked),
            **self.more(),
        )

    def more(self) -> dict[str, Any]:
        return {}

    def apply(self, stored: StoredPlan, *, claim_ids: Sequence[UUID], now: datetime) -> None:
        raise NotImplementedError

    def done(self) -> HttpResponse:
        raise NotImplementedError


class GoLive(PlannedDomains, StepView):
    """The last step: the difference, the domains, who is told; then the button."""

    step = "live"
    template = "sso/setup/live.html"
    kind = KIND_OF_GOING_LIVE
    plan = staticmethod(plan_go_live)

    def more(self) -> dict[str, Any]:
        live, draft = self.state.live, self.draft
        return {
            "differences": describe_differences(live, draft) if live is not None else [],
            "served": self.connection.domain_claims.order_by("name"),
            "back_url": self.address("test"),
        }

    def apply(self, stored: StoredPlan, *, claim_ids: Sequence[UUID], now: datetime) -> None:
        self.gone_live = go_live(
            self.connection,
            stored_plan=stored,
            claim_ids=claim_ids,
            actor=self.actor,
            now=now,
        )

    def done(self) -> HttpResponse:
        messages.success(
            self.request, f"{self.gone_live.name} is live. Nobody was signed out, and nobody has to use it."
        )
        return redirect("identity", slug=self.organization.slug)


class AssignDomains(PlannedDomains):
    """Further verified domains for a live connection."""

    template = "sso/setup/domains.html"
    kind = KIND_OF_ASSIGNMENT
    plan = staticmethod(plan_assignment)

    def more(self) -> dict[str, Any]:
        return {
            "assign_title": f"Assign domains to {self.connection.name}",
            "served": self.connection.domain_claims.order_by("name"),
            "manage_url": self.address("manage"),
        }

    def apply(self, stored: StoredPlan, *, claim_ids: Sequence[UUID], now: datetime) -> None:
        assign_domains(
            self.connection,
            stored_plan=stored,
            claim_ids=claim_ids,
            actor=self.actor,
            now=now,
        )

    def done(self) -> HttpResponse:
        messages.success(self.request, "The domains are assigned. Nobody was signed out, and nobody has to use SSO.")
        return redirect(self.address("manage"))


class ManageSso(ConnectionView):
    """*Manage SSO* of a live connection: status, **Metadata config**, claims, domains, tests."""

    def get(self, request: HttpRequest) -> HttpResponse:
        state, now = self.state, timezone.now()
        if state.live is None:
            if state.draft is None:
                raise DraftClosed
            # Nothing serves yet: the set-up continues where it stands.
            return redirect(self.address(next_step(state.draft)))
        return self.render(
            "sso/setup/manage.html",
            shown_draft=describe_draft(state, slug=self.organization.slug) if state.draft is not None else None,
            notice=judge_live_certificates(state, now=now),
            certificates=[judge_certificate(certificate, now=now) for certificate in state.live.certificates.all()],
            claims=[(CLAIM_LABELS[name][0], getattr(state.live, name)) for name in CLAIM_LABELS],
            served=self.connection.domain_claims.order_by("name"),
            free=DomainClaim.objects.for_parent(self.parent)
            .filter(state=ClaimState.VERIFIED, connection__isnull=True)
            .count(),
            tests=latest_tests(self.connection),
            acs_url=addresses.acs_url(self.connection),
            entity_id=addresses.entity_id(self.connection),
            edit_url=self.address("edit"),
            test_url=self.address("test_live"),
            domains_url=self.address("domains"),
        )


def _count_accounts(people: int) -> str:
    if people == 0:
        return "People with an address in the chosen domains may use Continue with SSO"
    if people == 1:
        return "1 account may use Continue with SSO"
    return f"{people} accounts may use Continue with SSO"
