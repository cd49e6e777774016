"""The demo's SAML side, asked as an application asks; its answers are checked with another library than signs them."""

import base64
import zlib
from urllib.parse import urlencode

import pytest
from django.test import Client
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Saml2Utils

from demo.idp.errors import RequestRefused
from demo.idp.saml_requests import LONGEST_MESSAGE, read_post, read_redirect
from demo.idp.signer import SAML, SAMLP
from demo.models import Application, Person, Tenant
from tests.demo.conftest import PLATFORM, hidden_fields

ENTITY = f"{PLATFORM}/sso/saml/1/metadata/"
ACS = f"{PLATFORM}/sso/saml/1/acs/"
SSO = "/idp/northwind/saml/sso/"
NS = {"samlp": SAMLP, "saml": SAML}


def authn_request(*, issuer: str = ENTITY, acs: str = ACS, extra: str = "", prologue: str = "") -> bytes:
    return (
        f'{prologue}<samlp:AuthnRequest xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_request1" Version="2.0" '
        f'IssueInstant="2026-11-22T00:00:00Z" AssertionConsumerServiceURL="{acs}" {extra}>'
        f"<saml:Issuer>{issuer}</saml:Issuer></samlp:AuthnRequest>"
    ).encode()


def by_redirect(xml: bytes) -> str:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return base64.b64encode(deflater.compress(xml) + deflater.flush()).decode()


def by_post(xml: bytes) -> str:
    return base64.b64encode(xml).decode()


def ask(browser: Client, xml: bytes, **parameters: str) -> str:
    """Send an AuthnRequest by redirect and follow to the page that comes: of sign-in, or the answer."""
    query = urlencode({"SAMLRequest": by_redirect(xml), "RelayState": "attempt-7", **parameters})
    response = browser.get(f"{SSO}?{query}", follow=True)
    assert response.status_code == 200
    return response.content.decode()


