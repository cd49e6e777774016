"""*Reset* of a connection: shown, confirmed by typing the organization's name, and what can be done afterwards."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.models import Way
from identity_platform.plans import PlanBlocked, PlanChanged, PlanExpired, find_plan, store_plan
from orgs.access import OrganizationView, Standing, require_recent_sign_in
from orgs.confirmation import TypedConfirmation
from orgs.errors import IdentityNotIncluded
from orgs.models import ParentOrganization
from orgs.rules import what_identity_lacks
from sso.actions.reset import reset_connection, tell_people_of_reset
from sso.models import Connection
from sso.queries.connections import find_connection
from sso.queries.resetting import (
    KIND_OF_RESET,
    TELL_PEOPLE_FOR,
    domains_that_were_served,
    find_people_told,
    find_retired,
    gather_reset,
    people_to_tell,
    plan_reset,
    served_by,
)
from sso.setup.errors import PeopleToldAlready

Refusal = PlanChanged | PlanBlocked | PlanExpired


class ResettingView(OrganizationView):
    """Base of what is about a live connection or one that was reset.

    Open to managers whose plan has lost SSO, too: what is in force must not outlive who can end it (spec 3.1).
    """

    managing_identity = True

    parent: ParentOrganization
    connection: Connection

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.connection_id: UUID = kwargs.pop("connection_id")
        return super().dispatch(request, *args, **kwargs)

    def enter(self, request: HttpRequest, slug: str) -> Standing:
        standing = super().enter(request, slug)
        if standing.parent is None:
            raise IdentityNotIncluded(missing=what_identity_lacks(standing.organization))
        self.parent = standing.parent
        retired = find_retired(self.parent, self.connection_id)
        self.connection = retired or find_connection(self.parent, self.connection_id).connection
        return standing

    def address(self) -> str:
        return reverse("sso_setup:reset", kwargs={"slug": self.organization.slug, "connection_id": self.connection.id})


class ResetConnection(ResettingView):
    """Before the reset its preview, afterwards what it did and the offer to write to its people."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if self.connection.retired_at is not None:
            return self.show_result()
        require_recent_sign_in(request)
        return self.show(TypedConfirmation(organization=self.organization))

    def post(self, request: HttpRequest) -> HttpResponse:
        require_recent_sign_in(request)
        if self.connection.retired_at is not None:
            # A second press, or another manager's page from before: it is done, and nothing more follows from it.
            return redirect(self.address())
        form = TypedConfirmation(request.POST, organization=self.organization)
        if not form.is_valid():
            return self.show(form, status=422)
        stored = find_plan(
            form.cleaned_data["plan"], kind=KIND_OF_RESET, parent_id=self.parent.id, actor_id=self.standing.user.id
        )
        if stored is None:
            return self.show(form, refusal=PlanExpired(), status=409)
        ends_own = self.ends_own_session()
        try:
            self.connection = reset_connection(
                self.connection, stored_plan=stored, actor=self.actor, now=timezone.now()
            )
        except (PlanChanged, PlanBlocked, PlanExpired) as error:
            self.parent.refresh_from_db()
            return self.show(form, refusal=error, status=409)
        if ends_own:
            # Not a redirect: this very session opens nothing here any more, so it would end at a refusal.
            sign_in = f"{reverse('login')}?{urlencode({'again': 'true', 'next': self.address()})}"
            context = {"connection": self.connection, "parent": self.parent, "sign_in_url": sign_in}
            return render(request, "sso/setup/reset_signed_out.html", context)
        messages.success(request, f"{self.connection.name} was reset.")
        return redirect(self.address())

    def show(self, form: TypedConfirmation, *, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
        now = timezone.now()
        plan = plan_reset(self.connection, parent=self.parent)
        stored = store_plan(
            plan,
            parent_id=self.parent.id,
            organization_id=self.organization.id,
            actor_id=self.standing.user.id,
            now=now,
        )
        return self.render(
            "sso/setup/reset.html",
            status=status,
            form=form,
            plan=plan,
            stored=stored,
            effects=gather_reset(self.connection, parent=self.parent, now=now),
            ends_own=self.ends_own_session(),
            refusal=refusal,
            can_manage=not what_identity_lacks(self.organization),
            connection=self.connection,
        )

    def show_result(self) -> HttpResponse:
        now, retired_at = timezone.now(), self.connection.retired_at
        told = find_people_told(self.connection)
        is_offered = told is None and retired_at is not None and now - retired_at <= TELL_PEOPLE_FOR
        return self.render(
            "sso/setup/reset_done.html",
            connection=self.connection,
            claims=domains_that_were_served(self.connection),
            told=told,
            people=people_to_tell(self.connection, parent=self.parent).count() if is_offered else 0,
            can_manage=not what_identity_lacks(self.organization),
        )

    def ends_own_session(self) -> bool:
        """Whether no proof of this session survives: the address lies in its domains, or all came through it."""
        signed_in = self.standing.signed_in
        if any(claim.name == signed_in.user.email_domain for claim in served_by(self.connection)):
            return True
        return all(proof.way == Way.SSO and proof.connection_id == self.connection.id for proof in signed_in.proofs)


class TellPeople(ResettingView):
    """*Email these people*, after a reset: an act of its own, so that nothing else sends mail to a whole company."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        require_recent_sign_in(request)
        if self.connection.retired_at is None:
            return redirect(self.address())
        try:
            count = tell_people_of_reset(self.connection, actor=self.actor, now=timezone.now())
        except PeopleToldAlready as error:
            messages.warning(request, f"{error.message_text} {error.remedy_text}")
        else:
            messages.success(request, f"{count} {'person is' if count == 1 else 'people are'} being mailed.")
        return redirect(self.address())
