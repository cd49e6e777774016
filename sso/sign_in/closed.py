"""`/login/error/<reference>/`: for somebody who is signed in and finds no organization open."""

from django.http import HttpRequest, HttpResponse

from accounts.models import Way
from audit.models import AuditEvent
from identity_platform.errors import NotFound, PlatformError
from orgs.access import require_sign_in
from orgs.errors import MembershipHeld
from sso.errors import Blocked, NoOrganization
from sso.models import Connection
from sso.queries.refusals import find_refusal
from sso.sign_in.public import PublicView
from sso.sign_in.refusal import Refused, show_refused

_ERRORS: dict[str, type[PlatformError]] = {error.code: error for error in (NoOrganization, Blocked, MembershipHeld)}


class ClosedDoorView(PublicView):
    """The page of a sign-in that led nowhere, for its own person alone. Nothing is used up by opening it."""

    def get(self, request: HttpRequest, reference: str) -> HttpResponse:
        signed_in = require_sign_in(request)
        # Any parent's: the reference has to be of this very person.
        refusal = find_refusal(reference, among=AuditEvent.objects.select_related("organization"))
        if refusal is None or refusal.user != signed_in.user or refusal.code not in _ERRORS:
            raise NotFound
        organization = refusal.event.organization
        error = _ERRORS[refusal.code](organization=organization.name if organization else "", received=refusal.email)
        refused = Refused(
            error=error,
            reference=refusal.reference,
            at=refusal.event.at,
            way=Way.SSO,
            email=refusal.email,
            product=refusal.product,
            connection=Connection.unscoped.filter(id=refusal.event.target_id).first(),  # the one they came through
            organization=organization,
        )
        return show_refused(request, refused)
