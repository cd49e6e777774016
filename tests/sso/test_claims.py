"""From what was asserted to subject, address, names and groups: spec 5.8, saml-notes' alias rules, R53."""

from dataclasses import dataclass, field

import pytest

from sso.claims import (
    LONGEST_SUBJECT,
    MOST_GROUPS,
    ClaimMapping,
    ClaimsRejected,
    Groups,
    NameID,
    read_claims,
    refuse_changeable_subject,
)

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
WS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
MS = "http://schemas.microsoft.com"


BOBS_NAME_ID = NameID("u-1001", PERSISTENT)


@dataclass(frozen=True)
class Assertion:
    attributes: dict[str, tuple[str, ...]]
    name_id: NameID | None = BOBS_NAME_ID
    friendly_names: dict[str, tuple[str, ...]] = field(default_factory=dict)


def assertion(name_id: NameID | None = BOBS_NAME_ID, **attributes: object) -> Assertion:
    values = {"email": "bob@northwind.example"} | attributes
    return Assertion(
        {name: (value,) if isinstance(value, str) else tuple(value) for name, value in values.items()},  # type: ignore[call-overload] # text or a list of texts
        name_id,
    )


def stopped_at(asserted: Assertion, **mapping: str) -> str:
    try:
        read_claims(asserted, mapping=ClaimMapping(**mapping))
    except ClaimsRejected as caught:
        refusal = caught
    else:
        return "accepted"
    assert refusal.message_text
    assert refusal.remedy_text
    return f"{refusal.check}: {refusal.code}"


def test_the_usual_assertion_says_who_bob_is() -> None:
    claims = read_claims(
        assertion(firstName="Bob", lastName="Baker", groups=["staff", "designers"]), mapping=ClaimMapping()
    )

    assert claims.subject == "u-1001"
    assert claims.email == "bob@northwind.example"
    assert (claims.first_name, claims.last_name) == ("Bob", "Baker")
    assert claims.groups == Groups("listed", ("staff", "designers"))


@pytest.mark.parametrize(
    "attributes",
    [
        {
            f"{WS}/emailaddress": ("Bob@Northwind.example",),
            f"{WS}/givenname": ("Bob",),
            f"{WS}/surname": ("Baker",),
            f"{WS}/name": ("bob.upn@northwind.example",),
            f"{MS}/ws/2008/06/identity/claims/groups": ("staff",),
        },
        {
            f"{WS}/emailaddress": ("bob@northwind.example",),
            f"{WS}/givenname": ("Bob",),
            f"{WS}/surname": ("Baker",),
            "http://schemas.xmlsoap.org/claims/Group": ("staff",),
        },
        {
            "urn:oid:0.9.2342.19200300.100.1.3": ("bob@northwind.example",),
            "urn:oid:2.5.4.42": ("Bob",),
            "urn:oid:2.5.4.4": ("Baker",),
            "urn:oid:1.3.6.1.4.1.5923.1.5.1.1": ("staff",),
        },
        {"EMAIL": ("bob@northwind.example",), "firstname": ("Bob",), "LastName": ("Baker",), "memberOf": ("staff",)},
        {"mail": ("bob@northwind.example",), "givenName": ("Bob",), "sn": ("Baker",), "groups": ("staff",)},
    ],
    ids=["entra", "ad_fs_and_auth0", "shibboleth", "other_case", "ldap"],
)
def test_each_identity_providers_names_are_understood(attributes: dict[str, tuple[str, ...]]) -> None:
    claims = read_claims(Assertion(attributes), mapping=ClaimMapping())

    assert claims.email == "bob@northwind.example"
    assert (claims.first_name, claims.last_name) == ("Bob", "Baker")
    assert claims.groups == Groups("listed", ("staff",))


def test_a_friendly_name_stands_for_a_number() -> None:
    asserted = Assertion(
        {"urn:oid:1.2.3": ("bob@northwind.example",)}, friendly_names={"Email": ("bob@northwind.example",)}
    )

    assert read_claims(asserted, mapping=ClaimMapping()).email == "bob@northwind.example"


def test_the_exact_name_comes_before_everything_that_resembles_it() -> None:
    asserted = assertion(**{"https://x.example/email": "eve@northwind.example", "mail": "eve@northwind.example"})

    assert read_claims(asserted, mapping=ClaimMapping()).email == "bob@northwind.example"


# -- the subject -------------------------------------------------------------------------------------------------------


def test_the_subject_is_kept_to_the_letter() -> None:
    assert read_claims(assertion(NameID("U-1001/é=", "")), mapping=ClaimMapping()).subject == "U-1001/é="


