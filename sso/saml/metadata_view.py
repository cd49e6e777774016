"""`/sso/saml/<connection>/metadata/`: our metadata for identity providers. Its address is our entity id."""

import uuid

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View

from identity_platform.errors import NotFound
from sso.models import Connection
from sso.models.connections import Protocol
from sso.saml import addresses
from sso.saml.metadata import describe_service_provider


@method_decorator(login_not_required, name="dispatch")
class MetadataView(View):
    """Public: it holds nothing but addresses that the identity provider must know. `?download=true` saves it as a file.

    Served from the first draft on, since the provider is told before anything is live; a retired connection has none.
    """

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, connection_id: uuid.UUID) -> HttpResponse:
        # Asked by the id in the address, before anybody is known.
        in_use = Connection.unscoped.filter(id=connection_id, protocol=Protocol.SAML, retired_at__isnull=True)
        if not in_use.exists():
            raise NotFound
        document = describe_service_provider(
            entity_id=addresses.entity_id(connection_id), acs_url=addresses.acs_url(connection_id), now=timezone.now()
        )
        response = HttpResponse(document, content_type="application/samlmetadata+xml")
        if request.GET.get("download") == "true":
            response["Content-Disposition"] = 'attachment; filename="sp-metadata.xml"'
        return response
