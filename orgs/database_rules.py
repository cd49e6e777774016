"""What must never be true of organizations and their members, whoever writes."""

from collections.abc import Iterator

from identity_platform.database_rules import DatabaseEffect, DatabaseRule, Event, differs

# Written out once; no part of it comes from outside.
_PRODUCT = "(SELECT product_id FROM orgs_organization WHERE id = NEW.organization_id)"


def moves_access_version(table: str, *, parent: str = "{row}.parent_id", **conditions: str) -> Iterator[DatabaseEffect]:
    """That a change of what the door asks moves the parent's `access_version`, whoever writes: cached policies of all
    processes are asked for anew. `parent` is SQL for its id; `conditions` by event, with `{row}` for NEW or OLD. A row
    that goes from one parent to another moves both."""
    events: dict[str, tuple[Event, tuple[str, ...]]] = {
        "insert": ("INSERT", ("NEW",)),
        "update": ("UPDATE", ("NEW", "OLD")),
        "delete": ("DELETE", ("OLD",)),
    }
    for name, condition in conditions.items():
        event, rows = events[name]
        whose = ", ".join(parent.format(row=row) for row in rows)
        yield DatabaseEffect(
            f"{table}_{name}_moves_access_version",
            table,
            event,
            condition.format(row=rows[0]),
            f"UPDATE orgs_parentorganization SET access_version = {{fresh}} WHERE id IN ({whose})",
        )


EFFECTS = [
    *moves_access_version(
        "orgs_enforcement",
        insert="{row}.id IS NOT NULL",
        update=differs("parent_id", "product_id", "enforced_at", "email_proofs_valid_from"),
        delete="{row}.id IS NOT NULL",
    ),
]
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
