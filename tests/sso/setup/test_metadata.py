"""Giving us the identity provider: by address, as a file or text, by hand; each mistake is named at its field (R51)."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from audit.models import AuditEvent
from demo.idp.signer import SigningKey
from sso.actions.connections import start_over
from sso.models import RevisionState
from tests.cast import Cast
from tests.sso.setup.conftest import IDP, Setup, metadata_of, send, words

pytestmark = pytest.mark.django_db

Serve = Callable[[bytes], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A web server on this machine that answers everything with one document."""
    running: list[HTTPServer] = []

    def start(document: bytes) -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_port}/metadata"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def test_metadata_by_address_is_fetched_read_and_kept(
    alice: Client, setup: Setup, key: SigningKey, metadata: bytes, serve: Serve
) -> None:
    address = serve(metadata)

    answer = send(alice, setup.at("metadata"), {"by": "url", "metadata_url": address})

    assert answer["Location"] == setup.at("test")
    revision = setup.now_is()
    assert (revision.idp_entity_id, revision.sso_url) == (f"{IDP}/metadata", f"{IDP}/sso")
    assert revision.metadata_url == address
    assert [each.fingerprint for each in revision.certificates.all()] == [key.fingerprint]
    assert revision.certificates.get().source == "metadata"


def test_an_address_that_answers_with_a_web_page_is_named_at_its_field(
    alice: Client, setup: Setup, serve: Serve
) -> None:
    answer = send(
        alice, setup.at("metadata"), {"by": "url", "metadata_url": serve(b"<!doctype html><title>Sign in</title>")}
    )

    assert answer.status_code == 422
    assert "This isn't SAML metadata: it is a web page." in words(answer)
    assert 'id="url_metadata_url_error"' in answer.content.decode()


def test_an_http_address_is_refused(alice: Client, setup: Setup, settings: object) -> None:
    settings.ALLOW_HTTP_IDENTITY_PROVIDERS = False  # type: ignore[attr-defined]

    answer = send(alice, setup.at("metadata"), {"by": "url", "metadata_url": "http://idp.northwind.example/metadata"})

    assert answer.status_code == 422
    assert "doesn't begin with https://" in words(answer)
    assert 'id="url_metadata_url_error"' in answer.content.decode()
    assert 'value="http://idp.northwind.example/metadata"' in answer.content.decode()


def test_a_file_is_read(alice: Client, setup: Setup, metadata: bytes, key: SigningKey) -> None:
    file = SimpleUploadedFile("metadata.xml", metadata, "text/xml")

    answer = send(alice, setup.at("metadata"), {"by": "file", "file": file})

    assert answer["Location"] == setup.at("test")
    assert setup.now_is().idp_entity_id == f"{IDP}/metadata"


def test_pasted_metadata_is_read(alice: Client, setup: Setup, metadata: bytes) -> None:
    answer = send(alice, setup.at("metadata"), {"by": "file", "metadata": metadata.decode()})

    assert answer["Location"] == setup.at("test")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04 not xml", "it doesn't begin as XML"),
        (b"", "it is empty"),
        (b"<" + b"a" * (1024 * 1024), "larger than 1 MiB"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "it has a document type"),
    ],
)
def test_a_wrong_file_is_named_at_the_file_field(alice: Client, setup: Setup, content: bytes, sentence: str) -> None:
    file = SimpleUploadedFile("metadata.xml", content, "text/xml")

    answer = send(alice, setup.at("metadata"), {"by": "file", "file": file})

    assert answer.status_code == 422
    assert sentence in words(answer)
    assert 'id="file_file_error"' in answer.content.decode()
    assert setup.now_is().idp_entity_id == ""


