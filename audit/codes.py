"""Every event that can be written, with the sentence a person reads. An unknown code can't be written.

`{actor}` and `{target}` are names copied at the time; other braces come from the event's `details`.
"""

from enum import StrEnum


class Code(StrEnum):
    # Signing in
    SIGN_IN_COMPLETED = "sign_in.completed"
    SIGN_IN_REFUSED = "sign_in.refused"
    SIGN_OUT = "sign_in.signed_out"
    SESSION_ENDED = "session.ended"
    USER_CREATED = "user.created"
    SESSIONS_ENDED = "session.all_ended"
    USER_ADDRESS_CHANGED = "user.address_changed"
    USER_ADDRESS_CHANGE_ASKED = "user.address_change_asked"
    USER_PASSWORD_SET = "user.password_set"  # noqa: S105 - a code, not a password
    USER_PASSWORD_REMOVED = "user.password_removed"  # noqa: S105 - likewise
    GOOGLE_IDENTITY_TIED = "user.google_tied"
    # Organizations and people
    ORGANIZATION_CREATED = "organization.created"
    PARENT_CREATED = "parent.created"
    MEMBERSHIP_ADDED = "membership.added"
    MEMBERSHIP_ENDED = "membership.ended"
    INVITATION_ACCEPTED = "invitation.accepted"
    SESSION_POLICY_CHANGED = "session_policy.changed"
    PARENT_SESSIONS_ENDED = "session_policy.all_ended"
    MEMBER_SESSIONS_ENDED = "session_policy.member_ended"
    SSO_ENFORCED = "enforcement.turned_on"
    SSO_MADE_OPTIONAL = "enforcement.turned_off"
    SSO_TRY_MAILED = "enforcement.people_asked"
    SSO_REQUIRED_OF_EVERYBODY = "enforcement.everybody_on"
    SSO_NOT_REQUIRED_OF_EVERYBODY = "enforcement.everybody_off"
    # Domains
    DOMAIN_ADDED = "domain.added"
    DOMAIN_VERIFIED = "domain.verified"
    DOMAIN_EXPIRED = "domain.expired"
    DOMAIN_RESTARTED = "domain.restarted"
    DOMAIN_RECORD_MISSING = "domain.record_missing"
    DOMAIN_LAPSED = "domain.lapsed"
    DOMAIN_RECOVERED = "domain.recovered"
    DOMAIN_REMOVED = "domain.removed"
    DOMAIN_ASSIGNED = "domain.assigned"
    # Connections
    CONNECTION_CREATED = "connection.created"
    CONNECTION_DRAFT_SAVED = "connection.draft_saved"
    CONNECTION_DRAFT_DISCARDED = "connection.draft_discarded"
    CONNECTION_TESTED = "connection.tested"
    CONNECTION_WENT_LIVE = "connection.went_live"
    CONNECTION_RESET = "connection.reset"
    CONNECTION_PEOPLE_TOLD = "connection.people_told"
    EXTERNAL_IDENTITY_TIED = "external_identity.tied"
    # Provisioning
    PROVISIONING_MODE_CHANGED = "provisioning.mode_changed"
    # Staff and the deployment
    STAFF_CREATED = "staff.created"
    PRODUCTS_LOADED = "products.loaded"
    REQUEST_FAILED = "request.failed"


SENTENCES: dict[Code, str] = {
    Code.SIGN_IN_COMPLETED: "{actor} signed in {how}",
    Code.SIGN_IN_REFUSED: "A sign-in was refused: {cause}",
    Code.SIGN_OUT: "{actor} signed out",
    Code.SESSION_ENDED: "{actor} ended a session of {target}",
    Code.SESSIONS_ENDED: "{actor} ended all their other sessions",
    Code.USER_ADDRESS_CHANGED: "The address of {target} changed {how}",
    Code.USER_ADDRESS_CHANGE_ASKED: "{actor} asked to change their address",
    Code.USER_PASSWORD_SET: "{actor} set a password",
    Code.USER_PASSWORD_REMOVED: "{actor} removed their password",
    Code.GOOGLE_IDENTITY_TIED: "{target} was tied to an account at Google",
    Code.USER_CREATED: "An account was created for {target}",
    Code.ORGANIZATION_CREATED: "{actor} created the organization {target}",
    Code.PARENT_CREATED: "{actor} created the parent organization {target}",
    Code.MEMBERSHIP_ADDED: "{target} became a member ({source})",
    Code.MEMBERSHIP_ENDED: "{actor} ended the membership of {target}",
    Code.INVITATION_ACCEPTED: "{actor} accepted the invitation to {organization}",
    Code.SESSION_POLICY_CHANGED: "{actor} changed the session policy",
    Code.PARENT_SESSIONS_ENDED: "{actor} ended all sessions in the organizations of {target}",
    Code.MEMBER_SESSIONS_ENDED: "{actor} ended the sessions of {target} here",
    Code.SSO_ENFORCED: "{actor} enforced SSO for {product}",
    Code.SSO_MADE_OPTIONAL: "{actor} made SSO optional for {product}",
    Code.SSO_TRY_MAILED: "{actor} asked {count} people to try SSO for {product}",
    Code.SSO_REQUIRED_OF_EVERYBODY: "{actor} required SSO of every member under {target}",
    Code.SSO_NOT_REQUIRED_OF_EVERYBODY: "{actor} no longer requires SSO of every member under {target}",
    Code.DOMAIN_ADDED: "{actor} added the domain {target}",
    Code.DOMAIN_VERIFIED: "The domain {target} was verified",
    Code.DOMAIN_EXPIRED: "The claim on {target} expired unverified",
    Code.DOMAIN_RESTARTED: "{actor} restarted the check of {target}",
    Code.DOMAIN_RECORD_MISSING: "The record of {target} is missing in DNS",
    Code.DOMAIN_LAPSED: "The record of {target} is gone: the domain lapsed",
    Code.DOMAIN_RECOVERED: "The record of {target} is back: the domain is verified again",
    Code.DOMAIN_REMOVED: "{actor} removed the domain {target}",
    Code.DOMAIN_ASSIGNED: "{actor} assigned the domain {target} to a connection",
    Code.CONNECTION_CREATED: "{actor} started to set up {target}",
    Code.CONNECTION_DRAFT_SAVED: "{actor} changed the draft of {target}",
    Code.CONNECTION_DRAFT_DISCARDED: "{actor} started the set-up of {target} over",
    Code.CONNECTION_TESTED: "{actor} tested sign-in with {target}: {outcome}",
    Code.CONNECTION_WENT_LIVE: "{actor} made {target} live",
    Code.CONNECTION_RESET: "{actor} reset {target}",
    Code.CONNECTION_PEOPLE_TOLD: "{actor} told {count} people how to sign in after the reset of {target}",
    Code.EXTERNAL_IDENTITY_TIED: "{target} was tied to a subject at the identity provider",
    Code.PROVISIONING_MODE_CHANGED: "{actor} changed the provisioning mode from {old} to {new}",
    Code.STAFF_CREATED: "{target} became staff",
    Code.PRODUCTS_LOADED: "The products were loaded",
    Code.REQUEST_FAILED: "A request failed unexpectedly",
}
