from django.urls import path

from sso.sign_in import views

urlpatterns = [
    path("login/", views.LoginView.as_view(), name="login"),
    path("login/required/", views.RequiredView.as_view(), name="login_required"),
    path("login/go/<str:relay_state>/", views.GoView.as_view(), name="login_go"),
    path("login/code/<hex:sign_in_id>/", views.CodeView.as_view(), name="login_code"),
    path("login/link/<str:token>/", views.LinkView.as_view(), name="login_link"),
    path("logout/", views.LogoutView.as_view(), name="logout"),
]