def sign_in(browser: Client, email: str, *, next_path: str = "/idp/northwind/") -> str:
    person = Person.objects.get(email=email)
    response = browser.post("/idp/northwind/sign-in/", {"person": person.id.hex, "next": next_path}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def answer_in(page: str) -> etree._Element:
    return etree.fromstring(base64.b64decode(hidden_fields(page)["SAMLResponse"]))


def status_of(answer: etree._Element) -> list[str]:
    return [code.get("Value").rpartition(":")[2] for code in answer.iter(f"{{{SAMLP}}}StatusCode")]


def attributes_of(answer: etree._Element) -> dict[str, list[str]]:
    return {
        attribute.get("Name"): [value.text for value in attribute] for attribute in answer.iter(f"{{{SAML}}}Attribute")
    }


def test_metadata_carries_entity_id_certificate_and_both_bindings(browser: Client, northwind: Tenant) -> None:
    response = browser.get("/idp/northwind/metadata/")
    root = etree.fromstring(response.content)
    assert response["Content-Type"] == "application/samlmetadata+xml"
    assert root.get("entityID") == northwind.entity_id
    assert northwind.keys.get().pair.certificate_base64 in response.content.decode()
    assert {element.get("Location") for element in root.iter("{*}SingleSignOnService")} == {northwind.sso_url}
    assert len(list(root.iter("{*}SingleSignOnService"))) == 2


def test_the_two_tenants_have_keys_of_their_own(browser: Client, northwind: Tenant) -> None:
    assert northwind.keys.get().key_id != Tenant.objects.get(slug="globex").keys.get().key_id


def test_a_person_says_who_they_are_and_the_application_gets_a_signed_answer(
    browser: Client, northwind: Tenant
) -> None:
    page = ask(browser, authn_request())
    assert "Who is signing in?" in page
    page = sign_in(browser, "amara@northwind.example", next_path=hidden_fields(page)["next"])
    answer = answer_in(page)
    assert f'action="{ACS}"' in page
    assert hidden_fields(page)["RelayState"] == "attempt-7"
    assert status_of(answer) == ["Success"]
    assert answer.get("InResponseTo") == "_request1"
    assert answer.get("Destination") == ACS
    assert answer.findtext(".//saml:Audience", namespaces=NS) == ENTITY
    assert attributes_of(answer) == {
        "email": ["amara@northwind.example"],
        "firstName": ["Amara"],
        "lastName": ["Okafor"],
        "groups": ["Engineering", "Everyone"],
    }
    assertion = answer.find("saml:Assertion", NS)
    assert Saml2Utils.validate_sign(
        etree.tostring(answer),
        cert=northwind.keys.get().certificate_pem,
        xpath="/samlp:Response/saml:Assertion/ds:Signature",
    )
    assert assertion is not None


def test_the_answer_needs_no_script_and_no_inline_script(browser: Client, northwind: Tenant) -> None:
    sign_in(browser, "maya@northwind.example")
    page = ask(browser, authn_request())
    assert ">Continue to Acme Identity</button>" in page
    assert "onload" not in page
    assert all(' src="' in tag for tag in page.split("<script")[1:])


def test_the_answer_may_be_posted_to_the_application_and_nowhere_else(browser: Client, northwind: Tenant) -> None:
    northwind.applications.create(
        protocol="saml", name="Wiki", entity_id="urn:wiki", acs_url="https://wiki.example/acs"
    )
    sign_in(browser, "maya@northwind.example")
    query = urlencode({"SAMLRequest": by_redirect(authn_request(issuer="urn:wiki", acs=""))})
    policy = browser.get(f"{SSO}?{query}", follow=True)["Content-Security-Policy"]
    form_action = next(part for part in policy.split("; ") if part.startswith("form-action"))
    assert "https://wiki.example" in form_action.split()
    assert "script-src 'self'" in policy.split("; ")


def test_a_second_request_is_answered_without_asking_again(browser: Client, northwind: Tenant) -> None:
    sign_in(browser, "maya@northwind.example")
    assert "SAMLResponse" in ask(browser, authn_request())


def test_force_authn_asks_again_and_then_answers(browser: Client, northwind: Tenant) -> None:
    sign_in(browser, "maya@northwind.example")
    page = ask(browser, authn_request(extra='ForceAuthn="true"'))
    assert "Who is signing in?" in page
    assert "SAMLResponse" in sign_in(browser, "maya@northwind.example", next_path=hidden_fields(page)["next"])


def test_a_request_by_post_is_taken_too(browser: Client, northwind: Tenant) -> None:
    sign_in(browser, "maya@northwind.example")
    response = browser.post(SSO, {"SAMLRequest": by_post(authn_request()), "RelayState": "x"}, follow=True)
    assert answer_in(response.content.decode()).get("InResponseTo") == "_request1"


def test_whom_the_application_expects_stands_first(browser: Client, northwind: Tenant) -> None:
    page = ask(browser, authn_request(), login_hint="Oskar@northwind.example")
    assert page.index("Oskar Blom") < page.index("Amara Okafor")


def test_the_platform_registers_itself_once_and_the_page_says_so(browser: Client, northwind: Tenant) -> None:
    page = ask(browser, authn_request())
    assert "registered itself" in page
    assert "registered itself" not in ask(browser, authn_request())
    application = northwind.applications.get(protocol="saml")
    assert (application.entity_id, application.acs_url, application.is_self_registered) == (ENTITY, ACS, True)


@pytest.mark.parametrize(
    "acs", ["https://evil.example/acs", "http://localhost:8000.evil.example/acs", "http://localhost:8000@evil.example/"]
)
def test_nobody_else_registers_by_themselves(browser: Client, northwind: Tenant, acs: str) -> None:
    query = urlencode({"SAMLRequest": by_redirect(authn_request(issuer="urn:evil", acs=acs))})
    response = browser.get(f"{SSO}?{query}", follow=True)
    assert response.status_code == 400
    assert "knows no application" in response.content.decode()
    assert not northwind.applications.filter(protocol="saml").exists()


def test_an_answer_goes_to_the_registered_address_only(browser: Client, northwind: Tenant) -> None:
    ask(browser, authn_request())
    query = urlencode({"SAMLRequest": by_redirect(authn_request(acs=f"{PLATFORM}/elsewhere/"))})
    assert browser.get(f"{SSO}?{query}", follow=True).status_code == 400


def test_somebody_not_assigned_gets_a_refusal_for_the_application(browser: Client, northwind: Tenant) -> None:
    sign_in(browser, "hannah@northwind.example")
    ask(browser, authn_request())
    northwind.applications.filter(protocol="saml").update(is_for_everybody=False)
    page = ask(browser, authn_request())
    answer = answer_in(page)
    assert "Hannah Cole is not assigned" in page
    assert status_of(answer) == ["Responder", "RequestDenied"]
    assert answer.find("saml:Assertion", NS) is None
    assert "data-continue" not in page
    northwind.applications.get(protocol="saml").people.add(Person.objects.get(email="hannah@northwind.example"))
    assert status_of(answer_in(ask(browser, authn_request()))) == ["Success"]


@pytest.mark.parametrize(
    ("part", "signed"), [("assertion", {"Assertion"}), ("response", {"Response"}), ("both", {"Assertion", "Response"})]
)
def test_the_application_decides_what_is_signed(
    browser: Client, northwind: Tenant, part: str, signed: set[str]
) -> None:
    sign_in(browser, "maya@northwind.example")
    ask(browser, authn_request())
    northwind.applications.filter(protocol="saml").update(signed_part=part)
    answer = answer_in(ask(browser, authn_request()))
    parents = {etree.QName(signature.getparent()).localname for signature in answer.iter("{*}Signature")}
    assert parents == signed


def test_the_subject_stays_when_the_address_changes_unless_it_is_the_address(
    browser: Client, northwind: Tenant
) -> None:
    def subject() -> str | None:
        return answer_in(ask(browser, authn_request())).findtext(".//saml:NameID", namespaces=NS)

    sign_in(browser, "maya@northwind.example")
    before = subject()
    Person.objects.filter(email="maya@northwind.example").update(email="m.ortiz@northwind.example")
    assert subject() == before
    northwind.applications.filter(protocol="saml").update(name_id="email")
    assert subject() == "m.ortiz@northwind.example"


def test_a_tile_sends_an_answer_that_nobody_asked_for(browser: Client, northwind: Tenant) -> None:
    sign_in(browser, "maya@northwind.example")
    ask(browser, authn_request())
    application = northwind.applications.get(protocol="saml")
    tile = f"/idp/northwind/applications/{application.id}/open/"
    assert tile in browser.get("/idp/northwind/").content.decode()
    page = browser.get(tile).content.decode()
    answer = answer_in(page)
    assert hidden_fields(page)["RelayState"] == "from-tile"
    assert answer.get("InResponseTo") is None
    assert answer.find(".//saml:SubjectConfirmationData", NS).get("InResponseTo") is None


def test_home_has_a_bookmark_to_the_platforms_sign_in(browser: Client, northwind: Tenant) -> None:
    assert f'href="{PLATFORM}/login/?sso=true"' in browser.get("/idp/northwind/").content.decode()


def test_a_deactivated_person_is_signed_out_and_not_offered(browser: Client, northwind: Tenant) -> None:
    sign_in(browser, "oskar@northwind.example")
    oskar = Person.objects.get(email="oskar@northwind.example")
    browser.post(f"/idp/northwind/people/{oskar.id}/switch/")
    page = ask(browser, authn_request())
    assert "Who is signing in?" in page
    assert "Sign in as Oskar" not in page


def test_a_session_of_one_tenant_is_none_at_the_other(browser: Client, northwind: Tenant) -> None:
    sign_in(browser, "maya@northwind.example")
    assert "Nobody is signed in here." in browser.get("/idp/globex/").content.decode()
    browser.cookies["demo-idp-globex"] = browser.cookies["demo-idp-northwind"].value
    assert "Nobody is signed in here." in browser.get("/idp/globex/").content.decode()


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example/", "/idp/globex/", "/idp/northwind/\r\nX: y"]
)
def test_signing_in_leads_nowhere_else(browser: Client, northwind: Tenant, path: str) -> None:
    person = northwind.people.first()
    assert person is not None
    response = browser.post("/idp/northwind/sign-in/", {"person": person.id.hex, "next": path})
    assert response["Location"].startswith("/idp/northwind/")
    assert "X" not in response.headers