@pytest.mark.parametrize(("by", "field"), [("url", "metadata_url"), ("file", "metadata")])
def test_metadata_of_a_provider_that_takes_requests_by_post_alone_is_refused(
    alice: Client, setup: Setup, key: SigningKey, serve: Serve, *, by: str, field: str
) -> None:
    """Requests are sent by HTTP-Redirect, so its people could never sign in."""
    document = metadata_of(key, sso_bindings=["HTTP-POST"])
    given = serve(document) if by == "url" else document.decode()

    answer = send(alice, setup.at("metadata"), {"by": by, field: given})

    assert answer.status_code == 422
    assert f'id="{by}_{field}_error"' in answer.content.decode()
    assert "switch on the HTTP-Redirect endpoint" in words(answer)
    assert setup.now_is().idp_entity_id == ""


def test_our_own_metadata_given_back_is_recognised(alice: Client, client: Client, setup: Setup) -> None:
    ours = client.get(f"/sso/saml/{setup.connection.id.hex}/metadata/").content.decode()

    answer = send(alice, setup.at("metadata"), {"by": "file", "metadata": ours})

    assert "describes a service provider, not an identity provider" in words(answer)


def test_neither_file_nor_text_asks_for_one(alice: Client, setup: Setup) -> None:
    answer = send(alice, setup.at("metadata"), {"by": "file"})

    assert answer.status_code == 422
    assert "Choose a file, or paste its text below." in words(answer)


def test_an_expired_certificate_is_refused_with_its_end(alice: Client, setup: Setup, now: datetime) -> None:
    old = SigningKey.create("old", now=now - timedelta(days=400), days=365)

    answer = send(alice, setup.at("metadata"), {"by": "file", "metadata": metadata_of(old).decode()})

    assert answer.status_code == 422
    assert "This certificate ended on" in words(answer)


def test_an_expired_certificate_beside_a_valid_one_is_left_out(
    alice: Client, setup: Setup, key: SigningKey, now: datetime
) -> None:
    old = SigningKey.create("old", now=now - timedelta(days=400), days=365)

    send(alice, setup.at("metadata"), {"by": "file", "metadata": metadata_of(key, keys=[old, key]).decode()})

    assert [each.fingerprint for each in setup.now_is().certificates.all()] == [key.fingerprint]


def test_of_several_identity_providers_one_is_chosen(
    alice: Client, setup: Setup, metadata: bytes, key: SigningKey
) -> None:
    other = metadata_of(key, entity_id=f"{IDP}/other").decode()
    both = (
        '<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">'
        f"{_body(metadata.decode())}{_body(other)}</md:EntitiesDescriptor>"
    )

    asked = send(alice, setup.at("metadata"), {"by": "file", "metadata": both})
    answer = send(alice, setup.at("metadata"), {"by": "file", "metadata": both, "entity_id": f"{IDP}/other"})

    assert asked.status_code == 422
    assert f'<input type="radio" name="entity_id" value="{IDP}/other"' in asked.content.decode()
    assert answer["Location"] == setup.at("test")
    assert setup.now_is().idp_entity_id == f"{IDP}/other"


def _body(document: str) -> str:
    return document.partition("?>")[2] if document.startswith("<?xml") else document


def by_hand(key: SigningKey, **values: object) -> dict[str, object]:
    given = {
        "by": "hand",
        "idp_entity_id": f"{IDP}/metadata",
        "sso_url": f"{IDP}/sso",
        "sso_binding": "redirect",
        "certificate": key.certificate_pem,
    }
    return {**given, **values}


def test_values_by_hand_are_saved(alice: Client, setup: Setup, key: SigningKey) -> None:
    answer = send(alice, setup.at("metadata"), by_hand(key))

    assert answer["Location"] == setup.at("test")
    assert setup.now_is().certificates.get().source == "manual"


