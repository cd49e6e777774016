from django.urls import path

from orgs.account import address_views, continue_views, overview_views, password_views, session_views

urlpatterns = [
    path("account/", overview_views.AccountOverview.as_view(), name="account"),
    path("account/password/", password_views.PasswordView.as_view(), name="account_password"),
    path("account/password/remove/", password_views.RemovePasswordView.as_view(), name="account_password_remove"),
    path("account/address/", address_views.AddressView.as_view(), name="account_address"),
    path(
        "account/address/confirm/<str:token>/",
        address_views.ConfirmAddressView.as_view(),
        name="account_address_confirm",
    ),
    path("account/sessions/", session_views.SessionsView.as_view(), name="account_sessions"),
    path("account/sessions/end/<hex:session_id>/", session_views.EndSessionView.as_view(), name="account_session_end"),
    path("account/sessions/end-others/", session_views.EndOtherSessionsView.as_view(), name="account_sessions_end"),
    path("continue/<str:token>/", continue_views.ContinueView.as_view(), name="continue"),
]
