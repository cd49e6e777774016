"""What must never be true of connections, whoever writes."""

from identity_platform.database_rules import DatabaseRule, differs
from orgs.database_rules import moves_access_version

EFFECTS = [
    *moves_access_version("sso_connection", update=differs("retired_at")),
    *moves_access_version(
        "sso_connectionrevision",
        parent="(SELECT parent_id FROM sso_connection WHERE id = {row}.connection_id)",
        insert="{row}.state = 'live'",
        update=differs("state"),
        delete="{row}.state = 'live'",
    ),
]
RULES = [
    DatabaseRule(
        "connection_keeps_its_parent",
        "sso_connection",
        ("UPDATE",),
        "NEW.parent_id <> OLD.parent_id OR NEW.protocol <> OLD.protocol",
    ),
    DatabaseRule(
        "external_identity_keeps_its_subject",
        "sso_externalidentity",
        ("UPDATE",),
        "NEW.subject <> OLD.subject OR NEW.issuer <> OLD.issuer OR NEW.connection_id <> OLD.connection_id",
    ),
    DatabaseRule(
        "staff_are_never_tied",
        "sso_externalidentity",
        ("INSERT", "UPDATE"),
        "NEW.retired_at IS NULL AND EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = NEW.user_id AND u.is_staff)",
    ),
    DatabaseRule(
        "attempt_uses_a_revision_of_its_connection",
        "sso_signinattempt",
        ("INSERT",),
        "(SELECT r.connection_id FROM sso_connectionrevision r WHERE r.id = NEW.revision_id) <> NEW.connection_id",
    ),
]
