from django.urls import path

from sso.sign_in import email, going, login, logout, password, required

urlpatterns = [
    path("login/", login.LoginView.as_view(), name="login"),
    path("login/required/", required.RequiredView.as_view(), name="login_required"),
    path("login/go/<str:relay_state>/", going.GoView.as_view(), name="login_go"),
    path("login/code/<hex:sign_in_id>/", email.CodeView.as_view(), name="login_code"),
    path("login/code/<hex:sign_in_id>/again/", email.SendAgainView.as_view(), name="login_code_again"),
    path("login/link/<str:token>/", email.LinkView.as_view(), name="login_link"),
    path("login/password/", password.PasswordView.as_view(), name="login_password"),
    path("logout/", logout.LogoutView.as_view(), name="logout"),
]
