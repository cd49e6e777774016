"""Every address of the platform. They are kept stable (spec 11); `tests/access/table.py` holds who may open each."""

from django.contrib import admin
from django.urls import include, path, re_path, register_converter

from identity_platform import health, machines
from identity_platform.converters import HexId, Reference

register_converter(HexId, "hex")
register_converter(Reference, "reference")

from orgs.views import AcceptInvitationView, ForwardView, HomeView  # noqa: E402 - after the converters that its URLs use
from sso.views import IdentityOverview  # noqa: E402

IDENTITY = "orgs/<slug:slug>/settings/identity/"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.show_metrics, name="metrics"),
    path("", HomeView.as_view(), name="home"),
    path("invitations/<hex:invitation_id>/accept/", AcceptInvitationView.as_view(), name="invitation_accept"),
    path("", include("orgs.account.urls")),
    path("settings/identity/", ForwardView.as_view(page="identity"), name="settings_identity"),
    path("", include("sso.sign_in.urls")),
    path("", include("sso.saml.urls")),
    path("orgs/<slug:slug>/settings/sessions/", include("orgs.sessions.urls")),
    path(IDENTITY, IdentityOverview.as_view(), name="identity"),
    path(IDENTITY + "domains/", include("domains.urls")),
    path(IDENTITY + "sso/", include("sso.setup.urls")),
    path(IDENTITY + "require/", include("sso.enforcement.urls")),
    path(IDENTITY + "sign-ins/", include("sso.sign_in_problems.urls")),
    path(IDENTITY + "provisioning/", include("provisioning.urls")),
    path("admin/", admin.site.urls),
    re_path(r"^scim/v2(/.*)?$", machines.scim, name="scim"),
    re_path(r"^api(/.*)?$", machines.api, name="api"),
]

handler400 = "identity_platform.refusals.bad_request"
handler403 = "identity_platform.refusals.forbidden"
handler404 = "identity_platform.refusals.not_found"
handler500 = "identity_platform.refusals.failed"
