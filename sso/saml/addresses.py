"""The addresses of one connection, as its identity provider is told them (spec 11).

They are built from the configured public address, never from a request's Host header, and carry no underscore: Okta
refuses one in a single sign-on URL.
"""

import uuid
from urllib.parse import urlencode

from django.conf import settings

from sso.models import Connection


def entity_id(connection: Connection | uuid.UUID) -> str:
    """Our SP entity id towards this connection; it is also the address of our metadata."""
    return f"{_base(connection)}/metadata/"


def acs_url(connection: Connection | uuid.UUID) -> str:
    """The assertion consumer service: where the identity provider posts its responses."""
    return f"{_base(connection)}/acs/"


def login_url(connection: Connection | uuid.UUID) -> str:
    """Where a sign-in through this connection begins."""
    return f"{_base(connection)}/login/"


def tile_url(product_slug: str = "") -> str:
    """What a tile or bookmark at the identity provider opens: a sign-in that begins here (spec 5.7)."""
    query = urlencode({"sso": "true", "product": product_slug} if product_slug else {"sso": "true"})
    return f"{settings.PUBLIC_URL.rstrip('/')}/login/?{query}"


def _base(connection: Connection | uuid.UUID) -> str:
    key = connection.id if isinstance(connection, Connection) else connection
    return f"{settings.PUBLIC_URL.rstrip('/')}/sso/saml/{key.hex}"
