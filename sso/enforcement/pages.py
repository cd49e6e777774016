"""What the page *Enforce SSO for <product>* shows, gathered in a number of queries that doesn't grow with people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import Proof, User
from accounts.queries import SignedIn
from audit.models import AuditEvent
from identity_platform.paging import page_of
from identity_platform.plans import Plan
from orgs.models import Enforcement, Organization, ParentOrganization, Product
from sso.actions.enforcement import last_asked
from sso.enforcement.forms import LISTS, PeopleForm
from sso.models import Connection
from sso.queries.enforcement_plans import connection_to_prove, has_proof_through
from sso.queries.enforcing import Crowd, OldProofs, find_old_proofs, gather_crowd
from sso.rules.enforcement import Judged

NAMED_DOMAINS = 4  # as many as a sentence can carry
CSV_HEADS = ("Email", "Name", "Organization", "Role", "Last sign-in (UTC)", "Standing", "Why", "What to do")


@dataclass(frozen=True)
class ShownPerson:
    """A row of the list; `person` carries what `Crowd.described` adds."""

    person: Any
    judged: Judged

    @property
    def role(self) -> str:
        return str(self.person.role_here or "Member elsewhere")


@dataclass(frozen=True)
class Tab:
    """One of the three lists, with how many people are on it."""

    name: str
    label: str
    count: int
    is_current: bool


@dataclass(frozen=True)
class EnforcementPage:
    """`proof` is the saver's own through one of the connections, None if there is none that counts; `prove_with` is
    where they would give one."""

    product: Product
    crowd: Crowd
    plan: Plan
    enforcement: Enforcement | None
    affected: int
    at_risk: int
    others: int
    to_ask: int
    asked: AuditEvent | None
    old: OldProofs
    proof: Proof | None
    prove_with: Connection | None
    shown: str
    page: Page[Any]
    rows: Sequence[ShownPerson]

    @property
    def tabs(self) -> list[Tab]:
        counts = {"risk": self.at_risk, "all": self.affected, "others": self.others}
        return [Tab(name, label, counts[name], name == self.shown) for name, label in LISTS.items()]

    @property
    def domains(self) -> str:
        return _enumerate(self.crowd.names, most=NAMED_DOMAINS, last="or")

    @property
    def providers(self) -> str:
        names = dict.fromkeys(claim.connection.name for claim in self.crowd.claims if claim.connection)
        return _enumerate(list(names), most=NAMED_DOMAINS, last="or")

    @property
    def shared(self) -> str:
        """Names of the parent's that others hold too; '' without any."""
        names = [claim.name for claim in self.crowd.claims if claim.is_shared]
        return _enumerate(names, most=NAMED_DOMAINS, last="and")


def gather_page(
    organization: Organization,
    *,
    parent: ParentOrganization,
    product: Product,
    plan: Plan,
    signed_in: SignedIn,
    form: PeopleForm,
    request: HttpRequest,
    now: datetime,
) -> EnforcementPage:
    crowd = gather_crowd(parent, product=product)
    at_risk = len(plan.harmed)
    shown = chosen_list(form, at_risk=at_risk)
    found = page_of(request, people_shown(crowd, shown, form=form))
    # Only these rows are described: what is shown of a person costs more than finding them.
    described = crowd.described(User.objects.filter(id__in=[person.id for person in found]))
    return EnforcementPage(
        product=product,
        crowd=crowd,
        plan=plan,
        enforcement=Enforcement.objects.for_parent(parent).filter(product=product).first(),
        affected=crowd.affected().count(),
        at_risk=at_risk,
        others=crowd.not_affected().count(),
        to_ask=crowd.to_ask().count(),
        asked=last_asked(parent, product=product, now=now),
        old=find_old_proofs(crowd, now=now),
        proof=has_proof_through(signed_in, crowd.connection_ids, organization=organization, now=now),
        prove_with=connection_to_prove(crowd, signed_in.user),
        shown=shown,
        page=found,
        rows=[ShownPerson(person, crowd.judge(person)) for person in described],
    )


def chosen_list(form: PeopleForm, *, at_risk: int) -> str:
    """The list asked for; without a wish those who may be locked out, or everybody affected if nobody may."""
    asked = form.cleaned_data.get("show", "") if form.is_valid() else ""
    return asked or ("risk" if at_risk else "all")


def people_shown(crowd: Crowd, shown: str, *, form: PeopleForm) -> QuerySet[User]:
    """One of the lists by address, filtered by the words looked for."""
    sets = {"risk": crowd.may_be_locked_out, "all": crowd.affected, "others": crowd.not_affected}
    people: QuerySet[User] = sets[shown]()
    words = form.cleaned_data.get("q", "") if form.is_valid() else ""
    if words:
        people = people.filter(Q(email__icontains=words) | Q(name__icontains=words))
    return people.order_by("email")


def csv_rows(crowd: Crowd, people: QuerySet[User]) -> Iterator[Sequence[Any]]:
    for person in crowd.described(people).iterator(chunk_size=2000):
        judged = crowd.judge(person)
        last = f"{person.last_sign_in_at:%Y-%m-%d %H:%M}" if person.last_sign_in_at else ""
        standing = judged.standing.value.replace("_", " ")
        yield (
            person.email,
            person.name,
            person.organization_here or "",
            person.role_here or "",
            last,
            standing,
            judged.reason,
            judged.remedy,
        )


def _enumerate(names: Sequence[str], *, most: int, last: str) -> str:
    """a, b or c; with more than `most` names: a, b and 12 more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"
