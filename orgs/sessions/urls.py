from django.urls import path

from orgs.sessions import views

app_name = "sessions"

urlpatterns = [
    path("", views.SessionsView.as_view(), name="list"),
    path("policy/", views.SessionPolicyView.as_view(), name="policy"),
    path("end/", views.EndMemberSessions.as_view(), name="end"),
    path("end-all/", views.EndAllSessions.as_view(), name="end_all"),
]
