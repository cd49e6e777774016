"""Under `/orgs/<slug>/settings/identity/domains/`."""

from django.urls import path

from domains import views

app_name = "domains"

urlpatterns = [
    path("new/", views.AddDomainView.as_view(), name="new"),
    path("<hex:claim_id>/", views.ClaimPageView.as_view(), name="claim"),
    path("<hex:claim_id>/status/", views.ClaimStatusView.as_view(), name="status"),
    path("<hex:claim_id>/check/", views.CheckClaimView.as_view(), name="check"),
    path("<hex:claim_id>/restart/", views.RestartClaimView.as_view(), name="restart"),
]
