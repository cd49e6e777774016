"""The refusals this app can give."""

from identity_platform.errors import PlatformError


class InvitationNotNeeded(PlatformError):
    """In JIT and SCIM modes invitations go only to addresses outside the assigned domains (spec 7.7)."""

    code = "invitation_not_needed"
    message = "People at {domain} aren't invited: {how}."
    remedy = "Invite only addresses outside your domains, or switch the provisioning mode to manual."
    status = 409
    field = "email"


class RoleManagedElsewhere(PlatformError):
    """With group mappings the groups decide roles and seat tiers of people in the assigned domains (spec 7)."""

    code = "role_managed_elsewhere"
    message = "The role of {person} follows the groups of your identity provider."
    remedy = "Change the groups there."
    status = 409
    field = "role"


class RemovalManagedElsewhere(PlatformError):
    """In SCIM mode the directory decides who of the assigned domains is a member (spec 3.3)."""

    code = "removal_managed_elsewhere"
    message = "{person} is managed by your identity provider."
    remedy = "Remove or deactivate the person there."
    status = 409