def test_an_attribute_named_for_it_is_the_subject_and_the_name_id_is_not() -> None:
    claims = read_claims(assertion(employeeNumber="4711"), mapping=ClaimMapping(subject="employeeNumber"))

    assert claims.subject == "4711"


@pytest.mark.parametrize(
    ("asserted", "mapping", "stop"),
    [
        (assertion(None), {}, "subject: claims_subject_missing"),
        (assertion(NameID("", PERSISTENT)), {}, "subject: claims_subject_missing"),
        (assertion(NameID("  ", PERSISTENT)), {}, "subject: claims_subject_missing"),
        (assertion(NameID("x", TRANSIENT)), {}, "subject: claims_subject_transient"),
        (assertion(NameID(" u-1001", PERSISTENT)), {}, "subject: claims_subject_unusable"),
        (assertion(NameID("u-1001\n", PERSISTENT)), {}, "subject: claims_subject_unusable"),
        (assertion(NameID("u\x001", PERSISTENT)), {}, "subject: claims_subject_unusable"),
        (assertion(NameID("x" * 513, PERSISTENT)), {}, "subject: claims_subject_unusable"),
        (assertion(NameID("é" * 257, PERSISTENT)), {}, "subject: claims_subject_unusable"),
        (assertion(NameID("\ud800", PERSISTENT)), {}, "subject: claims_subject_unusable"),
        (assertion(), {"subject": "employeeNumber"}, "subject: claims_subject_missing"),
        (assertion(employeeNumber=[]), {"subject": "employeeNumber"}, "subject: claims_subject_missing"),
        (assertion(employeeNumber=["1", "2"]), {"subject": "employeeNumber"}, "subject: claims_subject_ambiguous"),
        (assertion(id="bob@northwind.example"), {"subject": "id"}, "subject: claims_subject_changeable"),
    ],
)
def test_a_subject_without_one_lasting_value_is_refused(
    asserted: Assertion, mapping: dict[str, str], stop: str
) -> None:
    assert stopped_at(asserted, **mapping) == stop


