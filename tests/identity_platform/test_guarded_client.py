"""The one client for tenants' addresses, against real servers on this machine (R45, R52)."""

import gzip
import ipaddress
import socket
import time
import zlib

import pytest

from identity_platform import guarded_client, outgoing_addresses, outgoing_connections
from identity_platform.guarded_client import fetch
from tests.identity_platform.hostile_server import answer, drip, make_certificate, serving


@pytest.fixture
def short_deadline(monkeypatch):
    """Half a second in place of five, so that the slow tests are quick; what is counted is the same."""
    monkeypatch.setattr(guarded_client, "TOTAL_SECONDS", 0.5)


@pytest.fixture
def trust(monkeypatch):
    """Let the client trust one authority in place of the system's."""

    def trust_only(certificate):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.authority))
        outgoing_connections._tls_context.cache_clear()

    yield trust_only
    outgoing_connections._tls_context.cache_clear()


@pytest.fixture
def names(monkeypatch):
    """Let names resolve to addresses of this machine; counts the questions."""
    asked = []

    def point(**answers):
        def resolve(host, port):
            asked.append(host)
            given = answers[host.replace(".", "_")]
            return tuple(ipaddress.ip_address(address) for address in given)

        monkeypatch.setattr(outgoing_addresses, "_ask_resolver", resolve)
        return asked

    return point


def test_a_document_is_fetched_whole():
    with serving(answer(b"<EntityDescriptor/>", content_type="application/xml")) as server:
        fetched = fetch(server.url("/metadata?app=1"), purpose="metadata")

    assert fetched.status == 200
    assert fetched.body == b"<EntityDescriptor/>"
    assert fetched.headers["content-type"] == "application/xml"
    assert fetched.url == server.url("/metadata?app=1")
    assert b"GET /metadata?app=1 HTTP/1.1" in server.requests[0]
    assert b"accept-encoding: identity" in server.requests[0].lower()


def test_a_token_request_is_posted_and_its_refusal_returned():
    with serving(answer(b'{"error":"invalid_grant"}', status="400 Bad Request")) as server:
        fetched = fetch(
            server.url("/token"),
            purpose="token",
            method="POST",
            body=b"code=1",
            headers={"Authorization": "Basic x"},
        )

    assert fetched.status == 400
    assert b"invalid_grant" in fetched.body
    assert b"Authorization: Basic x" in server.requests[0]


@pytest.mark.parametrize("purpose", ["metadata", "discovery", "jwks"])
def test_a_document_with_another_status_is_refused(purpose):
    with (
        serving(answer(b"sign in first", status="403 Forbidden")) as server,
        pytest.raises(guarded_client.UnexpectedStatus) as refused,
    ):
        fetch(server.url(), purpose=purpose)

    assert refused.value.received == "403"


