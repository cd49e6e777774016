from django.urls import path

from sso.saml import views
from sso.saml.metadata_view import MetadataView

urlpatterns = [
    path("sso/saml/<hex:connection_id>/metadata/", MetadataView.as_view(), name="saml_metadata"),
    path("sso/saml/<hex:connection_id>/acs/", views.AssertionConsumerView.as_view(), name="saml_acs"),
    path("sso/saml/<hex:connection_id>/login/", views.BeginView.as_view(), name="saml_login"),
    path("sso/saml/<hex:connection_id>/offer/", views.OfferView.as_view(), name="saml_offer"),
    path("sso/saml/<hex:connection_id>/finish/<str:relay_state>/", views.FinishView.as_view(), name="saml_finish"),
    path("sso/saml/<hex:connection_id>/confirm/<str:relay_state>/", views.ConfirmView.as_view(), name="saml_confirm"),
]
