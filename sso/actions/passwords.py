"""Signing in by password: what a typed password proves."""

from datetime import datetime

from accounts.actions.passwords import find_by_password
from accounts.models import Way
from orgs.models import Product
from sso.actions.admission import ensure_admitted
from sso.actions.sign_in import Proven
from sso.errors import PasswordNotRight


def complete_password(email: str, password: str, *, product: Product | None, now: datetime) -> Proven:
    """Take a password for what it proves. Raises SsoRequired, PasswordNotRight.

    Whether a password is enough is asked of the address before it is compared: where SSO is required, nobody learns
    whether a password fits, nor whether there is an account. Otherwise known and unknown addresses cost the same.
    """
    admitted = ensure_admitted(email, way=Way.PASSWORD, product=product, now=now)
    user = find_by_password(email, password)
    if user is None:
        raise PasswordNotRight
    return Proven(user=user, way=Way.PASSWORD, proved_at=now, product=product, admitted=admitted)
