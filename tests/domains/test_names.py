"""What people type, and what may become a claim."""

from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import domains
from domains.errors import (
    AddressNotDomain,
    DomainRefused,
    DomainTooLong,
    NotADomain,
    PublicMailDomain,
    PublicSuffix,
    SingleLabel,
    SpecialUseDomain,
)
from domains.names import normalise_domain, registrable_domain, to_display

DATA = Path(domains.__file__).parent / "data"


def normal(text: str, *, allow_reserved: bool = True) -> str:
    return normalise_domain(text, allow_reserved=allow_reserved)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("northwind.example", "northwind.example"),
        ("  Northwind.EXAMPLE.\n", "northwind.example"),
        ("eu.northwind.example", "eu.northwind.example"),
        ("alice@northwind.example", "northwind.example"),
        ("@northwind.example", "northwind.example"),
        ("Alice Adams <alice@northwind.example>", "northwind.example"),
        ("mailto:alice@northwind.example?subject=hi", "northwind.example"),
        ("https://northwind.example", "northwind.example"),
        ("HTTPS://user:secret@Northwind.example:8443/a/b?c=d@evil.example#e", "northwind.example"),
        ("//northwind.example/about", "northwind.example"),
        ("northwind.example/about", "northwind.example"),
        ("northwind.example:443", "northwind.example"),
        ("münchen-northwind.de", "xn--mnchen-northwind-jzb.de"),
        ("xn--mnchen-northwind-jzb.de", "xn--mnchen-northwind-jzb.de"),
        ("ｎｏｒｔｈｗｉｎｄ。ｅｘａｍｐｌｅ", "northwind.example"),
        ("faß-northwind.de", "xn--fa-northwind-m9a.de"),
    ],
)
def test_a_domain_is_found_in_what_people_paste(typed: str, name: str) -> None:
    assert normal(typed) == name


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("", NotADomain),
        ("   ", NotADomain),
        (".", NotADomain),
        ("north wind.example", NotADomain),
        ("north_wind.example", NotADomain),
        ("-northwind.example", NotADomain),
        ("northwind..example", NotADomain),
        ("*.northwind.example", NotADomain),
        ("xn--zzzzzzzz99999.example", NotADomain),
        ("north\u200dwind.example", NotADomain),
        ("192.0.2.1", AddressNotDomain),
        ("http://192.0.2.1/", AddressNotDomain),
        ("2001:db8::1", AddressNotDomain),
        ("https://[2001:db8::1]:443/", AddressNotDomain),
        ("0x7f.1", AddressNotDomain),
        ("alice@[192.0.2.1]", AddressNotDomain),
        ("northwind-at-home", SingleLabel),
        ("com", PublicSuffix),
        ("co.uk", PublicSuffix),
        ("github.io", PublicSuffix),
        ("azurewebsites.net", PublicSuffix),
        ("gmail.com", PublicMailDomain),
        ("alice@gmail.com", PublicMailDomain),
        ("mail.gmx.de", PublicMailDomain),
        ("northwind.onmicrosoft.com", PublicMailDomain),
        ("northwind.mail.onmicrosoft.com", PublicMailDomain),
        ("localhost", SpecialUseDomain),
        ("northwind.local", SpecialUseDomain),
        ("northwind.internal", SpecialUseDomain),
        ("northwind.onion", SpecialUseDomain),
        ("1.0.0.127.in-addr.arpa", SpecialUseDomain),
        ("n" * 64 + ".example", DomainTooLong),
        (".".join(["north"] * 50) + ".example", DomainTooLong),
        ("ü" * 60 + ".example", DomainTooLong),
        ("n" * 3000, DomainTooLong),
    ],
)
def test_what_cannot_be_claimed_is_refused_with_its_own_reason(typed: str, refusal: type[DomainRefused]) -> None:
    with pytest.raises(refusal) as caught:
        normal(typed)

    assert type(caught.value) is refusal
    assert caught.value.field == "domain"
    assert caught.value.message_text
    assert caught.value.remedy_text


@pytest.mark.parametrize("name", ["northwind.example", "northwind.test", "mail.example.com", "example.org"])
def test_documentation_names_are_claimed_in_development_only(name: str) -> None:
    assert normal(name) == name
    with pytest.raises(SpecialUseDomain):
        normal(name, allow_reserved=False)


def test_a_refusal_repeats_what_was_typed_and_never_formats_it() -> None:
    with pytest.raises(NotADomain) as caught:
        normal("{secret}.example")

    assert "“{secret}.example”" in caught.value.message_text


def test_names_are_shown_as_their_owner_writes_them() -> None:
    assert to_display("xn--mnchen-3ya.de") == "münchen.de"
    assert to_display("xn--zzzzzzzz99999.example") == "xn--zzzzzzzz99999.example"


def test_the_registered_name_is_one_label_below_the_suffix() -> None:
    assert registrable_domain("mail.eu.northwind.co.uk") == "northwind.co.uk"
    assert registrable_domain("eu.northwind.example") == "northwind.example"


@pytest.mark.parametrize("file", sorted(DATA.glob("*.txt")), ids=lambda file: file.stem)
def test_the_lists_hold_names_in_their_stored_form(file: Path) -> None:
    lines = file.read_text(encoding="ascii").splitlines()
    names = [line for line in lines if not line.startswith("#")]

    assert len(names) == len(set(names))
    for name in names:
        assert name == name.strip().lower().strip(".")
        assert name
        assert all(0 < len(label) <= 63 for label in name.split("."))


LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-äöüßéñø日本語", min_size=1, max_size=20)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(lambda labels: ".".join([*labels, "northwind.example"]))


@given(st.text(max_size=80))
@example("http://a:b:c")
@example("[")
@example("xn--\u00fc.de")
def test_any_text_becomes_a_stored_name_or_a_refusal(text: str) -> None:
    try:
        name = normal(text)
    except DomainRefused:
        return
    assert name.isascii()
    assert name == name.lower().strip(". ")
    assert "." in name
    assert len(name) <= 253
    assert normal(name) == name


@given(NAMES)
def test_case_dots_blanks_and_decoration_make_no_difference(name: str) -> None:
    try:
        expected = normal(name)
    except DomainRefused:
        assume(False)
    for variant in (
        f"  {name} ",
        f"{name}.",
        name.replace(".", "。"),
        f"alice@{name}",
        f"https://{name}/path?query#part",
        f"https://{name}:443",
        expected.upper(),
        to_display(expected),
    ):
        assert normal(variant) == expected