def test_a_request_that_waited_too_long_or_was_changed_is_refused(browser: Client, northwind: Tenant) -> None:
    response = browser.get("/idp/northwind/continue/?request=forged:1abc:xyz")
    assert response.status_code == 400
    assert "ten minutes" in response.content.decode()


def test_an_application_can_be_pasted_in(browser: Client, northwind: Tenant) -> None:
    form = {
        "name": "Wiki",
        "entity_id": "urn:wiki",
        "acs_url": "http://localhost:9000/acs",
        "name_id": "persistent",
        "signed_part": "both",
        "attributes": ["email"],
        "is_for_everybody": "on",
    }
    assert browser.post("/idp/northwind/applications/new/saml/", form).status_code == 302
    assert browser.post("/idp/northwind/applications/new/saml/", form).status_code == 422
    wiki = Application.objects.get(entity_id="urn:wiki")
    assert (wiki.attributes, wiki.signed_part, wiki.is_self_registered) == (["email"], "both", False)


BOMB = b"<a>" + b" " * (LONGEST_MESSAGE + 1) + b"</a>"
DOCTYPE = authn_request(prologue='<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>', issuer="&amp;")


@pytest.mark.parametrize(
    "xml",
    [BOMB, DOCTYPE, b"<not-closed", b"<other/>", authn_request().replace(b"_request1", b"1 2"), b""],
    ids=["bomb", "doctype", "not_xml", "not_a_request", "no_id", "empty"],
)
def test_unreadable_requests_are_refused(xml: bytes) -> None:
    with pytest.raises(RequestRefused):
        read_redirect({"SAMLRequest": by_redirect(xml)})
    with pytest.raises(RequestRefused):
        read_post({"SAMLRequest": by_post(xml)})
