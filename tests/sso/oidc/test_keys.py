"""Key sets: from the issuer's address alone, remembered, asked anew for an unknown kid but not at length (R22)."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from identity_platform.errors import PlatformError
from sso.oidc import errors
from sso.oidc.discovery import Provider, find_provider
from sso.oidc.keys import find_key, read_keys
from tests.factories.oidc import OpenIdProvider, json_answer, make_key

ADDRESS = "https://op.example/keys"


@pytest.fixture
def known(provider: OpenIdProvider, now: datetime) -> Provider:
    return find_provider(provider.issuer, now=now)


def asked_for_keys(provider: OpenIdProvider) -> int:
    return provider.paths_asked().count("/keys")


def test_r22_a_key_set_is_asked_once_while_it_is_fresh(
    provider: OpenIdProvider, known: Provider, now: datetime
) -> None:
    for minutes in (0, 30, 60 * 23):
        assert find_key(known, key_id="first", algorithm="RS256", now=now + timedelta(minutes=minutes)).key

    assert asked_for_keys(provider) == 1


def test_r22_a_changed_key_is_found_by_asking_once_more(
    provider: OpenIdProvider, known: Provider, now: datetime
) -> None:
    find_key(known, key_id="first", algorithm="RS256", now=now)
    provider.keys = [make_key("second")]

    assert find_key(known, key_id="second", algorithm="RS256", now=now + timedelta(minutes=6)).key_id is None
    assert asked_for_keys(provider) == 2


def test_r22_made_up_kids_make_us_ask_at_most_every_five_minutes(
    provider: OpenIdProvider, known: Provider, now: datetime
) -> None:
    find_key(known, key_id="first", algorithm="RS256", now=now)
    for second in range(60):
        with pytest.raises(errors.KeyUnknown):
            find_key(
                known, key_id=f"made-up-{second}", algorithm="RS256", now=now + timedelta(minutes=6, seconds=second)
            )

    assert asked_for_keys(provider) == 2


@pytest.mark.parametrize("broken", [json_answer({}, status=503), json_answer({"keys": []}), (200, {}, b"<html>")])
def test_a_broken_key_set_leaves_the_one_before_in_place(
    broken: tuple[int, dict[str, str], bytes], provider: OpenIdProvider, known: Provider, now: datetime
) -> None:
    find_key(known, key_id="first", algorithm="RS256", now=now)
    provider.answers["/keys"] = lambda: broken

    with pytest.raises(errors.KeyUnknown):
        find_key(known, key_id="second", algorithm="RS256", now=now + timedelta(minutes=6))
    assert find_key(known, key_id="first", algorithm="RS256", now=now + timedelta(hours=30)).key
    with pytest.raises(PlatformError):
        find_key(known, key_id="first", algorithm="RS256", now=now + timedelta(hours=49))


@pytest.mark.parametrize(("said", "hours"), [("max-age=60", 1), ("public, max-age=7200", 2), ("max-age=999999", 24)])
def test_cache_control_counts_between_an_hour_and_a_day(
    said: str, hours: int, provider: OpenIdProvider, known: Provider, now: datetime
) -> None:
    provider.answers["/keys"] = lambda: json_answer({"keys": [make_key().jwk]}, **{"cache-control": said})
    find_key(known, key_id="first", algorithm="RS256", now=now)

    find_key(known, key_id="first", algorithm="RS256", now=now + timedelta(hours=hours, minutes=-1))
    assert asked_for_keys(provider) == 1
    find_key(known, key_id="first", algorithm="RS256", now=now + timedelta(hours=hours, minutes=1))
    assert asked_for_keys(provider) == 2


def test_r52_a_key_set_that_moved_is_not_followed(provider: OpenIdProvider, known: Provider, now: datetime) -> None:
    provider.answers["/keys"] = lambda: (302, {"location": f"{provider.issuer}/elsewhere"}, b"")

    with pytest.raises(errors.EndpointFailed) as refusal:
        find_key(known, key_id="first", algorithm="RS256", now=now)

    assert refusal.value.received == "fetch_redirect_not_allowed"
    assert "/elsewhere" not in provider.paths_asked()


def jwk(**changes: Any) -> dict[str, Any]:
    changed = {**make_key().jwk, **changes}
    return {name: value for name, value in changed.items() if value is not None}


@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "first", "alg": "HS256"},
        jwk(use="enc"),
        jwk(key_ops=["encrypt"]),
        jwk(key_ops="verify"),
        jwk(kid=7),
        jwk(alg=["RS256"]),
        jwk(kty="XY"),
        jwk(kty=None),
        "text",
        None,
        [],
    ],
)
def test_r22_entries_that_could_not_sign_are_left_out(entry: object) -> None:
    with pytest.raises(errors.KeysUnreadable):
        read_keys(json.dumps({"keys": [entry]}).encode(), address=ADDRESS)
    both = json.dumps({"keys": [entry, make_key("second").jwk]}).encode()
    assert [key.key_id for key in read_keys(both, address=ADDRESS)] == ["second"]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"keys":{}}', b'{"keys":7}', json.dumps({"keys": [jwk()] * 65}).encode(), b"\x00"]
)
def test_r50_what_is_no_key_set_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(errors.KeysUnreadable):
        read_keys(body, address=ADDRESS)


@pytest.mark.parametrize(
    "entry",
    [jwk(n="!!"), jwk(n=""), jwk(n=7), jwk(n=None), jwk(e="AA"), make_key("short", bits=1024).jwk | {"kid": "first"}],
)
def test_r50_keys_that_are_none_and_short_ones_are_refused_by_name(
    entry: dict[str, Any], provider: OpenIdProvider, known: Provider, now: datetime
) -> None:
    provider.answers["/keys"] = lambda: json_answer({"keys": [entry]})

    with pytest.raises(errors.KeysUnreadable):
        find_key(known, key_id="first", algorithm="RS256", now=now)


def test_r22_a_key_for_one_algorithm_verifies_no_other(
    provider: OpenIdProvider, known: Provider, now: datetime
) -> None:
    provider.keys = [make_key(), make_key("es", "ES256")]

    for key_id, algorithm in (("first", "PS256"), ("first", "ES256"), ("es", "RS256"), ("es", "ES384")):
        with pytest.raises(errors.KeyUnknown):
            find_key(known, key_id=key_id, algorithm=algorithm, now=now)


def test_a_private_key_published_by_mistake_is_read_as_its_public_half() -> None:
    (key,) = read_keys(json.dumps({"keys": [jwk(d="c2VjcmV0")]}).encode(), address=ADDRESS)

    assert set(key.jwk) == {"kty", "n", "e"}
