"""Addresses of the demo's own web site (settings: demo.settings). The platform's are in identity_platform/urls.py."""

from django.urls import include, path

from demo import views
from demo.dns import views as dns_views
from demo.mailbox import views as mailbox_views

urlpatterns = [
    path("", views.show_index, name="index"),
    path("idp/<slug:tenant_slug>/", include("demo.idp.urls")),
    path("dns/", dns_views.list_zones, name="dns"),
    path("dns/<str:zone_name>/", dns_views.show_zone, name="dns-zone"),
    path("dns/<str:zone_name>/<int:record_id>/delete/", dns_views.delete_record, name="dns-record-delete"),
    path("mailbox/", mailbox_views.list_mails, name="mailbox"),
    path("mailbox/<int:mail_id>/", mailbox_views.show_mail, name="mail"),
    path("mailbox/<int:mail_id>/html/", mailbox_views.show_html, name="mail-html"),
]

handler404 = "demo.views.show_not_found"
