"""*Sessions*: the policy of the parent, who is signed in here, and ending it: each shown before it is done."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from identity_platform.models import StoredPlan
from identity_platform.paging import page_of
from identity_platform.plans import Plan, PlanBlocked, PlanChanged, PlanExpired, find_plan, store_plan
from orgs.access import IdentityManagerView, OrganizationView, require_recent_sign_in
from orgs.actions.sessions import change_session_policy, end_all_sessions, end_member_sessions
from orgs.confirmation import TypedConfirmation
from orgs.queries import organizations_under
from orgs.rules import what_identity_lacks
from orgs.sessions.forms import SPANS, ConfirmPolicyForm, PeopleForm, PolicyForm, SearchForm
from orgs.sessions.plans import (
    KIND_OF_END_ALL,
    KIND_OF_POLICY_CHANGE,
    plan_end_all_sessions,
    plan_policy_change,
)
from orgs.sessions.policy import SessionPolicy, absolute_lifetime, describe_span, policy_of
from orgs.sessions.queries import (
    chosen_members,
    describe_people,
    members_signed_in,
    people_asked_again,
    people_signed_in_under,
    sessions_under,
    when_signed_in,
)

Refusal = PlanChanged | PlanBlocked | PlanExpired


class SessionsView(OrganizationView):
    """For identity managers, with or without a parent: a session of an organization can always be ended."""

    managing_identity = True

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show()

    def show(self, *, refusal: str = "", status: int = 200) -> HttpResponse:
        now, parent = timezone.now(), self.standing.parent
        form = SearchForm(self.request.GET)
        search = form.cleaned_data["q"] if form.is_valid() else ""
        page = page_of(self.request, members_signed_in(self.organization, search=search, now=now))
        return self.render(
            "orgs/sessions/list.html",
            status=status,
            missing=what_identity_lacks(self.organization),
            policy=describe_policy(policy_of(parent)),
            absolute_lifetime=describe_span(absolute_lifetime()),
            page=page,
            people=describe_people(page.object_list, parent=parent, now=now),
            search=search,
            refusal=refusal,
            has_errors=bool(refusal),
            now=now,
        )


class EndMemberSessions(OrganizationView):
    """The people ticked in the table: a preview first, which posts the same people again with `confirm`."""

    managing_identity = True

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect("sessions:list", slug=self.organization.slug)

    def post(self, request: HttpRequest) -> HttpResponse:
        require_recent_sign_in(request)
        form = PeopleForm(request.POST)
        chosen = chosen_members(self.organization, membership_ids=form.membership_ids) if form.is_valid() else []
        if not chosen:
            messages.warning(request, "Nobody was chosen, so nothing was done. Tick people in the table first.")
            return redirect("sessions:list", slug=self.organization.slug)
        if "confirm" not in request.POST:
            return self.render(
                "orgs/sessions/end.html",
                chosen=chosen,
                is_own=any(membership.id == self.membership.id for membership in chosen),
            )
        ended = end_member_sessions(
            self.organization,
            membership_ids=[membership.id for membership in chosen],
            actor=self.actor,
            now=timezone.now(),
        )
        messages.success(request, f"The sessions of {count_people(len(ended))} at {self.organization.name} were ended.")
        return redirect("sessions:list", slug=self.organization.slug)


class SessionPolicyView(IdentityManagerView):
    """The times to choose; with them in the query, what they would do to whom; posted with the plan, they are set."""

    def get(self, request: HttpRequest) -> HttpResponse:
        # Asked for here, so that what is typed isn't lost to a sign-in.
        require_recent_sign_in(request)
        if not any(name in request.GET for name in SPANS):
            present = policy_of(self.parent)
            return self.show(PolicyForm(initial={name: getattr(present, name) for name in SPANS}))
        form = PolicyForm(request.GET)
        if not form.is_valid():
            return self.show(form, status=422)
        return self.preview(form)

    def post(self, request: HttpRequest) -> HttpResponse:
        require_recent_sign_in(request)
        form = ConfirmPolicyForm(request.POST)
        if not form.is_valid():
            return self.show(form, status=422)
        stored = plan_shown(self, form.cleaned_data["plan"], kind=KIND_OF_POLICY_CHANGE)
        if stored is None:
            return self.preview(form, refusal=PlanExpired())
        try:
            change_session_policy(self.parent, to=form.policy, stored_plan=stored, actor=self.actor, now=timezone.now())
        except (PlanChanged, PlanBlocked, PlanExpired) as error:
            self.parent.refresh_from_db()
            return self.preview(form, refusal=error)
        messages.success(request, "The session policy is changed. It counts from everybody's next page on.")
        return redirect("sessions:list", slug=self.organization.slug)

    def show(self, form: PolicyForm, *, status: int = 200, **context: Any) -> HttpResponse:
        return self.render(
            "orgs/sessions/policy.html",
            status=status,
            form=form,
            policy=describe_policy(policy_of(self.parent)),
            absolute_lifetime=describe_span(absolute_lifetime()),
            organizations=list(organizations_under(self.parent)),
            **context,
        )

    def preview(self, form: PolicyForm, *, refusal: Refusal | None = None) -> HttpResponse:
        now, wanted = timezone.now(), form.policy
        plan = plan_policy_change(self.parent, to=wanted)
        asked = people_asked_again(self.parent, present=policy_of(self.parent), wanted=wanted, now=now)
        page = page_of(self.request, asked)
        return self.show(
            form,
            status=409 if refusal else 200,
            plan=plan,
            stored=None if plan.blockers else keep_plan(self, plan),
            wanted=describe_policy(wanted),
            page=page,
            people=when_signed_in(page.object_list, parent=self.parent, policy=policy_of(self.parent), now=now),
            staying=people_signed_in_under(self.parent, policy=wanted, now=now).count(),
            is_own=asked.filter(id=self.standing.user.id).exists(),
            is_capped=wanted.lifetime > absolute_lifetime(),
            refusal=refusal,
            now=now,
        )


class EndAllSessions(IdentityManagerView):
    """Every session in all organizations of the parent, shown and counted; the name is typed to confirm."""

    def get(self, request: HttpRequest) -> HttpResponse:
        require_recent_sign_in(request)
        return self.show(TypedConfirmation(organization=self.organization))

    def post(self, request: HttpRequest) -> HttpResponse:
        require_recent_sign_in(request)
        form = TypedConfirmation(request.POST, organization=self.organization)
        if not form.is_valid():
            return self.show(form, status=422)
        stored = plan_shown(self, form.cleaned_data["plan"], kind=KIND_OF_END_ALL)
        if stored is None:
            return self.show(form, refusal=PlanExpired(), status=409)
        try:
            end_all_sessions(self.parent, stored_plan=stored, actor=self.actor, now=timezone.now())
        except (PlanChanged, PlanBlocked, PlanExpired) as error:
            self.parent.refresh_from_db()
            return self.show(form, refusal=error, status=409)
        # Not a redirect: the person's own session opens nothing here any more.
        return render(
            request,
            "orgs/sessions/all_ended.html",
            {"organization": self.organization, "parent": self.parent, "sign_in_url": sign_in_again(self)},
        )

    def show(self, form: TypedConfirmation, *, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
        now = timezone.now()
        policy = policy_of(self.parent)
        page = page_of(self.request, people_signed_in_under(self.parent, policy=policy, now=now))
        return self.render(
            "orgs/sessions/end_all.html",
            status=status,
            form=form,
            stored=keep_plan(self, plan_end_all_sessions(self.parent, now=now)),
            sessions=sessions_under(self.parent, now=now).count(),
            page=page,
            people=when_signed_in(page.object_list, parent=self.parent, policy=policy, now=now),
            organizations=list(organizations_under(self.parent)),
            refusal=refusal,
            now=now,
        )


def plan_shown(view: IdentityManagerView, plan_id: UUID, *, kind: str) -> StoredPlan | None:
    return find_plan(plan_id, kind=kind, parent_id=view.parent.id, actor_id=view.standing.user.id)


def keep_plan(view: IdentityManagerView, plan: Plan) -> StoredPlan:
    return store_plan(
        plan,
        parent_id=view.parent.id,
        organization_id=view.organization.id,
        actor_id=view.standing.user.id,
        now=timezone.now(),
    )


def sign_in_again(view: OrganizationView) -> str:
    """To the sign-in, and back to this organization's sessions."""
    back = reverse("sessions:list", kwargs={"slug": view.organization.slug})
    return f"{reverse('login')}?{urlencode({'again': 'true', 'next': back})}"


def describe_policy(policy: SessionPolicy) -> dict[str, str]:
    return {name: describe_span(getattr(policy, name)) for name in SPANS}


def count_people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"
