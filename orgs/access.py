"""The one door of pages, API and products: who may open what of an organization.

Strangers get 404 for what exists and what doesn't (R38); members without the role 403; a session whose proof isn't
enough for this organization is asked for another one by the `access` guard (spec 6.3). There is no second door.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views import View

from accounts.models import User
from accounts.queries import SignedIn, who_is_at
from audit.actors import Actor
from identity_platform.errors import NotAllowed, NotFound, SignInNeeded
from orgs import guards, navigation, queries, rules
from orgs.errors import IdentityNotIncluded, MembershipHeld, ProofOfParentsOnly
from orgs.models import Membership, Organization, ParentOrganization
from orgs.models.organizations import RECENT_SIGN_IN
from orgs.queries import Visitor


@dataclass(frozen=True)
class Standing:
    """Somebody inside an organization: what the door found out."""

    signed_in: Visitor
    membership: Membership

    @property
    def user(self) -> User:
        return self.signed_in.user

    @property
    def organization(self) -> Organization:
        return self.membership.organization

    @property
    def parent(self) -> ParentOrganization | None:
        return self.organization.parent

    @property
    def manages_identity(self) -> bool:
        return self.membership.role.manages_identity


def require_sign_in(request: HttpRequest) -> SignedIn:
    """Whoever is signed in, or SignInNeeded."""
    signed_in = who_is_at(request)
    if signed_in is None:
        raise SignInNeeded
    return signed_in


def memberships_shown_to(signed_in: SignedIn) -> QuerySet[Membership]:
    """The person's memberships that this session may be told of (spec 6.3)."""
    memberships = queries.memberships_of(signed_in.user)
    try:
        guards.ask("account.show", signed_in=signed_in)
    except ProofOfParentsOnly as only:
        return memberships.filter(organization__parent__in=only.parents)
    return memberships


def proves_the_person(signed_in: SignedIn) -> bool:
    """Whether this session proves its person to the platform, and not only to some parents' organizations."""
    try:
        guards.ask("account.show", signed_in=signed_in)
    except ProofOfParentsOnly:
        return False
    return True


def enter(request: HttpRequest, slug: str, *, managing_identity: bool = False) -> Standing:
    """Let the request's person into an organization, or raise.

    Raises SignInNeeded, NotFound (no such organization, or not theirs), MembershipHeld, NotAllowed (role), and what
    the `access` guard refuses with.
    """
    visitor = _visitor_of(request, slug)
    # First: a session that may not be told of an organization gets one answer for all, theirs or made up (R38).
    guards.ask("access.show", signed_in=visitor)
    if visitor.membership is None:
        raise NotFound
    guards.ask("access", signed_in=visitor, organization=visitor.membership.organization, now=timezone.now())
    # After the guard: a session whose proof isn't enough here isn't told of the hold either.
    if not visitor.membership.lets_in:
        guards.ask("access.held", signed_in=visitor, organization=visitor.membership.organization, now=timezone.now())
        raise MembershipHeld(organization=visitor.membership.organization.name)
    standing = Standing(signed_in=visitor, membership=visitor.membership)
    if managing_identity and not standing.manages_identity:
        managers = ", ".join(user.display_name for user in queries.managers_of(standing.organization)[:5])
        raise NotAllowed(managers=managers or "staff")
    return standing


def _visitor_of(request: HttpRequest, slug: str) -> Visitor:
    """Whoever is signed in, with their membership here: on an OrganizationView both came with one query."""
    signed_in = require_sign_in(request)
    if isinstance(signed_in, Visitor) and signed_in.slug == slug:
        return signed_in
    visitor = queries.find_visitor(request, slug)
    if visitor is None:
        raise SignInNeeded
    return visitor


def require_recent_sign_in(request: HttpRequest) -> None:
    """Raise RecentSignInNeeded unless a proof that counts here is as recent as the organization's parent asks for.

    Call it when a page of a dangerous save is opened and again when it is posted, so that a form is rarely lost.
    """
    standing: Standing = request.standing  # type: ignore[attr-defined]
    span = standing.parent.recent_sign_in if standing.parent else RECENT_SIGN_IN
    guards.ask(
        "access.recent",
        signed_in=standing.signed_in,
        organization=standing.organization,
        within=span,
        now=timezone.now(),
    )


class OrganizationView(View):
    """A page of one organization, for its members: `/orgs/<slug>/…`."""

    managing_identity = False

    standing: Standing
    organization: Organization
    membership: Membership
    actor: Actor

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.standing = self.enter(request, kwargs.pop("slug"))
        request.standing = self.standing  # type: ignore[attr-defined]
        self.organization = self.standing.organization
        self.membership = self.standing.membership
        self.actor = Actor.of(self.standing.user)
        return super().dispatch(request, *args, **kwargs)

    @staticmethod
    def load_signed_in(request: HttpRequest, slug: str, **_: Any) -> Visitor | None:
        """What SessionMiddleware loads for these pages: the session together with what the door asks."""
        return queries.find_visitor(request, slug)

    def enter(self, request: HttpRequest, slug: str) -> Standing:
        return enter(request, slug, managing_identity=self.managing_identity)

    def render(self, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """A settings page: with the sidebar, the organization, and who is looking."""
        return render(
            self.request,
            template,
            {
                "organization": self.organization,
                "organization_detail": f"{self.organization.product} · {self.organization.plan.name}",
                "parent": self.standing.parent,
                "membership": self.membership,
                "person": self.standing.user,
                "organization_choices": navigation.other_organizations(self.standing),
                "navigation": navigation.of_organization(self.standing, path=self.request.path),
                **context,
            },
            status=status,
        )


class IdentityManagerView(OrganizationView):
    """A page of *Identity and access*: for identity managers of an organization that has a parent and SSO (spec 3.1).

    `parent` is set; where the organization lacks a parent or SSO, IdentityNotIncluded says what is missing.
    """

    managing_identity = True

    parent: ParentOrganization

    def enter(self, request: HttpRequest, slug: str) -> Standing:
        standing = super().enter(request, slug)
        if missing := rules.what_identity_lacks(standing.organization):
            raise IdentityNotIncluded(missing=missing)
        assert standing.parent is not None  # noqa: S101 - said by the line above; for the type checker
        self.parent = standing.parent
        return standing
