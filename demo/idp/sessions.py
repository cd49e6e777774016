"""Who is signed in at a tenant's identity provider: a signed cookie, since here nobody has a password to protect."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from demo.models import Person, Tenant

LIFETIME = timedelta(hours=8)
SALT = "demo.idp.session"


@dataclass(frozen=True)
class IdpSession:
    person: Person
    signed_in_at: datetime


def read_session(request: HttpRequest, tenant: Tenant) -> IdpSession | None:
    """The session of this browser at this tenant, unless it is too old or the person may no longer sign in."""
    try:
        kept = signing.loads(request.COOKIES.get(_cookie_name(tenant), ""), salt=SALT, max_age=LIFETIME)
        person = Person.objects.get(tenant=tenant, id=kept["person"], is_active=True)
    except (signing.BadSignature, Person.DoesNotExist, ValidationError):
        return None
    return IdpSession(person, datetime.fromtimestamp(kept["at"], tz=UTC))


def write_session(response: HttpResponse, person: Person, *, now: datetime) -> None:
    """Sign the person in. Lax is enough: a request of an application arrives as a top-level GET."""
    value = signing.dumps({"person": person.id.hex, "at": now.timestamp()}, salt=SALT)
    response.set_cookie(
        _cookie_name(person.tenant),
        value,
        max_age=LIFETIME,
        path=f"/idp/{person.tenant_id}/",
        httponly=True,
        samesite="Lax",
    )


def end_session(response: HttpResponse, tenant: Tenant) -> None:
    response.delete_cookie(_cookie_name(tenant), path=f"/idp/{tenant.slug}/", samesite="Lax")


def _cookie_name(tenant: Tenant) -> str:
    return f"demo-idp-{tenant.slug}"
