"""The set-up as a manager walks through it, page by page."""

import pytest
from django.test import Client

from audit.models import AuditEvent
from demo.idp.signer import SigningKey
from sso.models import Connection, RevisionState
from tests.cast import Cast
from tests.sso.setup.conftest import IDP, Setup, hidden, send, words

pytestmark = pytest.mark.django_db

NEW = "/orgs/acme/settings/identity/sso/new/"


def test_only_providers_that_work_are_offered(alice: Client) -> None:
    page = words(alice.get(NEW))

    assert "Custom SAML" in page
    for unbuilt in ("Okta", "Entra", "Google Workspace", "Custom OIDC"):
        assert unbuilt not in page


def test_choosing_a_provider_begins_a_connection_that_serves_nobody(alice: Client, cast: Cast) -> None:
    answer = alice.post(NEW, {"provider": "custom-saml"})

    connection = Connection.objects.for_parent(cast.acme_group).get()
    revision = connection.revisions.get()
    assert answer["Location"].endswith(f"/sso/{connection.id.hex}/create/")
    assert revision.state == RevisionState.DRAFT
    assert revision.saved_by == cast.alice


def test_choosing_nothing_says_so(alice: Client, cast: Cast) -> None:
    answer = alice.post(NEW, {})

    assert answer.status_code == 422
    assert "Choose your identity provider." in words(answer)
    assert not Connection.objects.for_parent(cast.acme_group).exists()


def test_the_app_step_shows_the_addresses_without_an_underscore(alice: Client, setup: Setup) -> None:
    page = alice.get(setup.at("create")).content.decode()

    key = setup.connection.id.hex
    assert f"http://testserver/sso/saml/{key}/acs/" in page
    assert f"http://testserver/sso/saml/{key}/metadata/" in page
    assert "http://testserver/login/?sso=true&amp;product=assistant" in page


def test_addresses_come_from_the_settings_not_from_the_host_header(
    alice: Client, setup: Setup, settings: object
) -> None:
    settings.ALLOWED_HOSTS = ["*"]  # type: ignore[attr-defined]
    page = alice.get(setup.at("create"), headers={"host": "evil.example"}).content.decode()

    assert "evil.example" not in page


def test_continue_saves_each_step_and_leads_to_the_next(alice: Client, setup: Setup) -> None:
    first = send(alice, setup.at("create"), {"name": "Northwind Okta"})
    second = send(alice, setup.at("claims"), {"email_attribute": "mail", "subject_attribute": "objectid"})
    third = send(alice, setup.at("assign"), {})

    assert [answer["Location"].split("/")[-2] for answer in (first, second, third)] == ["claims", "assign", "metadata"]
    revision = setup.now_is()
    assert revision.connection.name == "Northwind Okta"
    assert (revision.email_attribute, revision.subject_attribute) == ("mail", "objectid")
    assert revision.steps_done == ["provider", "create", "claims", "assign"]


def test_going_back_shows_what_was_entered(alice: Client, setup: Setup) -> None:
    send(alice, setup.at("claims"), {"email_attribute": "urn:oid:0.9.2342.19200300.100.1.3"})

    assert 'value="urn:oid:0.9.2342.19200300.100.1.3"' in alice.get(setup.at("claims")).content.decode()