def test_no_cookie_is_kept_and_no_proxy_of_the_environment_used(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with serving(answer(set_cookie="a=b; Path=/")) as server:
        fetch(server.url(), purpose="metadata")
        fetch(server.url(), purpose="metadata")

    assert not any(b"cookie" in request.lower() for request in server.requests)


# Redirects ------------------------------------------------------------------------------------------------------------


def test_r45_a_redirect_to_the_metadata_address_of_a_cloud_is_refused():
    with (
        serving(answer(status="302 Found", location="http://169.254.169.254/latest/meta-data/")) as server,
        pytest.raises(guarded_client.AddressNotAllowed),
    ):
        fetch(server.url(), purpose="metadata")


def test_r45_a_redirect_away_from_https_is_refused(settings, trust, tmp_path):
    settings.ALLOW_HTTP_IDENTITY_PROVIDERS = False
    certificate = make_certificate(tmp_path, name="127.0.0.1")
    trust(certificate)

    with (
        serving(answer(status="302 Found", location="http://127.0.0.1/"), tls=certificate.context) as server,
        pytest.raises(guarded_client.NotHttps),
    ):
        fetch(server.url(scheme="https"), purpose="metadata")


def test_three_redirects_are_followed_and_a_fourth_is_not():
    def chain(length):
        steps = iter(range(1, length + 1))

        def behave(connection):
            step = next(steps, None)
            redirect = answer(status="302 Found", location=f"/step/{step}")
            (redirect if step else answer(b"arrived"))(connection)

        return behave

    with serving(chain(3)) as server:
        assert fetch(server.url(), purpose="discovery").body == b"arrived"
        assert server.requests[-1].startswith(b"GET /step/3 ")

    with (
        serving(chain(4)) as server,
        pytest.raises(guarded_client.TooManyRedirects),
    ):
        fetch(server.url(), purpose="discovery")


@pytest.mark.parametrize("purpose", ["jwks", "token", "userinfo"])
def test_r52_endpoints_of_keys_and_secrets_are_not_followed(purpose):
    with (
        serving(answer(status="307 Temporary Redirect", location="/elsewhere")) as server,
        pytest.raises(guarded_client.RedirectNotAllowed),
    ):
        fetch(server.url(), purpose=purpose)

    assert len(server.requests) == 1


def test_a_redirect_to_another_origin_takes_no_credentials_along():
    with (
        serving(answer(b"{}")) as other,
        serving(answer(status="302 Found", location=other.url("/there"))) as server,
    ):
        fetch(server.url(), purpose="discovery", headers={"Authorization": "Bearer secret"})

    assert b"secret" in server.requests[0]
    assert b"secret" not in other.requests[0]


# Time and size --------------------------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"


@pytest.mark.parametrize(
    ("what", "behaviour"),
    [
        ("nothing at all", drip(first=b"", then=b"")),
        ("the status line", drip(first=b"HTTP/1.1 ", then=b"2")),
        ("headers", drip(first=b"HTTP/1.1 200 OK\r\nx: ", then=b"y")),
        ("ever more headers", drip(first=b"HTTP/1.1 200 OK\r\n", then=b"x: y\r\n")),
        ("interim answers", drip(first=b"", then=b"HTTP/1.1 100 Continue\r\n\r\n")),
        ("the body", drip(first=HEAD)),
        ("chunks", drip(first=b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", then=b"1\r\nx\r\n")),
        ("a body without an end", drip(first=b"HTTP/1.1 200 OK\r\n\r\n")),
    ],
)
def test_r52_a_peer_that_drips_is_cut_off(short_deadline, what, behaviour):
    began = time.monotonic()

    with serving(behaviour) as server, pytest.raises(guarded_client.TooSlow):
        fetch(server.url(), purpose="metadata")

    assert time.monotonic() - began < 1.0, what


def test_r52_a_peer_that_drips_over_tls_is_cut_off(short_deadline, trust, tmp_path):
    certificate = make_certificate(tmp_path, name="127.0.0.1")
    trust(certificate)
    began = time.monotonic()

    with serving(drip(first=HEAD), tls=certificate.context) as server, pytest.raises(guarded_client.TooSlow):
        fetch(server.url(scheme="https"), purpose="metadata")

    assert time.monotonic() - began < 1.0


def test_r52_a_tls_handshake_that_drips_is_cut_off(short_deadline, trust, tmp_path):
    trust(make_certificate(tmp_path, name="127.0.0.1"))
    began = time.monotonic()

    with (
        serving(drip(first=b"\x16\x03\x03\x40\x00", then=b"\x02")) as server,
        pytest.raises(guarded_client.TooSlow),
    ):
        fetch(server.url(scheme="https"), purpose="metadata")

    assert time.monotonic() - began < 1.0


def test_r52_redirects_share_one_deadline(short_deadline):
    def behave(connection):
        time.sleep(0.2)
        answer(status="302 Found", location="/again")(connection)

    began = time.monotonic()
    with serving(behave) as server, pytest.raises(guarded_client.TooSlow):
        fetch(server.url(), purpose="metadata")

    assert time.monotonic() - began < 1.0


def test_the_largest_allowed_body_arrives_and_one_octet_more_is_refused():
    with serving(answer(b"x" * 1024 * 1024)) as server:
        assert len(fetch(server.url(), purpose="metadata").body) == 1024 * 1024

    with serving(answer(b"x" * (1024 * 1024 + 1))) as server, pytest.raises(guarded_client.TooLarge):
        fetch(server.url(), purpose="metadata")


def test_r45_a_body_without_an_end_is_cut_off_at_the_limit():
    endless = drip(first=b"HTTP/1.1 200 OK\r\n\r\n", then=b"x" * 65536, every=0)

    with serving(endless) as server, pytest.raises(guarded_client.TooLarge):
        fetch(server.url(), purpose="metadata")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_an_unasked_compression_is_read(encoding):
    body = b"<EntityDescriptor/>" * 100
    compressed = gzip.compress(body) if encoding == "gzip" else zlib.compress(body)

    with serving(answer(compressed, content_encoding=encoding)) as server:
        assert fetch(server.url(), purpose="metadata").body == body


def test_r45_a_small_body_that_inflates_to_a_gigabyte_is_refused():
    bomb = gzip.compress(b"\0" * 64 * 1024 * 1024)
    assert len(bomb) < 1024 * 1024

    with serving(answer(bomb, content_encoding="gzip")) as server, pytest.raises(guarded_client.TooLarge):
        fetch(server.url(), purpose="metadata")


@pytest.mark.parametrize(
    ("what", "behaviour"),
    [
        ("compressed as we don't read", answer(b"\x00", content_encoding="br")),
        ("compressed several times over", answer(gzip.compress(gzip.compress(b"x")), content_encoding="gzip, gzip")),
        ("broken gzip", answer(b"not gzip", content_encoding="gzip")),
        ("cut gzip", answer(gzip.compress(b"x" * 1000)[:-9], content_encoding="gzip")),
        ("no HTTP", lambda connection: connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")),
        ("too many headers", answer(**{f"x{number}": "y" for number in range(200)})),
        ("shorter than announced", lambda connection: connection.sendall(HEAD + b"half")),
        ("chunks that aren't", answer(b"zz\r\n", transfer_encoding="chunked")),
        ("a redirect to nowhere", answer(status="302 Found", location="http://[")),
        ("hangs up", lambda connection: None),
    ],
)
def test_r50_every_bad_answer_is_a_typed_refusal(what, behaviour):
    with serving(behaviour) as server, pytest.raises(guarded_client.FetchFailed) as refused:
        fetch(server.url(), purpose="metadata")

    assert refused.value.message_text, what
    assert refused.value.remedy_text, what


# TLS ------------------------------------------------------------------------------------------------------------------


def test_r45_tls_checks_the_real_name_on_the_judged_address_resolved_once(trust, names, tmp_path):
    certificate = make_certificate(tmp_path, name="idp.northwind.example")
    trust(certificate)
    asked = names(idp_northwind_example=["127.0.0.1"])

    with serving(answer(b"ok"), tls=certificate.context) as server:
        fetched = fetch(server.url(scheme="https", host="idp.northwind.example"), purpose="jwks")

    assert fetched.body == b"ok"
    assert asked == ["idp.northwind.example"]
    assert f"Host: idp.northwind.example:{server.port}".encode() in server.requests[0]


def test_r45_a_name_that_answers_differently_the_second_time_gains_nothing(names, monkeypatch):
    names(idp_northwind_example=["127.0.0.1"])

    def resolve_again(*arguments, **options):
        raise AssertionError("the name was resolved a second time")

    monkeypatch.setattr(socket, "getaddrinfo", resolve_again)
    with serving(answer(b"ok")) as server:
        assert fetch(server.url(host="idp.northwind.example"), purpose="metadata").body == b"ok"


def test_the_second_address_is_tried_when_the_first_takes_no_connection(names):
    names(idp_northwind_example=["::1", "127.0.0.1"])

    with serving(answer(b"ok")) as server:
        assert fetch(server.url(host="idp.northwind.example"), purpose="metadata").body == b"ok"


def test_a_self_signed_certificate_is_refused(tmp_path):
    certificate = make_certificate(tmp_path, name="127.0.0.1")

    with (
        serving(answer(), tls=certificate.context) as server,
        pytest.raises(guarded_client.CertificateInvalid) as refused,
    ):
        fetch(server.url(scheme="https"), purpose="metadata")

    assert "self-signed" in refused.value.message_text
    assert server.requests == []


def test_a_certificate_for_another_name_is_refused(trust, names, tmp_path):
    certificate = make_certificate(tmp_path, name="idp.globex.example")
    trust(certificate)
    names(idp_northwind_example=["127.0.0.1"])

    with (
        serving(answer(), tls=certificate.context) as server,
        pytest.raises(guarded_client.CertificateInvalid),
    ):
        fetch(server.url(scheme="https", host="idp.northwind.example"), purpose="metadata")


def test_https_to_a_server_without_tls_is_a_typed_refusal():
    with serving(answer()) as server, pytest.raises(guarded_client.FetchFailed):
        fetch(server.url(scheme="https"), purpose="metadata")


def test_a_port_where_nobody_listens_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

    with pytest.raises(guarded_client.Unreachable):
        fetch(f"http://127.0.0.1:{port}/", purpose="metadata")
