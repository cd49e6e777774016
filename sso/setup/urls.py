from django.urls import path

from sso.setup import live_views, reset_views, testing_views, views

app_name = "sso_setup"

urlpatterns = [
    path("new/", views.ChooseProvider.as_view(), name="choose"),
    path("<hex:connection_id>/", live_views.ManageSso.as_view(), name="manage"),
    path("<hex:connection_id>/edit/", views.EditConnection.as_view(), name="edit"),
    path("<hex:connection_id>/start-over/", views.StartOver.as_view(), name="start_over"),
    path("<hex:connection_id>/create/", views.CreateApp.as_view(), name="create"),
    path("<hex:connection_id>/claims/", views.MapClaims.as_view(), name="claims"),
    path("<hex:connection_id>/assign/", views.AssignPeople.as_view(), name="assign"),
    path("<hex:connection_id>/metadata/", views.ExchangeMetadata.as_view(), name="metadata"),
    path("<hex:connection_id>/test/", testing_views.TestStep.as_view(), name="test"),
    path("<hex:connection_id>/live/", live_views.GoLive.as_view(), name="live"),
    path("<hex:connection_id>/domains/", live_views.AssignDomains.as_view(), name="domains"),
    path("<hex:connection_id>/reset/", reset_views.ResetConnection.as_view(), name="reset"),
    path("<hex:connection_id>/reset/tell/", reset_views.TellPeople.as_view(), name="tell_people"),
    path("<hex:connection_id>/test-live/", testing_views.TestLive.as_view(), name="test_live"),
    path("<hex:connection_id>/tests/", testing_views.TestHistory.as_view(), name="tests"),
    path("<hex:connection_id>/tests/<reference:reference>/", testing_views.TestResult.as_view(), name="test_result"),
]
