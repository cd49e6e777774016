"""Which URLs and addresses of tenants are opened at all (R45)."""

import ipaddress
import socket
import time

import pytest

from identity_platform import outgoing_addresses
from identity_platform.outgoing_addresses import is_allowed, read_url, resolve
from identity_platform.outgoing_errors import AddressNotAllowed, NotHttps, TooSlow, Unreachable, UnusableAddress


@pytest.fixture(autouse=True)
def as_in_production(settings):
    settings.ALLOWED_PRIVATE_NETWORKS = []
    settings.ALLOW_HTTP_IDENTITY_PROVIDERS = False


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - a string to judge, nothing binds to it
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_r45_special_addresses_are_refused(address):
    assert not is_allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "93.184.216.34",
        "172.15.255.255",
        "172.32.0.1",
        "2606:4700::1111",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
    ],
)
def test_public_addresses_are_allowed(address):
    assert is_allowed(ipaddress.ip_address(address))


def test_an_operator_can_allow_a_private_network_and_only_that(settings):
    settings.ALLOWED_PRIVATE_NETWORKS = ["10.1.0.0/16", "fd12::/16"]

    assert is_allowed(ipaddress.ip_address("10.1.2.3"))
    assert is_allowed(ipaddress.ip_address("::ffff:10.1.2.3"))
    assert is_allowed(ipaddress.ip_address("fd12::1"))
    assert not is_allowed(ipaddress.ip_address("10.2.0.1"))
    assert not is_allowed(ipaddress.ip_address("fd13::1"))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "idp.example.com/metadata",
        "ftp://idp.example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///metadata",
        "https://user:secret@idp.example.com/",
        "https://@idp.example.com/",
        "https://idp.example.com@127.0.0.1/",
        "https://idp.example.com\\@127.0.0.1/",
        "https://idp.example.com /",
        "https://idp.example.com/a b",
        "https://idp.example.com/\r\nHost: evil.example",
        "https://idp.example.com/\u200b",
        "https://idp.example.com/caf\u00e9",
        "https://idp.example.com:22/",
        "https://idp.example.com:0/",
        "https://idp.example.com:99999/",
        "https://idp.example.com:port/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[fe80::1%25eth0]/",
        "https://[::1",
        "https://exa mple.com/",
        "https://a..example.com/",
        "https://" + "a" * 64 + ".example.com/",
        "https://idp.example.com/" + "a" * 2048,
    ],
)
def test_r45_an_address_that_could_be_misread_is_refused(url):
    with pytest.raises(UnusableAddress):
        read_url(url)


def test_r45_http_is_refused_in_production_and_allowed_where_the_setting_says_so(settings):
    with pytest.raises(NotHttps):
        read_url("http://idp.example.com/")

    settings.ALLOW_HTTP_IDENTITY_PROVIDERS = True
    assert read_url("http://idp.example.com/").port == 80


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://IdP.Example.com/app?x=1#part", "idp.example.com", 443, "/app?x=1"),
        ("https://idp.example.com.", "idp.example.com", 443, "/"),
        ("https://b\u00fccher.example:8443/m", "xn--bcher-kva.example", 8443, "/m"),
        ("https://93.184.216.34/", "93.184.216.34", 443, "/"),
        ("https://[2606:4700:0::1111]:8443/", "2606:4700::1111", 8443, "/"),
    ],
)
def test_an_ordinary_address_is_read_once(url, host, port, path):
    target = read_url(url)

    assert (target.host, target.port, target.path) == (host, port, path)
    assert read_url(target.url) == target


def test_r45_one_forbidden_address_among_several_refuses_the_name(monkeypatch):
    answers = tuple(ipaddress.ip_address(address) for address in ("93.184.216.34", "10.0.0.1"))
    monkeypatch.setattr(outgoing_addresses, "_ask_resolver", lambda host, port: answers)

    with pytest.raises(AddressNotAllowed) as refused:
        resolve(read_url("https://idp.example.com/"), deadline=time.monotonic() + 5)

    assert "10.0.0.1" not in str(refused.value) + refused.value.remedy_text


def test_a_name_without_an_address_is_unreachable(monkeypatch):
    def find_nothing(*arguments, **options):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(outgoing_addresses.socket, "getaddrinfo", find_nothing)

    with pytest.raises(Unreachable):
        resolve(read_url("https://idp.example.com/"), deadline=time.monotonic() + 5)


def test_r52_a_resolver_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setattr(outgoing_addresses, "_ask_resolver", lambda host, port: time.sleep(0.5) or ())
    began = time.monotonic()

    with pytest.raises(TooSlow):
        resolve(read_url("https://idp.example.com/"), deadline=began + 0.1)

    assert time.monotonic() - began < 0.4