@pytest.mark.parametrize("attribute", ["email", "UPN", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"])
def test_a_subject_that_can_change_hands_is_refused_at_its_field(alice: Client, setup: Setup, attribute: str) -> None:
    answer = send(alice, setup.at("claims"), {"subject_attribute": attribute, "email_attribute": "email"})

    assert answer.status_code == 422
    assert 'id="id_subject_attribute_error"' in answer.content.decode()
    assert answer.content.decode().count("<title>Error:") == 1
    assert setup.now_is().subject_attribute == ""


def test_the_picker_says_who_saved_an_open_setup_at_which_step(alice: Client, setup: Setup) -> None:
    send(alice, setup.at("create"), {"name": "Okta"})

    page = words(alice.get(NEW))
    assert "A setup with Okta is open. Alice saved it at step 2 of 7" in page
    assert "Continue setup" in page


def test_starting_over_asks_once_and_keeps_the_trail(alice: Client, setup: Setup, cast: Cast) -> None:
    question = alice.get(setup.at("start-over"))
    assert setup.now_is().state == RevisionState.DRAFT

    answer = alice.post(setup.at("start-over"))

    assert "Discard the draft of Custom SAML" in words(question)
    assert answer["Location"] == NEW
    assert setup.now_is().state == RevisionState.DISCARDED
    assert alice.get(setup.at("create")).status_code == 404
    assert AuditEvent.objects.filter(parent=cast.acme_group, code="connection.draft_discarded").exists()


def test_two_managers_at_one_step_are_told_of_each_other(
    alice: Client, setup: Setup, cast: Cast, key: SigningKey
) -> None:
    seen = alice.get(setup.at("metadata"))
    setup.give_metadata(key)

    answer = alice.post(setup.at("claims"), {"version": hidden(seen, "version"), "email_attribute": "typed-by-alice"})

    assert answer.status_code == 409
    page = words(answer)
    assert "You, in another window, changed this" in page
    assert 'value="typed-by-alice"' in answer.content.decode()
    assert setup.now_is().email_attribute == "email"


def test_saving_the_same_again_changes_nothing(alice: Client, tested: Setup) -> None:
    page = alice.get(tested.at("claims"))
    values = {name: getattr(tested.now_is(), name) for name in ("email_attribute", "first_name_attribute")}

    send(
        alice,
        tested.at("claims"),
        {**values, "last_name_attribute": "lastName", "groups_attribute": "groups"},
        as_seen=page,
    )

    assert tested.now_is().state == RevisionState.TESTED


def test_any_change_of_a_tested_draft_asks_for_another_test(alice: Client, tested: Setup) -> None:
    before = tested.now_is().version

    send(alice, tested.at("claims"), {"email_attribute": "mail"})

    assert tested.now_is().state == RevisionState.DRAFT
    assert tested.now_is().version == before + 1
    assert "hasn't passed a test sign-in as it is now" in words(alice.get(tested.at("live")))


def test_naming_a_connection_needs_no_new_test(alice: Client, tested: Setup) -> None:
    send(alice, tested.at("create"), {"name": "Northwind"})

    assert tested.now_is().state == RevisionState.TESTED


@pytest.mark.parametrize(
    "name", ["Okta\r\nBcc: eve@evil.example", "Okta\x1b[2J", "Okta \u202egnihton", "Okta\u2028live"]
)
def test_a_name_of_more_than_a_line_or_of_invisible_characters_is_refused_at_its_field(
    alice: Client, tested: Setup, name: str
) -> None:
    answer = send(alice, tested.at("create"), {"name": name})

    assert answer.status_code == 422
    assert 'id="id_name_error"' in answer.content.decode()
    assert "A name is one line" in words(answer)
    assert tested.now_is().connection.name == "Custom SAML"


def test_manage_of_an_unfinished_setup_leads_to_its_next_step(alice: Client, setup: Setup) -> None:
    assert alice.get(setup.at())["Location"] == setup.at("create")


def test_our_metadata_is_public_and_names_both_addresses(client: Client, setup: Setup) -> None:
    answer = client.get(f"/sso/saml/{setup.connection.id.hex}/metadata/")

    assert answer["Content-Type"] == "application/samlmetadata+xml"
    assert f'entityID="http://testserver/sso/saml/{setup.connection.id.hex}/metadata/"' in answer.content.decode()
    assert f'Location="http://testserver/sso/saml/{setup.connection.id.hex}/acs/"' in answer.content.decode()


def test_metadata_of_a_discarded_setup_is_gone(alice: Client, client: Client, setup: Setup) -> None:
    alice.post(setup.at("start-over"))

    assert client.get(f"/sso/saml/{setup.connection.id.hex}/metadata/").status_code == 404


def test_the_test_step_says_where_one_is_sent_and_who_must_answer(alice: Client, setup: Setup, key: SigningKey) -> None:
    setup.give_metadata(key)

    page = words(alice.get(setup.at("test")))
    assert f"{IDP}/metadata" in page
    assert f"{IDP}/sso" in page


def test_steps_may_be_skipped_but_not_the_test(alice: Client, setup: Setup, key: SigningKey) -> None:
    page = alice.get(setup.at("create")).content.decode()
    assert f'href="{setup.at("test")}"' not in page

    setup.give_metadata(key)
    page = alice.get(setup.at("create")).content.decode()
    assert f'href="{setup.at("test")}"' in page
    assert f'href="{setup.at("live")}"' not in page

    setup.pass_test()
    assert f'href="{setup.at("live")}"' in alice.get(setup.at("create")).content.decode()
    assert alice.get(setup.at())["Location"] == setup.at("live")
