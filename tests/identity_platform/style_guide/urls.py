from django.urls import path

from tests.identity_platform.style_guide import views

urlpatterns = [
    path("fragment/", views.show_fragment, name="fragment"),
    path("fragment/signed-out/", views.send_to_sign_in, name="signed-out"),
    path("sign-in/", views.show_page, {"page": "sign_in"}),
    path("save/", views.save_form, name="save"),
    path("<slug:page>/", views.show_page),
]