@pytest.mark.parametrize(
    ("values", "field", "sentence"),
    [
        ({"sso_url": "http://idp.northwind.example/sso"}, "sso_url", "isn't one that a browser may be sent to"),
        ({"sso_url": "javascript:alert(1)"}, "sso_url", "isn't one that a browser may be sent to"),
        ({"sso_binding": "post"}, "sso_binding", "switch on the HTTP-Redirect endpoint"),
        ({"certificate": "not a certificate"}, "certificate", "isn't a certificate that can be read"),
        ({"certificate": ""}, "certificate", "needs at least one signing certificate"),
        ({"idp_entity_id": ""}, "idp_entity_id", "Copy the entity ID"),
    ],
)
def test_a_mistake_by_hand_is_named_at_its_field(
    alice: Client, setup: Setup, key: SigningKey, settings: object, *, values: dict[str, str], field: str, sentence: str
) -> None:
    settings.ALLOW_HTTP_IDENTITY_PROVIDERS = False  # type: ignore[attr-defined]

    answer = send(alice, setup.at("metadata"), by_hand(key, **values))

    assert answer.status_code == 422
    assert f'id="hand_{field}_error"' in answer.content.decode()
    assert sentence in words(answer)
    assert setup.now_is().idp_entity_id == ""


def test_a_private_key_pasted_by_mistake_is_neither_kept_nor_shown(
    alice: Client, setup: Setup, key: SigningKey
) -> None:
    answer = send(alice, setup.at("metadata"), by_hand(key, certificate=key.private_pem))

    secret = key.private_pem.splitlines()[3]
    assert "This is a private key" in words(answer)
    assert secret not in answer.content.decode()
    assert not any(secret in str(event.after) for event in AuditEvent.objects.all())


def test_an_entity_id_of_another_connection_of_this_parent_is_refused(
    alice: Client, setup: Setup, key: SigningKey, cast: Cast
) -> None:
    alice.post("/orgs/acme/settings/identity/sso/new/", {"provider": "custom-saml"})
    setup.give_metadata(key)
    other = Setup(
        type(setup.revision).objects.for_parent(cast.acme_group).exclude(id=setup.revision.id).get(), actor=setup.actor
    )

    answer = send(alice, other.at("metadata"), by_hand(key))

    assert answer.status_code == 422
    assert "Your connection Custom SAML already uses this entity ID" in words(answer)
    assert 'id="hand_idp_entity_id_error"' in answer.content.decode()


def test_an_entity_id_of_a_discarded_setup_is_free_again(
    alice: Client, setup: Setup, key: SigningKey, cast: Cast, now: datetime
) -> None:
    setup.give_metadata(key)
    start_over(setup.revision, actor=setup.actor, now=now)
    alice.post("/orgs/acme/settings/identity/sso/new/", {"provider": "custom-saml"})
    fresh = Setup(
        type(setup.revision).objects.for_parent(cast.acme_group).get(state=RevisionState.DRAFT), actor=setup.actor
    )

    assert send(alice, fresh.at("metadata"), by_hand(key))["Location"] == fresh.at("test")


def test_metadata_of_the_same_provider_adds_its_new_certificate_beside_the_old(
    alice: Client, setup: Setup, key: SigningKey, now: datetime
) -> None:
    new = SigningKey.create("new", now=now)
    setup.give_metadata(key)

    send(alice, setup.at("metadata"), {"by": "file", "metadata": metadata_of(new).decode()})

    trusted = {each.fingerprint for each in setup.now_is().certificates.all()}
    assert trusted == {key.fingerprint, new.fingerprint}


def test_metadata_of_another_provider_replaces_the_certificates(
    alice: Client, setup: Setup, key: SigningKey, now: datetime
) -> None:
    new = SigningKey.create("new", now=now)
    setup.give_metadata(key)

    send(alice, setup.at("metadata"), {"by": "file", "metadata": metadata_of(new, entity_id=f"{IDP}/b").decode()})

    assert [each.fingerprint for each in setup.now_is().certificates.all()] == [new.fingerprint]


def test_a_certificate_is_removed_by_hand_but_never_the_last_one(
    alice: Client, setup: Setup, key: SigningKey, now: datetime
) -> None:
    new = SigningKey.create("new", now=now)
    setup.give_metadata(key)

    last = send(alice, setup.at("metadata"), by_hand(key, certificate="", remove=key.fingerprint))
    replaced = send(alice, setup.at("metadata"), by_hand(key, certificate=new.certificate_pem, remove=key.fingerprint))

    assert last.status_code == 422
    assert replaced.status_code == 302
    assert [each.fingerprint for each in setup.now_is().certificates.all()] == [new.fingerprint]