@pytest.mark.parametrize("subject", ["x" * LONGEST_SUBJECT, "é" * (LONGEST_SUBJECT // 2)])
def test_the_longest_subject_is_counted_in_octets(subject: str) -> None:
    assert read_claims(assertion(NameID(subject, PERSISTENT)), mapping=ClaimMapping()).subject == subject


@pytest.mark.parametrize(
    ("named", "sent"),
    [
        ("employeeid", "http://other.example/self-service/employeeid"),
        ("employeeid", "employeeID"),
        ("groups", "memberof"),
        ("ismemberof", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1"),
    ],
    ids=["last_part", "other_case", "alias", "number"],
)
def test_the_subject_is_taken_only_from_the_attribute_of_exactly_that_name(named: str, sent: str) -> None:
    """Spec 5.8: what merely resembles the name may be something that a person can set for themselves."""
    friendly = Assertion({"email": ("bob@northwind.example",)}, friendly_names={named: ("victim",)})

    assert stopped_at(assertion(**{sent: "victim"}), subject=named) == "subject: claims_subject_missing"
    assert stopped_at(friendly, subject=named) == "subject: claims_subject_missing"
    assert stopped_at(assertion(**{sent: "4711"}), subject=sent) == "accepted"


def test_there_is_no_second_choice_for_the_subject() -> None:
    """Spec 5.8: a missing attribute doesn't make the NameID the subject, nor the other way round."""
    assert stopped_at(assertion(id="4711"), subject="employeeNumber") == "subject: claims_subject_missing"
    assert stopped_at(assertion(None, id="4711")) == "subject: claims_subject_missing"


@pytest.mark.parametrize(
    "attribute",
    [
        "email",
        "Mail",
        "UPN",
        "userName",
        "preferred_username",
        "sAMAccountName",
        "User.email",
        f"{WS}/upn",
        f"{WS}/emailaddress",
        f"{WS}/name",
        "urn:oid:0.9.2342.19200300.100.1.3",
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
    ],
)
def test_an_address_upn_or_user_name_may_not_be_the_subject(attribute: str) -> None:
    with pytest.raises(ClaimsRejected):
        refuse_changeable_subject(attribute)
    assert stopped_at(assertion(**{attribute: "bob"}), subject=attribute) == "subject: claims_subject_changeable"


@pytest.mark.parametrize("attribute", [f"{MS}/identity/claims/objectidentifier", "employeeNumber", "id", "objectGUID"])
def test_an_identifier_may_be_the_subject(attribute: str) -> None:
    refuse_changeable_subject(attribute)


# -- the address -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("Bob@Northwind.EXAMPLE", "bob@northwind.example"),
        ("  bob@northwind.example \n", "bob@northwind.example"),
        ("bob@bücher.example", "bob@xn--bcher-kva.example"),
        (["bob@northwind.example", "BOB@northwind.example", ""], "bob@northwind.example"),
    ],
)
def test_r53_an_address_is_normalised_once(sent: object, stored: str) -> None:
    assert read_claims(assertion(email=sent), mapping=ClaimMapping()).email == stored


@pytest.mark.parametrize(
    "sent",
    [
        "bob",
        "bob@",
        "@northwind.example",
        "bob@@northwind.example",
        "bob@evil.example@northwind.example",
        "bob@northwind.example,eve@northwind.example",
        "bob@northwind.example;eve@northwind.example",
        "bob@northwind.example eve@northwind.example",
        "Bob <bob@northwind.example>",
        '"bob"@northwind.example',
        "bob(comment)@northwind.example",
        "bob@northwind.example\nBcc: eve@evil.example",
        "bob\x00@northwind.example",
        "b\u043eb@northwind.example",
        "\u212aate@northwind.example",
        "bob@north\u202ewind.example",
        "bob@north wind.example",
        "bob@localhost",
        "bob@127.0.0.1",
        "bob@[127.0.0.1]",
        "bob@-northwind.example",
        "mailto:bob@northwind.example",
        "x" * 65 + "@northwind.example",
        "bob@" + "x" * 250 + ".example",
    ],
)
def test_r53_what_is_not_exactly_one_address_is_refused(sent: str) -> None:
    assert stopped_at(assertion(email=sent)) == "email: claims_email_unusable"


def test_r53_a_look_alike_domain_is_another_domain() -> None:
    email = read_claims(assertion(email="bob@n\u043erthwind.example"), mapping=ClaimMapping()).email

    assert email != "bob@northwind.example"
    assert email.partition("@")[2].startswith("xn--")


def test_r53_two_different_addresses_are_refused() -> None:
    asserted = assertion(email=["bob@northwind.example", "eve@northwind.example"])

    assert stopped_at(asserted) == "email: claims_email_ambiguous"


def test_r53_one_bad_value_beside_a_good_one_is_refused() -> None:
    assert stopped_at(assertion(email=["bob@northwind.example", "nonsense"])) == "email: claims_email_unusable"


@pytest.mark.parametrize("sent", ["", [], ["", "  "]])
def test_a_missing_address_is_named(sent: object) -> None:
    assert stopped_at(assertion(email=sent)) == "email: claims_email_missing"


def test_r53_where_name_id_and_attribute_disagree_the_mapping_says_which_counts() -> None:
    asserted = assertion(NameID("eve@northwind.example", ""), email="bob@northwind.example")

    assert read_claims(asserted, mapping=ClaimMapping()).email == "bob@northwind.example"
    assert read_claims(asserted, mapping=ClaimMapping(email="NameID")).email == "eve@northwind.example"


def test_r53_the_name_id_is_no_second_choice_for_the_address() -> None:
    asserted = Assertion({}, name_id=NameID("bob@northwind.example", ""))

    assert stopped_at(asserted) == "email: claims_email_missing"


# -- names and groups --------------------------------------------------------------------------------------------------


def test_names_are_one_short_line_or_empty() -> None:
    claims = read_claims(assertion(firstName=["", " Bob\n\tJ. "], lastName="x" * 500), mapping=ClaimMapping())

    assert claims.first_name == "Bob J."
    assert len(claims.last_name) == 150
    assert read_claims(assertion(), mapping=ClaimMapping()).first_name == ""


def test_groups_are_trimmed_and_each_counts_once() -> None:
    groups = read_claims(assertion(groups=[" staff ", "staff", "", "Staff"]), mapping=ClaimMapping()).groups

    assert groups == Groups("listed", ("staff", "Staff"))


def test_no_groups_and_nothing_said_of_groups_are_different_things() -> None:
    assert read_claims(assertion(groups=[]), mapping=ClaimMapping()).groups == Groups("listed", ())
    assert read_claims(assertion(), mapping=ClaimMapping()).groups == Groups("missing", ())


def test_entras_link_instead_of_groups_means_too_many() -> None:
    asserted = assertion(**{f"{MS}/claims/groups.link": "https://graph.windows.net/x/getMemberObjects"})

    assert read_claims(asserted, mapping=ClaimMapping()).groups == Groups("too_many", ())


def test_more_groups_than_anybody_maps_mean_too_many() -> None:
    names = [str(number) for number in range(MOST_GROUPS + 1)]

    assert read_claims(assertion(groups=names), mapping=ClaimMapping()).groups.state == "too_many"
    assert read_claims(assertion(groups=names[:-1]), mapping=ClaimMapping()).groups.state == "listed"
