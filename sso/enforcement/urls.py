from django.urls import path

from sso.enforcement import views

app_name = "enforcement"

urlpatterns = [
    path("<slug:product>/", views.ReviewEnforcement.as_view(), name="review"),
    path("<slug:product>/optional/", views.MakeOptional.as_view(), name="make_optional"),
    path("<slug:product>/ask/", views.AskToTry.as_view(), name="ask"),
]
