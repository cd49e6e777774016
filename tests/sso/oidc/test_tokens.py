"""`verify_id_token` against forged, foreign and broken ID tokens; no network, no database."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from identity_platform.errors import PlatformError
from sso.oidc import errors, names
from sso.oidc.keys import choose_key, read_keys
from sso.oidc.tokens import VerifiedIdToken, verify_id_token
from tests.factories.oidc import (
    ACCESS_TOKEN,
    CLIENT_ID,
    Key,
    assemble,
    base64url,
    claims_of,
    expectation,
    make_key,
    sign,
)


def finder_of(*keys: Key) -> Callable[[str | None, str], jwt.PyJWK]:
    """The key set of a provider, without fetching."""
    known = read_keys(json.dumps({"keys": [key.jwk for key in keys]}).encode(), address="https://op.example/keys")

    def find(key_id: str | None, algorithm: str) -> jwt.PyJWK:
        found = choose_key(known, key_id=key_id, algorithm=algorithm)
        if found is None:
            raise errors.KeyUnknown(received=str(key_id))
        return jwt.PyJWK(found.jwk, algorithm)

    return find


def verify(token: str, *, now: datetime, keys: tuple[Key, ...] = (), **expected: Any) -> VerifiedIdToken:
    return verify_id_token(
        token,
        expected=expectation(**expected),
        find_key=finder_of(*(keys or (make_key(),))),
        access_token=ACCESS_TOKEN,
        now=now,
    )


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "PS256", "ES256", "ES384", "ES512", "EdDSA"])
def test_a_good_token_proves_its_subject_with_every_algorithm_we_accept(algorithm: str, now: datetime) -> None:
    key = make_key(f"key-{algorithm}", algorithm)

    verified = verify(sign(claims_of(now=now), key=key), now=now, keys=(key,), algorithms=(algorithm,))

    assert (verified.issuer, verified.subject) == ("https://op.example", "subject-1")
    assert verified.claims["email"] == "rosa@gmail.com"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"iss": "https://other.example"}, errors.WrongIssuer),
        ({"iss": "https://op.example/"}, errors.WrongIssuer),
        ({"iss": None}, errors.WrongIssuer),
        ({"aud": "another-client"}, errors.WrongAudience),
        ({"aud": None}, errors.WrongAudience),
        ({"aud": []}, errors.WrongAudience),
        ({"aud": [CLIENT_ID, "another-client"]}, errors.WrongAudience),
        ({"aud": {CLIENT_ID: True}}, errors.WrongAudience),
        ({"azp": "another-client"}, errors.WrongAuthorizedParty),
        ({"azp": [CLIENT_ID]}, errors.WrongAuthorizedParty),
        ({"exp": None}, errors.ClaimMissing),
        ({"exp": "soon"}, errors.ClaimMissing),
        ({"exp": True}, errors.ClaimMissing),
        ({"exp": 1e400}, errors.TokenUnreadable),
        ({"exp": 10**30}, errors.ClaimMissing),
        ({"exp": -1}, errors.ClaimMissing),
        ({"iat": None}, errors.ClaimMissing),
        ({"nbf": "never"}, errors.ClaimMissing),
    ],
)
def test_r21_a_token_of_another_issuer_or_for_another_client_is_refused(
    changes: dict[str, Any], refusal: type[PlatformError], now: datetime
) -> None:
    with pytest.raises(refusal):
        verify(sign(claims_of(now=now, **changes)), now=now)


def test_one_audience_may_stand_in_a_list_and_azp_may_be_absent(now: datetime) -> None:
    assert verify(sign(claims_of(now=now, aud=[CLIENT_ID], azp=None)), now=now)


@pytest.mark.parametrize(
    ("claim", "seconds", "refusal"),
    [
        ("exp", -121, errors.TokenExpired),
        ("exp", -119, None),
        ("iat", 121, errors.TokenNotYetValid),
        ("iat", 119, None),
        ("iat", -721, errors.TokenTooOld),
        ("iat", -719, None),
        ("nbf", 121, errors.TokenNotYetValid),
        ("nbf", 119, None),
    ],
)
def test_r21_clocks_may_differ_by_two_minutes_and_not_by_more(
    claim: str, seconds: int, refusal: type[PlatformError] | None, now: datetime
) -> None:
    now = now.replace(microsecond=0)
    token = sign(claims_of(now=now, **{claim: int(now.timestamp()) + seconds}))

    if refusal is None:
        assert verify(token, now=now)
    else:
        with pytest.raises(refusal):
            verify(token, now=now)


def hmac_token(now: datetime, *, secret: bytes, **header: Any) -> str:
    """HS256 by hand: libraries refuse to take a public key for a secret, attackers don't."""
    signed = assemble({"alg": "HS256", "typ": "JWT", "kid": "first", **header}, claims_of(now=now)).rsplit(".", 1)[0]
    return f"{signed}.{base64url(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def public_pem() -> bytes:
    return bytes(make_key().private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize(
    "forge",
    [
        lambda now: assemble({"alg": "none"}, claims_of(now=now)),
        lambda now: assemble({"alg": "None", "kid": "first"}, claims_of(now=now)),
        lambda now: assemble({"alg": "", "kid": "first"}, claims_of(now=now)),
        lambda now: assemble({"kid": "first"}, claims_of(now=now)),
        lambda now: assemble({"alg": ["RS256"], "kid": "first"}, claims_of(now=now)),
        lambda now: assemble({"alg": None, "kid": "first"}, claims_of(now=now)),
        lambda now: hmac_token(now, secret=public_pem()),
        lambda now: hmac_token(now, secret=public_pem().strip()),
        lambda now: hmac_token(now, secret=json.dumps(make_key().jwk).encode()),
        lambda now: hmac_token(now, secret=b"the client secret"),
        lambda now: hmac_token(now, secret=b"x", alg="hs256"),
        lambda now: sign(claims_of(now=now), key=make_key("es", "ES256")),
    ],
)
def test_r22_none_hmac_and_unannounced_algorithms_are_refused(forge: Callable[[datetime], str], now: datetime) -> None:
    with pytest.raises(errors.AlgorithmNotAllowed):
        verify(forge(now), now=now, keys=(make_key(), make_key("es", "ES256")))


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS384", "HS512"])
def test_r22_no_list_of_ours_has_none_or_hmac(algorithm: str) -> None:
    assert algorithm not in names.ALGORITHMS


def test_r22_a_key_of_another_issuer_under_the_same_id_is_refused(now: datetime) -> None:
    foreign = Key("first", "RS256", make_key("foreign").private)

    with pytest.raises(errors.SignatureInvalid):
        verify(sign(claims_of(now=now), key=foreign), now=now)


def test_r22_an_unknown_kid_is_refused_and_so_is_a_missing_one_where_several_keys_fit(now: datetime) -> None:
    keys = (make_key(), make_key("second"))
    unnamed = jwt.encode(claims_of(now=now), make_key().private, algorithm="RS256")

    with pytest.raises(errors.KeyUnknown):
        verify(sign(claims_of(now=now), key=make_key("third")), now=now, keys=keys)
    with pytest.raises(errors.KeyUnknown):
        verify(unnamed, now=now, keys=keys)
    assert verify(unnamed, now=now)


def test_r22_keys_that_the_token_brings_along_are_not_looked_at(now: datetime) -> None:
    foreign = make_key("foreign")
    token = sign(
        claims_of(now=now), key=foreign, jwk=foreign.jwk, jku="https://evil.example/keys", x5c=["AA"], kid="first"
    )

    with pytest.raises(errors.SignatureInvalid):
        verify(token, now=now)


def test_a_changed_claim_breaks_the_signature(now: datetime) -> None:
    header, _, signature = sign(claims_of(now=now)).split(".")
    changed = base64url(json.dumps(claims_of(now=now, sub="somebody-else")).encode())

    with pytest.raises(errors.SignatureInvalid):
        verify(f"{header}.{changed}.{signature}", now=now)


@pytest.mark.parametrize("nonce", [None, "", "another", 7, ["n" * 43], True])
def test_r23_a_token_with_another_nonce_or_none_is_refused(nonce: Any, now: datetime) -> None:
    with pytest.raises(errors.WrongNonce):
        verify(sign(claims_of(now=now, nonce=nonce)), now=now)


def half(digest: Callable[[bytes], Any]) -> str:
    value = digest(ACCESS_TOKEN.encode()).digest()
    return base64url(value[: len(value) // 2])


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [("RS256", hashlib.sha256), ("ES384", hashlib.sha384), ("EdDSA", hashlib.sha512)],
)
def test_at_hash_has_to_fit_the_access_token_where_it_is_given(
    algorithm: str, digest: Callable[[bytes], Any], now: datetime
) -> None:
    key = make_key(f"key-{algorithm}", algorithm)
    given = {"now": now, "keys": (key,), "algorithms": (algorithm,)}

    assert verify(sign(claims_of(now=now, at_hash=half(digest)), key=key), **given)
    for wrong in ("x" * 22, "", 7, half(digest) + "="):
        with pytest.raises(errors.WrongAccessTokenHash):
            verify(sign(claims_of(now=now, at_hash=wrong), key=key), **given)


@pytest.mark.parametrize("subject", [None, "", "x" * 256, 7, ["a"], "two\nlines", "a\x00b", "ünï", {"a": 1}])
def test_a_subject_is_one_text_of_255_ascii_characters_at_most(subject: Any, now: datetime) -> None:
    with pytest.raises(errors.SubjectUnusable):
        verify(sign(claims_of(now=now, sub=subject)), now=now)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "RS256", "kid": "first", "crit": ["exp"], "exp": 1},
        {"alg": "RS256", "kid": "first", "b64": False, "crit": ["b64"]},
        {"alg": "RS256", "kid": "first", "typ": "logout+jwt"},
        {"alg": "RS256", "kid": "first", "typ": "at+jwt"},
        {"alg": "RS256", "kid": "first", "typ": 7},
        {"alg": "RS256", "kid": 7},
        {"alg": "RS256", "kid": ["first"]},
        b'{"alg":"none","alg":"RS256","kid":"first"}',
        b"[" * 100_000,
        b"not json",
        b"\xff",
        b"null",
        b'"text"',
    ],
)
def test_r50_odd_headers_are_refused_by_name(header: object, now: datetime) -> None:
    with pytest.raises((errors.TokenUnreadable, errors.AlgorithmNotAllowed)):
        verify(assemble(header, claims_of(now=now), b"x" * 256), now=now)


