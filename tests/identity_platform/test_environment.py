"""The readers of environment variables: what they give, and that each refusal names its variable."""

from datetime import timedelta
from ipaddress import ip_network

import pytest

from identity_platform import environment
from identity_platform.environment import SettingRefused


@pytest.mark.parametrize(
    ("reader", "written", "read"),
    [
        (environment.text, " spaced ", "spaced"),
        (environment.boolean, "Yes", True),
        (environment.boolean, "0", False),
        (environment.integer, "42", 42),
        (environment.seconds, "90", timedelta(seconds=90)),
        (environment.url, "https://id.acme.example/", "https://id.acme.example"),
        (environment.listing, "a, b,\nc,", ["a", "b", "c"]),
        (environment.networks, "10.0.0.0/8, ::1", [ip_network("10.0.0.0/8"), ip_network("::1/128")]),
        (environment.addresses, "192.0.2.1,2001:db8::1", ["192.0.2.1", "2001:db8::1"]),
        (environment.secret, "hush", "hush"),
        (environment.secret_listing, "new,old", ["new", "old"]),
    ],
)
def test_a_value_is_read_as_what_it_means(monkeypatch, reader, written, read):
    monkeypatch.setenv("A_SETTING", written)

    assert reader("A_SETTING") == read


@pytest.mark.parametrize(
    ("reader", "written"),
    [
        (environment.boolean, "maybe"),
        (environment.integer, "4.2"),
        (environment.integer, "-1"),
        (environment.seconds, "1m"),
        (environment.url, "id.acme.example"),
        (environment.url, "ftp://id.acme.example"),
        (environment.url, "https://"),
        (environment.url, "https://user:pass@id.acme.example"),
        (environment.url, "https://id.acme.example:port"),
        (environment.networks, "10.0.0.1/8"),
        (environment.addresses, "resolver.example"),
    ],
)
def test_an_odd_value_stops_the_process_and_names_the_variable(monkeypatch, reader, written):
    monkeypatch.setenv("A_SETTING", written)

    with pytest.raises(SettingRefused, match="A_SETTING"):
        reader("A_SETTING")


@pytest.mark.parametrize(
    "reader",
    [
        environment.text,
        environment.boolean,
        environment.integer,
        environment.seconds,
        environment.url,
        environment.listing,
        environment.networks,
        environment.addresses,
        environment.secret,
        environment.secret_listing,
    ],
)
def test_an_empty_value_counts_as_missing(monkeypatch, reader):
    monkeypatch.setenv("A_SETTING", " ")

    with pytest.raises(SettingRefused, match="A_SETTING"):
        reader("A_SETTING")


def test_an_origin_has_no_path(monkeypatch):
    monkeypatch.setenv("A_SETTING", "https://id.acme.example/path")

    with pytest.raises(SettingRefused, match="A_SETTING"):
        environment.url("A_SETTING", origin_only=True)


def test_a_choice_outside_the_list_is_refused(monkeypatch):
    monkeypatch.setenv("A_SETTING", "blue")

    with pytest.raises(SettingRefused, match="A_SETTING"):
        environment.choice("A_SETTING", among=["red", "green"])


def test_a_secret_is_read_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("hush\n")
    monkeypatch.setenv("A_SETTING_FILE", str(tmp_path / "secret"))

    assert environment.secret("A_SETTING") == "hush"


def test_an_empty_secret_file_counts_as_missing(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("\n")
    monkeypatch.setenv("A_SETTING_FILE", str(tmp_path / "secret"))

    assert environment.secret("A_SETTING", default="") == ""
    with pytest.raises(SettingRefused, match="A_SETTING"):
        environment.secret("A_SETTING")


def test_a_secret_file_that_cannot_be_read_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("A_SETTING_FILE", str(tmp_path / "nowhere"))

    with pytest.raises(SettingRefused, match="A_SETTING_FILE"):
        environment.secret("A_SETTING", default="")


def test_two_sources_of_one_secret_are_refused(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("hush")
    monkeypatch.setenv("A_SETTING", "hush")
    monkeypatch.setenv("A_SETTING_FILE", str(tmp_path / "secret"))

    with pytest.raises(SettingRefused, match="A_SETTING_FILE"):
        environment.secret("A_SETTING")


def test_a_short_secret_is_refused_without_being_repeated(monkeypatch):
    monkeypatch.setenv("A_SETTING", "hunter2")

    with pytest.raises(SettingRefused, match="A_SETTING") as refusal:
        environment.secret("A_SETTING", minimum_length=50)
    assert "hunter2" not in str(refusal.value)


def test_a_forbidden_variable_is_refused_if_set_at_all(monkeypatch):
    environment.forbid("A_SETTING", because="it is not for here")

    monkeypatch.setenv("A_SETTING", "false")
    with pytest.raises(SettingRefused, match="A_SETTING"):
        environment.forbid("A_SETTING", because="it is not for here")
