from django.urls import path

from sso.sign_in_problems import views

app_name = "sign_in_problems"

urlpatterns = [
    path("", views.ProblemList.as_view(), name="list"),
    path("<reference:reference>/", views.ProblemDetail.as_view(), name="refusal"),
]
