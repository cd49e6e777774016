"""What must never be true of organizations and their members, whoever writes."""

from identity_platform.database_rules import DatabaseRule

# Written out once; no part of it comes from outside.
_PRODUCT = "(SELECT product_id FROM orgs_organization WHERE id = NEW.organization_id)"

RULES = [
    DatabaseRule(
        "membership_role_is_of_the_product",
        "orgs_membership",
        ("INSERT", "UPDATE"),
        "(SELECT product_id FROM orgs_role WHERE id = NEW.role_id) <> " + _PRODUCT,
    ),
    DatabaseRule(
        "membership_tier_is_of_the_product",
        "orgs_membership",
        ("INSERT", "UPDATE"),
        "NEW.tier_id IS NOT NULL AND (SELECT product_id FROM orgs_seattier WHERE id = NEW.tier_id) <> " + _PRODUCT,
    ),
    DatabaseRule(
        "membership_knows_its_sole_role",
        "orgs_membership",
        ("INSERT", "UPDATE"),
        "(SELECT is_sole FROM orgs_role WHERE id = NEW.role_id) <> NEW.holds_sole_role",
    ),
    DatabaseRule(
        "personal_organization_has_one_member",
        "orgs_membership",
        ("INSERT", "UPDATE"),
        "EXISTS (SELECT 1 FROM orgs_organization o WHERE o.id = NEW.organization_id AND o.is_personal)"
        " AND EXISTS (SELECT 1 FROM orgs_membership m"
        " WHERE m.organization_id = NEW.organization_id AND m.id <> NEW.id)",
    ),
    DatabaseRule(
        "personal_organization_invites_nobody",
        "orgs_invitation",
        ("INSERT", "UPDATE"),
        "EXISTS (SELECT 1 FROM orgs_organization o WHERE o.id = NEW.organization_id AND o.is_personal)",
    ),
    DatabaseRule(
        "organization_keeps_its_slug",
        "orgs_organization",
        ("UPDATE",),
        "NEW.slug <> OLD.slug OR NEW.short_id <> OLD.short_id OR NEW.product_id <> OLD.product_id",
    ),
    DatabaseRule("organization_is_never_removed", "orgs_organization", ("DELETE",), "OLD.id IS NOT NULL"),
    DatabaseRule(
        "organization_plan_is_of_the_product",
        "orgs_organization",
        ("INSERT", "UPDATE"),
        "(SELECT product_id FROM orgs_plan WHERE id = NEW.plan_id) <> NEW.product_id",
    ),
]
