"""Decisions about organizations: plain objects in, an answer with its reason out."""

from orgs.models import Organization


def what_identity_lacks(organization: Organization) -> str:
    """What an organization is missing for *Identity and access*, as a sentence; '' if nothing (spec 3.1)."""
    if organization.is_personal:
        return "A personal organization has no identity settings."
    if organization.parent_id is None:
        return f"{organization.name} doesn't belong to a parent organization yet, which holds domains and connections."
    if not (organization.plan.includes_sso or organization.is_granted_sso):
        return f"The {organization.plan.name} plan of {organization.name} doesn't include single sign-on."
    return ""
