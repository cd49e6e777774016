"""Whether a proof may become a session: `decide.admit_sign_in` over facts, asked by every completion (spec 6.1).

An `Admitted` is made here alone (a test holds it) and names what was judged. `sso.actions.sign_in.sign_in` asks again
for whatever comes without a fitting one, so no completion can leave the question out.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from accounts.addresses import domain_of
from accounts.models import Way
from identity_platform.errors import PlatformError
from orgs.models import Product
from sso.actions.identities import Person
from sso.errors import AddressNotServed, DomainLapsed, NotStaff, SsoRequired, StaffNotServed
from sso.models import Connection, SignInAttempt
from sso.queries.sign_in import gather_sign_in, hold_of
from sso.rules import decide
from sso.rules.decide import Reason


@dataclass(frozen=True)
class Admitted:
    """That this proof was judged and is enough for a session."""

    email: str
    way: Way
    product_id: int | None
    connection_id: uuid.UUID | None


def ensure_admitted(
    email: str, *, way: Way, product: Product | None, connection: Connection | None = None, now: datetime
) -> Admitted:
    """Judge the proof of an address. Put the answer into `Proven.admitted`, so that it isn't asked for twice.

    Raises SsoRequired, NotStaff, and for SSO AddressNotServed, DomainLapsed, StaffNotServed. For known and unknown
    addresses the queries are the same.
    """
    facts = gather_sign_in(email, way=way, product=product, connection=connection)
    return _judge(facts, email=email)


def admit_person(person: Person, *, attempt: SignInAttempt) -> Admitted:
    """The same for somebody whom `find_or_tie_user` just found: it loaded the facts already."""
    connection = attempt.connection
    facts = decide.SignInFacts(
        way=Way.SSO,
        holds=(hold_of(person.claim, connection=connection, is_live=attempt.revision.state == "live"),),
        product=attempt.product_id,
        products=frozenset(),
        connection_id=connection.id,
        connection_parent_id=connection.parent_id,
        is_staff=person.user.is_staff,
        is_known_there=True,  # tied by now, and `judge_first_tie` was asked before
    )
    return _judge(facts, email=person.user.email)


def _judge(facts: decide.SignInFacts, *, email: str) -> Admitted:
    verdict = decide.admit_sign_in(facts)
    if not verdict.admitted:
        raise _refusal(verdict, email=email)
    return Admitted(email=email, way=facts.way, product_id=facts.product, connection_id=facts.connection_id)


def _refusal(verdict: decide.Verdict, *, email: str) -> PlatformError:
    match verdict.reason:
        case Reason.NOT_STAFF:
            return NotStaff()
        case Reason.STAFF_BY_CONNECTION:
            return StaffNotServed()
        case Reason.NOT_SERVED:
            return AddressNotServed(received=domain_of(email))
        case Reason.LAPSED:
            return DomainLapsed(received=domain_of(email))
        case _:
            return SsoRequired(parent=verdict.parent_id, connection=verdict.connection_id, received=domain_of(email))
