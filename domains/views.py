"""Pages of *Domain management*: add a domain, and one claim with its record and its live check."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from domains import actions
from domains.claim_page import describe_claim
from domains.errors import AlreadyClaimed, CheckedJustNow, DomainRefused
from domains.forms import AddDomainForm
from domains.models import DomainClaim
from identity_platform.errors import NotFound
from orgs.access import IdentityManagerView


class AddDomainView(IdentityManagerView):
    """One field."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._show(AddDomainForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = AddDomainForm(request.POST)
        if not form.is_valid():
            return self._show(form, status=422)
        try:
            claim = actions.add_claim(self.parent, text=form.cleaned_data["domain"], actor=self.actor)
        except DomainRefused as refusal:
            form.add_error("domain", f"{refusal.message_text} {refusal.remedy_text}")
            existing = refusal.claim if isinstance(refusal, AlreadyClaimed) else None
            return self._show(form, status=422, existing=existing)
        return redirect("domains:claim", slug=self.organization.slug, claim_id=claim.id)

    def _show(self, form: AddDomainForm, *, status: int = 200, existing: DomainClaim | None = None) -> HttpResponse:
        return self.render("domains/add.html", status=status, form=form, existing=existing)


class ClaimView(IdentityManagerView):
    """Base of what is about one claim of the parent; somebody else's looks like one that doesn't exist (R38)."""

    claim: DomainClaim

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.claim_id: uuid.UUID = kwargs.pop("claim_id")
        return super().dispatch(request, *args, **kwargs)

    def find_claim(self) -> DomainClaim:
        claims = DomainClaim.objects.for_parent(self.parent).select_related("connection")
        claim: DomainClaim | None = claims.filter(id=self.claim_id).first()
        if claim is None:
            raise NotFound
        return claim

    def show(self, template: str, **context: Any) -> HttpResponse:
        """The claim as it stands now, as a page or as the part of it that refreshes itself."""
        return self.render(
            template,
            page=describe_claim(self.find_claim(), now=timezone.now()),
            support_expected_time=settings.SUPPORT_EXPECTED_TIME,
            **context,
        )

    @property
    def address(self) -> str:
        return reverse("domains:claim", kwargs={"slug": self.organization.slug, "claim_id": self.claim_id})


class ClaimPageView(ClaimView):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show("domains/claim.html")


class ClaimStatusView(ClaimView):
    """The part of the page that changes by itself."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show("domains/claim_body.html")


class CheckClaimView(ClaimView):
    """*Refresh*: looks at once, at most every ten seconds."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        claim = self.find_claim()
        notice = ""
        try:
            actions.refresh_claim(claim, actor=self.actor)
        except CheckedJustNow as refusal:
            notice = f"{refusal.message_text} {refusal.remedy_text}"
        if request.headers.get("HX-Request"):
            return self.show("domains/claim_body.html", notice=notice)
        if notice:
            messages.info(request, notice)
        return redirect(self.address)


class RestartClaimView(ClaimView):
    """Seven more days for an expired claim."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        actions.restart_claim(self.find_claim(), actor=self.actor)
        return redirect(self.address)
