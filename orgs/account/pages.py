"""What the pages of an account share: whose they are, which proof opens them, and their sidebar."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from accounts.models import User
from accounts.queries import SignedIn
from audit.actors import Actor
from identity_platform.errors import RecentSignInNeeded
from orgs import guards
from orgs.access import require_sign_in
from orgs.errors import OwnProofNeeded, ProofOfParentsOnly
from orgs.models.organizations import RECENT_SIGN_IN
from orgs.navigation import Group, Item


@method_decorator(never_cache, name="dispatch")
class AccountView(View):
    """A page of the account of whoever is signed in, for sessions that prove the person (spec 6.3).

    A session that rests on another parent's word alone is asked for an own proof, and comes back.
    """

    signed_in: SignedIn
    person: User
    actor: Actor
    now: datetime

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.signed_in = require_sign_in(request)
        self.person, self.actor, self.now = self.signed_in.user, Actor.of(self.signed_in.user), timezone.now()
        try:
            guards.ask("account.change", signed_in=self.signed_in)
        except ProofOfParentsOnly as error:
            raise OwnProofNeeded from error
        return super().dispatch(request, *args, **kwargs)

    def show(self, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
        """A page of the account, with its sidebar."""
        context |= {"person": self.person, "navigation": navigation(path=self.request.path)}
        return render(self.request, template, context, status=status)


def has_recent_proof(signed_in: SignedIn, *, now: datetime) -> bool:
    """Whether proofs of the last hour alone would open the pages of the account."""
    recent = tuple(proof for proof in signed_in.proofs if now - proof.proved_at <= RECENT_SIGN_IN)
    judged = SignedIn(session=signed_in.session, user=signed_in.user, proofs=recent)
    try:
        guards.ask("account.change", signed_in=judged)
    except ProofOfParentsOnly:
        return False
    return True


def require_recent_proof(signed_in: SignedIn, *, now: datetime) -> None:
    """Raise RecentSignInNeeded unless `has_recent_proof`: to be asked when a form is opened and when it is posted."""
    if not has_recent_proof(signed_in, now=now):
        raise RecentSignInNeeded


def navigation(*, path: str) -> tuple[Group, ...]:
    """The sidebar of the account's pages."""
    pages = (
        ("Account", "account", "user-round"),
        ("Sessions", "account_sessions", "monitor"),
        ("Your organizations", "home", "building-2"),
    )
    entries = tuple(
        Item(label=label, url=reverse(name), icon=icon, is_current=path == reverse(name)) for label, name, icon in pages
    )
    return (Group(label="Your account", entries=entries),)
