"""What the page *Identity and access* shows: where the set-up stands, and the one thing to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.urls import reverse

from audit.codes import Code
from audit.models import AuditEvent
from audit.queries import describe, latest_of_parent
from domains.models import ClaimState, DomainClaim
from domains.queries import claims_of
from orgs.models import Organization, ParentOrganization
from orgs.queries import organizations_under
from provisioning.models import Mode
from sso.queries.connections import CertificateNotice, ConnectionState, connections_of, judge_live_certificates
from sso.queries.enforced import ShownEnforcement, gather_enforcement
from sso.setup.steps import LABELS, STEPS, is_done, next_step, number_of

HARMLESS = "Nothing changes for your people until you go live."
CHANGES = tuple(
    code
    for code in Code
    if code.value.startswith(("domain.", "connection.", "provisioning.", "parent.", "enforcement."))
)


@dataclass(frozen=True)
class Progress:
    """One part of the way, as `stepper` draws it."""

    label: str
    detail: str
    state: Literal["done", "now", "todo"]


@dataclass(frozen=True)
class NextAction:
    """The headline of the progress card, and its one button (none where nothing is left)."""

    headline: str
    remark: str
    label: str = ""
    url: str = ""


@dataclass(frozen=True)
class ShownConnection:
    """A connection on the overview: what it is called, how far it is, where to go."""

    state: ConnectionState
    notice: CertificateNotice | None
    continue_url: str
    step: str
    number: int
    of: int


@dataclass(frozen=True)
class ShownClaim:
    claim: DomainClaim

    @property
    def remark(self) -> str:
        """What serves it; said of domains that could be served."""
        if self.claim.connection is not None:
            return f"Served by {self.claim.connection.name}"
        return "Not assigned to a connection" if self.claim.state == ClaimState.VERIFIED else ""


@dataclass(frozen=True)
class ShownOrganization:
    organization: Organization
    mode: str
    remark: str


@dataclass(frozen=True)
class ShownEvent:
    at: datetime
    actor: str
    sentence: str


@dataclass(frozen=True)
class Overview:
    organization: Organization
    parent: ParentOrganization
    claims: Sequence[ShownClaim]
    connections: Sequence[ShownConnection]
    organizations: Sequence[ShownOrganization]
    enforcement: Sequence[ShownEnforcement]
    mode: Mode
    progress: Sequence[Progress]
    action: NextAction
    events: Sequence[ShownEvent]

    @property
    def is_live(self) -> bool:
        return any(shown.state.live is not None for shown in self.connections)

    @property
    def shared_by(self) -> str:
        """Whose settings the global section changes."""
        if len(self.organizations) == 1:
            return f"Of the parent organization {self.parent.name}, to which only {self.organization.name} belongs."
        return f"Shared by the {len(self.organizations)} organizations of the parent organization {self.parent.name}."

    @property
    def applies_to(self) -> str:
        count = len(self.organizations)
        return "Applies to 1 organization" if count == 1 else f"Applies to {count} organizations"

    @property
    def applies_here(self) -> str:
        return f"Applies only to {self.organization.name}."


def gather_overview(organization: Organization, *, parent: ParentOrganization, now: datetime) -> Overview:
    """Everything on the page, in a number of queries that doesn't grow with what there is."""
    claims = list(claims_of(parent))
    states = connections_of(parent)
    organizations = list(organizations_under(parent).select_related("provisioning"))
    products = {each.product_id: each.product for each in organizations}
    enforcement = gather_enforcement(organization, parent=parent, products=products.values(), claims=claims, now=now)
    modes = {each.id: _mode_of(each) for each in organizations}
    mode = modes[organization.id]
    events = latest_of_parent(parent.id, organization_id=organization.id, codes=CHANGES, limit=6)
    return Overview(
        organization=organization,
        parent=parent,
        claims=[ShownClaim(claim) for claim in claims],
        connections=[_show_connection(state, slug=organization.slug, now=now) for state in states],
        organizations=[
            ShownOrganization(each, modes[each.id].label, "This organization" if each.id == organization.id else "")
            for each in organizations
        ],
        enforcement=enforcement,
        mode=mode,
        progress=_show_progress(claims, states, mode=mode, enforcement=enforcement),
        action=_choose_action(claims, states, mode=mode, enforcement=enforcement, slug=organization.slug),
        events=[_show_event(event) for event in events],
    )


def _mode_of(organization: Organization) -> Mode:
    """Without a row the mode is manual."""
    row = getattr(organization, "provisioning", None)
    return Mode(row.mode) if row is not None else Mode.MANUAL


def _show_connection(state: ConnectionState, *, slug: str, now: datetime) -> ShownConnection:
    step = next_step(state.draft) if state.draft is not None else ""
    return ShownConnection(
        state=state,
        notice=judge_live_certificates(state, now=now),
        continue_url=_connection_page(step, slug=slug, state=state) if step else "",
        step=LABELS.get(step, ""),
        number=number_of(step),
        of=len(STEPS),
    )


