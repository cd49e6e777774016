"""The refusals this app can give."""

import uuid

from identity_platform.errors import PlatformError


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
