from django.urls import path

from sso.sign_in import closed, email, going, google, login, logout, password, required

urlpatterns = [
    path("login/", login.LoginView.as_view(), name="login"),
    path("login/required/", required.RequiredView.as_view(), name="login_required"),
    path("login/go/<str:relay_state>/", going.GoView.as_view(), name="login_go"),
    path("login/code/<hex:sign_in_id>/", email.CodeView.as_view(), name="login_code"),
    path("login/code/<hex:sign_in_id>/again/", email.SendAgainView.as_view(), name="login_code_again"),
    path("login/link/<str:token>/", email.LinkView.as_view(), name="login_link"),
    path("login/google/", google.BeginView.as_view(), name="login_google"),
    path("login/google/go/<str:state>/", google.GoView.as_view(), name="login_google_go"),
    path("login/google/callback/", google.CallbackView.as_view(), name="login_google_callback"),
    path("login/google/confirm/<str:state>/", google.ConfirmView.as_view(), name="login_google_confirm"),
    path("login/password/", password.PasswordView.as_view(), name="login_password"),
    path("login/error/<reference:reference>/", closed.ClosedDoorView.as_view(), name="login_error"),
    path("logout/", logout.LogoutView.as_view(), name="logout"),
]
