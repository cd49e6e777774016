"""What must never be true of domain claims, whoever writes."""

from identity_platform.database_rules import DatabaseRule, differs
from orgs.database_rules import moves_access_version

EFFECTS = [
    *moves_access_version(
        "domains_domainclaim",
        insert="{row}.state IN ('verified', 'lapsed')",
        update=differs("parent_id", "state", "is_shared", "connection_id", "proofs_valid_from"),
        delete="{row}.state IN ('verified', 'lapsed')",
    ),
]
RULES = [
    DatabaseRule(
        "domain_is_served_by_its_parents_connection",
        "domains_domainclaim",
        ("INSERT", "UPDATE"),
        "NEW.connection_id IS NOT NULL"
        " AND (SELECT parent_id FROM sso_connection WHERE id = NEW.connection_id) <> NEW.parent_id",
    ),
    DatabaseRule(
        "domain_is_governed_by_its_parents_directory",
        "domains_domainclaim",
        ("INSERT", "UPDATE"),
        "NEW.directory_id IS NOT NULL"
        " AND (SELECT parent_id FROM provisioning_directory WHERE id = NEW.directory_id) <> NEW.parent_id",
    ),
    DatabaseRule(
        "claim_keeps_its_name",
        "domains_domainclaim",
        ("UPDATE",),
        "NEW.name <> OLD.name",
    ),
    DatabaseRule(
        "claim_is_born_shared",
        "domains_domainclaim",
        ("INSERT", "UPDATE"),
        "NEW.state <> 'removed' AND NEW.is_shared"
        " <> EXISTS (SELECT 1 FROM domains_shareablename s WHERE s.name = NEW.name)",
    ),
]
