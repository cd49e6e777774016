"""Refused sign-ins of a parent and of one of its organizations: alike ones together, and each in full (spec 6.7)."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from accounts.addresses import NotAnAddress, normalise_address
from identity_platform.errors import NotFound
from identity_platform.paging import page_of
from identity_platform.references import PATTERN
from orgs.access import OrganizationView, Standing
from orgs.errors import IdentityNotIncluded
from orgs.models import ParentOrganization
from orgs.rules import what_identity_lacks
from sso.models import Connection
from sso.queries import refusals


class _ProblemPage(OrganizationView):
    """For identity managers. Where a plan lost SSO, what is set up stays in force, and so do these pages (spec 3.1)."""

    managing_identity = True

    parent: ParentOrganization

    def enter(self, request: HttpRequest, slug: str) -> Standing:
        standing = super().enter(request, slug)
        if standing.parent is None:
            raise IdentityNotIncluded(missing=what_identity_lacks(standing.organization))
        self.parent = standing.parent
        return standing


class ProblemList(_ProblemPage):
    """`…/sign-ins/`: groups of like refusals; `?q=` finds one by its reference, or those of an address."""

    def get(self, request: HttpRequest) -> HttpResponse:
        own, now = refusals.refusals_of(self.parent, organization=self.organization), timezone.now()
        context: dict[str, Any] = {"now": now, "days": refusals.SHOWN_FOR.days}
        if search := "".join(letter for letter in request.GET.get("q", "") if letter.isprintable()).strip()[:320]:
            if re.fullmatch(PATTERN, search.upper()):
                if refusals.find_refusal(search.upper(), among=own):
                    return HttpResponseRedirect(self._address_of(search.upper()))
                return self.render("sso/problems/list.html", search=search, found=None, **context)
            page = page_of(request, refusals.refusals_at_address(_stored(search), among=own))
            found = [refusals.Refusal(event) for event in page]
            return self.render("sso/problems/list.html", search=search, found=found, page=page, **context)
        page = page_of(request, refusals.groups_in(own, since=now - refusals.SHOWN_FOR))
        groups = refusals.show_groups(list(page))
        return self.render("sso/problems/list.html", groups=groups, page=page, **context)

    def _address_of(self, reference: str) -> str:
        return reverse("sign_in_problems:refusal", kwargs={"slug": self.organization.slug, "reference": reference})


class ProblemDetail(_ProblemPage):
    """`…/sign-ins/<reference>/`: one refusal in full. Those of other parents aren't there (R38)."""

    def get(self, request: HttpRequest, reference: str) -> HttpResponse:
        own = refusals.refusals_of(self.parent, organization=self.organization)
        refusal = refusals.find_refusal(reference, among=own)
        if refusal is None:
            raise NotFound
        page = page_of(request, refusals.refusals_like(refusal, among=own))
        connections = Connection.objects.for_parent(self.parent)
        return self.render(
            "sso/problems/refusal.html",
            refusal=refusal,
            connection=connections.filter(id=refusal.event.target_id).first() if refusal.event.target_id else None,
            page=page,
            alike=[refusals.Refusal(event) for event in page],
            now=timezone.now(),
        )


def _stored(text: str) -> str:
    """An address as it is stored; what is none is looked for as it stands, and not found."""
    try:
        return normalise_address(text)
    except NotAnAddress:
        return text
