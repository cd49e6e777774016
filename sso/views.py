"""The page *Identity and access*."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from orgs.access import OrganizationView
from orgs.rules import what_identity_lacks
from sso.queries.overview import gather_overview
from sso.queries.refusals import count_refused_today
from sso.queries.resetting import recent_resets


class IdentityOverview(OrganizationView):
    """For identity managers. Without a parent or SSO it says what is missing instead of refusing (spec 3.1).

    A plan that lost SSO leaves the parent's settings in force; they are shown, but not to be changed from here.
    """

    managing_identity = True

    def get(self, request: HttpRequest) -> HttpResponse:
        missing = what_identity_lacks(self.organization)
        parent = self.standing.parent
        if parent is None:
            return self.render("sso/not_included.html", missing=missing)
        now = timezone.now()
        return self.render(
            "sso/overview.html",
            missing=missing,
            overview=gather_overview(self.organization, parent=parent, now=now),
            refused_today=count_refused_today(parent, organization=self.organization, now=now),
            resets=recent_resets(parent, now=now),
            now=now,
        )
