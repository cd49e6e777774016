"""The refusals this app can give."""

import uuid
from urllib.parse import urlencode

from identity_platform.errors import PlatformError, SignInNeeded


class LastManager(PlatformError):
    """An organization keeps at least one identity manager, whoever acts (spec 3.4)."""

    code = "last_identity_manager"
    message = "{person} is the last person who manages identity here."
    remedy = "Give somebody else a role that manages identity first."
    status = 409


class AlreadyMember(PlatformError):
    code = "already_a_member"
    message = "{person} is already a member."
    status = 409


class RoleNotOfProduct(PlatformError):
    code = "role_not_of_product"
    message = "This role belongs to another product."
    field = "role"


class SlugTaken(PlatformError):
    code = "slug_taken"
    message = "Another organization has or had this short name."
    remedy = "Choose another."
    status = 409
    field = "slug"


class IdentityNotIncluded(PlatformError):
    """The organization has no parent, or its plan has no SSO (spec 3.1)."""

    code = "identity_not_included"
    message = "{missing}"
    remedy = "Ask support to switch it on for your organization."
    status = 403


class ProofOfParentsOnly(PlatformError):
    """The session was opened by the word of these parents' identity providers, who don't hold the address's domain
    alone: it is told of their organizations and of nothing else of the person (spec 6.3)."""

    code = "proof_of_parents_only"
    message = "This sign-in opens only some of your organizations."
    remedy = "Sign in by email to see the others."
    status = 403

    def __init__(self, parents: frozenset[uuid.UUID]) -> None:
        super().__init__()
        self.parents = parents


class MembershipHeld(PlatformError):
    """Row and role are kept, but there is no way in until a manager decides (spec 2)."""

    code = "membership_held"
    message = "Your membership of {organization} is on hold."
    remedy = "Ask somebody who manages the organization."
    status = 403


class ProductsInUse(PlatformError):
    code = "products_in_use"
    message = "products.toml leaves out what is in use: {what}."
    remedy = "Put it back, or move what uses it first."


class OwnProofNeeded(SignInNeeded):
    """The session rests on another parent's word alone: the account's pages ask for a proof of the person's own."""

    code = "own_proof_needed"
    message = "Your account's pages need a sign-in of your own."
    remedy = "Sign in by email; you come back to this page afterwards."
    status = 403

    def location(self, next_path: str) -> str:
        return f"/login/?{urlencode({'again': 'true', 'next': next_path})}"


class InvitationOver(PlatformError):
    """Alike for one that was accepted, withdrawn or has expired, and for somebody else's (R38, R48)."""

    code = "invitation_over"
    message = "This invitation is no longer open."
    remedy = "Ask whoever invited you to send a new one."
    status = 404


class InvitationBlocked(PlatformError):
    code = "invitation_blocked"
    message = "{organization} doesn't let you in at the moment."
    remedy = "Ask somebody who manages the organization."
    status = 403