def _show_progress(
    claims: Sequence[DomainClaim],
    states: Sequence[ConnectionState],
    *,
    mode: Mode,
    enforcement: Sequence[ShownEnforcement],
) -> list[Progress]:
    verified = sum(claim.state == ClaimState.VERIFIED for claim in claims)
    pending = sum(claim.state == ClaimState.PENDING for claim in claims)
    best = _furthest(states)
    revision = (best.live or best.draft) if best else None
    is_connected = revision is not None and is_done(revision, "metadata")
    is_tested = revision is not None and is_done(revision, "test")
    serving = [claim for claim in claims if claim.connection_id and claim.state == ClaimState.VERIFIED]
    is_live = best is not None and best.live is not None
    parts = [
        ("Verify a domain", _count_claims(verified, pending), verified > 0),
        ("Connect provider", best.connection.name if best else "None yet", is_connected),
        ("Test sign-in", "Passed" if is_tested else "Not yet", is_tested),
        ("Go live", _count_domains(len(serving)) if is_live else "Not yet", is_live and bool(serving)),
        ("Choose how people join", f"Now: {mode.label}", mode != Mode.MANUAL),
        ("Enforce SSO", _count_enforced(enforcement), any(shown.enforcement for shown in enforcement)),
    ]
    current = next((position for position, part in enumerate(parts) if not part[2]), len(parts))
    return [
        Progress(label, detail, "done" if is_finished else "now" if position == current else "todo")
        for position, (label, detail, is_finished) in enumerate(parts)
    ]


def _choose_action(
    claims: Sequence[DomainClaim],
    states: Sequence[ConnectionState],
    *,
    mode: Mode,
    enforcement: Sequence[ShownEnforcement],
    slug: str,
) -> NextAction:
    """One thing to do next: first a domain, then a connection, then what follows from it."""
    if not any(claim.state == ClaimState.VERIFIED for claim in claims):
        return _domain_action(claims, slug=slug)
    best = _furthest(states)
    if best is None or best.live is None:
        return _connection_action(best, slug=slug)
    if not any(claim.connection_id for claim in claims):
        address = _connection_page("domains", slug=slug, state=best)
        remark = "Until a domain is assigned, nobody can use it."
        return NextAction(f"{best.connection.name} is live.", remark, "Assign a domain", address)
    return _decision_left(mode=mode, enforcement=enforcement, slug=slug)


def _decision_left(*, mode: Mode, enforcement: Sequence[ShownEnforcement], slug: str) -> NextAction:
    """What may still be decided once people can sign in with SSO; neither has to be."""
    is_enforced = any(shown.enforcement for shown in enforcement)
    if mode == Mode.MANUAL:
        address = reverse("provisioning:mode", kwargs={"slug": slug})
        remark = "Now you add and remove people by hand. That stays so until you change it."
        left = "One decision is left." if is_enforced else "Two decisions are left."
        return NextAction(f"Single sign-on works. {left}", remark, "Choose how people join", address)
    if not is_enforced:
        remark = "Now people choose between SSO and email. That stays so until you enforce SSO."
        headline = "Single sign-on works. One decision is left."
        if len(enforcement) > 1:
            return NextAction(headline, remark, "Choose where SSO is enforced", "#enforcement")
        address = reverse("enforcement:review", kwargs={"slug": slug, "product": enforcement[0].product.slug})
        return NextAction(headline, remark, f"Review and enforce SSO for {enforcement[0].product.name}", address)
    return NextAction("Single sign-on works.", "People on your domains may use Continue with SSO.")


def _domain_action(claims: Sequence[DomainClaim], *, slug: str) -> NextAction:
    pending = next((claim for claim in claims if claim.state == ClaimState.PENDING), None)
    if pending is None:
        remark = "It takes about three minutes and changes nothing for anybody."
        return NextAction("Start with a domain.", remark, "Add domain", reverse("domains:new", kwargs={"slug": slug}))
    address = reverse("domains:claim", kwargs={"slug": slug, "claim_id": pending.id})
    return NextAction(f"Waiting for the record of {pending.name}.", HARMLESS, "Show the DNS record", address)


def _connection_action(state: ConnectionState | None, *, slug: str) -> NextAction:
    if state is None or state.draft is None:
        address = reverse("sso_setup:choose", kwargs={"slug": slug})
        return NextAction("Your domain is verified.", HARMLESS, "Set up SSO", address)
    step = next_step(state.draft)
    headline = f"{state.connection.name}: next is {LABELS[step].lower()}."
    return NextAction(headline, HARMLESS, "Continue setup", _connection_page(step, slug=slug, state=state))


def _furthest(states: Sequence[ConnectionState]) -> ConnectionState | None:
    """The connection that the card speaks of: a live one, else the draft that got furthest."""
    live = next((state for state in states if state.live is not None), None)
    drafts = [state for state in states if state.draft is not None]
    return live or max(drafts, key=lambda state: number_of(next_step(state.draft)) if state.draft else 0, default=None)


def _connection_page(name: str, *, slug: str, state: ConnectionState) -> str:
    if name == "provider":
        return reverse("sso_setup:choose", kwargs={"slug": slug})
    return reverse(f"sso_setup:{name}", kwargs={"slug": slug, "connection_id": state.connection.id})


def _count_claims(verified: int, pending: int) -> str:
    parts = [f"{count} {word}" for count, word in ((verified, "verified"), (pending, "pending")) if count]
    return ", ".join(parts) or "None yet"


def _count_domains(count: int) -> str:
    return "1 domain" if count == 1 else f"{count} domains" if count else "No domain yet"


def _count_enforced(enforcement: Sequence[ShownEnforcement]) -> str:
    names = [shown.product.name for shown in enforcement if shown.enforcement]
    return f"For {' and '.join(names)}" if names else "Optional"


def _show_event(event: AuditEvent) -> ShownEvent:
    """The actor's name stands out where the sentence begins with it."""
    sentence = describe(event)
    begins = sentence.startswith(event.actor_label)
    return ShownEvent(
        at=event.at,
        actor=event.actor_label if begins else "",
        sentence=sentence.removeprefix(event.actor_label) if begins else sentence,
    )
