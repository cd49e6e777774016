from django.urls import path

from demo.idp import applications, directory, oidc, oidc_tokens, saml, sign_in

urlpatterns = [
    path("", applications.show_home, name="idp-home"),
    path("sign-in/", sign_in.sign_in, name="idp-sign-in"),
    path("sign-out/", sign_in.sign_out, name="idp-sign-out"),
    path("continue/", sign_in.continue_request, name="idp-continue"),
    path("metadata/", saml.show_metadata, name="idp-metadata"),
    path("saml/sso/", saml.begin, name="idp-saml-sso"),
    path(".well-known/openid-configuration", oidc.show_discovery, name="idp-discovery"),
    path("oidc/jwks/", oidc.show_keys, name="idp-jwks"),
    path("oidc/authorize/", oidc.authorize, name="idp-authorize"),
    path("oidc/token/", oidc_tokens.issue_token, name="idp-token"),
    path("oidc/userinfo/", oidc_tokens.show_userinfo, name="idp-userinfo"),
    path("people/", directory.list_people, name="idp-people"),
    path("people/new/", directory.edit_person, name="idp-person-new"),
    path("people/<uuid:person_id>/", directory.edit_person, name="idp-person"),
    path("people/<uuid:person_id>/switch/", directory.switch_person, name="idp-person-switch"),
    path("groups/", directory.list_groups, name="idp-groups"),
    path("groups/<int:group_id>/delete/", directory.delete_group, name="idp-group-delete"),
    path("applications/", applications.list_applications, name="idp-applications"),
    path("applications/new/<slug:protocol>/", applications.add_application, name="idp-application-new"),
    path("applications/<uuid:application_id>/", applications.edit_application, name="idp-application"),
    path("applications/<uuid:application_id>/open/", sign_in.open_application, name="idp-application-open"),
    path("applications/<uuid:application_id>/delete/", applications.delete_application, name="idp-application-delete"),
    path("keys/rotate/", applications.rotate_key, name="idp-key-rotate"),
]
