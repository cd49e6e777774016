"""Reads that span several tables."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from orgs.models import Membership, Organization, ParentOrganization, Role


def memberships_of(user: User) -> QuerySet[Membership]:
    """Where somebody may go: their memberships, on hold or not, with what a list shows."""
    # A person's own memberships span organizations: the owner here is the person.
    return (
        Membership.unscoped.filter(user=user)
        .select_related("organization__product", "organization__plan", "organization__parent", "role", "tier")
        .order_by("organization__name")
    )


def identity_managers_of(parent: ParentOrganization) -> QuerySet[User]:
    """Everybody who may change the parent's settings: identity managers of its organizations that hold SSO."""
    # Asked by parent, which spans its organizations.
    managing = Membership.unscoped.managing_identity().filter(user=OuterRef("pk"), organization__parent=parent)
    holding_sso = managing.filter(Q(organization__plan__includes_sso=True) | Q(organization__is_granted_sso=True))
    return User.objects.filter(Exists(holding_sso)).order_by("email")


def managers_of(organization: Organization) -> QuerySet[User]:
    """The identity managers of one organization."""
    # Of one organization, as the filter says.
    managing = Membership.unscoped.managing_identity().filter(user=OuterRef("pk"), organization=organization)
    return User.objects.filter(Exists(managing)).order_by("email")


def lowest_role(organization: Organization) -> Role:
    return organization.product.roles.order_by("rank")[0]


def organizations_under(parent: ParentOrganization) -> QuerySet[Organization]:
    return Organization.objects.filter(parent=parent).select_related("product", "plan").order_by("name")
