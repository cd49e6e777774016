from provisioning.queries.facts import live_connections_of, organizations_in_mode, reach_of, settings_of
from provisioning.queries.mapped_groups import people_in_no_mapped_group
from provisioning.queries.mode_plans import KIND_OF_MODE_CHANGE, plan_mode_change, what_mode_lacks
from provisioning.queries.sign_ins import ConnectionOfParent, GroupsSent, Judged, judge_sign_in, preview_sign_in

__all__ = [
    "KIND_OF_MODE_CHANGE",
    "ConnectionOfParent",
    "GroupsSent",
    "Judged",
    "judge_sign_in",
    "live_connections_of",
    "organizations_in_mode",
    "people_in_no_mapped_group",
    "plan_mode_change",
    "preview_sign_in",
    "reach_of",
    "settings_of",
    "what_mode_lacks",
]