@pytest.mark.parametrize(
    "payload",
    [b"[]", b"null", b"7", b"{", b"\xff", b'{"sub":"a","sub":"b"}', b'{"exp":NaN}', b"9" * 5000, b"[" * 20_000],
)
def test_r50_signed_claims_that_are_no_object_are_refused_by_name(payload: bytes, now: datetime) -> None:
    token = jwt.api_jws.PyJWS().encode(payload, make_key().private, algorithm="RS256", headers={"kid": "first"})

    with pytest.raises(errors.TokenUnreadable):
        verify(token, now=now)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "a.b.c", "ä.b.c", "=.=.=", "e30.e30.", "x" * (names.LARGEST_TOKEN + 1)]
)
def test_r50_what_is_no_token_is_refused_by_name(token: str, now: datetime) -> None:
    with pytest.raises((errors.TokenUnreadable, errors.AlgorithmNotAllowed)):
        verify(token, now=now)


@settings(max_examples=300, deadline=timedelta(seconds=5))
@given(data=st.data())
def test_r50_a_token_damaged_anywhere_is_a_typed_refusal(data: st.DataObject) -> None:
    """Octets changed, cut out or put in: never anything but one of our own refusals, and never a yes."""
    now = datetime.fromisoformat("2026-11-01T12:00:00+00:00")
    token = sign(claims_of(now=now))
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.text(max_size=4).filter(lambda text: text != token[at]))
    damaged = token[:at] + other + token[at + 1 :]

    with pytest.raises(PlatformError):
        verify(damaged, now=now)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=timedelta(seconds=5))
@given(name=st.sampled_from(["iss", "aud", "azp", "exp", "iat", "nbf", "nonce", "at_hash", "sub"]), value=JSON)
def test_r50_any_json_in_any_claim_is_accepted_or_refused_by_name(name: str, value: Any) -> None:
    now = datetime.fromisoformat("2026-11-01T12:00:00+00:00")
    claims = {**claims_of(now=now), name: value}
    try:
        verified = verify(sign(claims), now=now)
    except PlatformError:
        return
    assert verified.issuer == "https://op.example"
    assert isinstance(verified.subject, str)
