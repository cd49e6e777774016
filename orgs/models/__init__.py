from orgs.models.api_keys import APIKey
from orgs.models.handover import HandoverLink
from orgs.models.members import Block, Invitation, Membership
from orgs.models.organizations import Enforcement, Organization, ParentOrganization
from orgs.models.products import Plan, Product, Role, SeatTier
from orgs.models.requests import MergeProposal, StaffRequest

__all__ = [
    "APIKey",
    "Block",
    "Enforcement",
    "HandoverLink",
    "Invitation",
    "Membership",
    "MergeProposal",
    "Organization",
    "ParentOrganization",
    "Plan",
    "Product",
    "Role",
    "SeatTier",
    "StaffRequest",
]
