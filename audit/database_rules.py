"""The log is append-only in the database too."""

from identity_platform.database_rules import DatabaseRule

_CLOSED = "NOT EXISTS (SELECT 1 FROM audit_logmaintenance)"

RULES = [
    DatabaseRule("audit_event_is_not_changed", "audit_auditevent", ("UPDATE",), _CLOSED),
    DatabaseRule("audit_event_is_not_removed", "audit_auditevent", ("DELETE",), _CLOSED),
]
