"""Subjects as long as an identity provider likes: the longest we take fit the database's index, longer are refused."""

import random
from collections.abc import Callable

import pytest
from django.test import Client

from sso.claims import LONGEST_SUBJECT
from sso.models import ConnectionRevision, ExternalIdentity
from sso.saml.metadata import LONGEST_ENTITY_ID
from tests.factories.sso import IdentityProvider, sign_in_with_sso
from tests.sso.sign_in.test_sso import last_refusal

Browser = Callable[..., Client]

# Without repetition, so that the database can't make them shorter than they are.
CHINESE = [chr(code) for code in range(0x4E00, 0x9FA5)]
LATIN = [chr(code) for code in range(0x61, 0x7B)] + [str(digit) for digit in range(10)]


def noise(letters: list[str], length: int) -> str:
    chance = random.Random(f"{letters[0]}{length}")  # noqa: S311 - the same in each run, nothing secret
    return "".join(chance.choices(letters, k=length))


@pytest.mark.parametrize(
    "subject",
    [noise(LATIN, LONGEST_SUBJECT + 1), noise(CHINESE, LONGEST_SUBJECT // 3 + 1), noise(CHINESE, 1000)],
    ids=["one_octet_too_many", "few_letters_of_many_octets", "longer_than_an_index_takes"],
)
def test_r50_a_longer_subject_is_refused_by_name(browser_of: Browser, okta: IdentityProvider, subject: str) -> None:
    landed = sign_in_with_sso(browser_of(), okta, "erin@acme.example", subject=subject)

    assert landed.status_code == 403
    assert last_refusal().details["code"] == "claims_subject_unusable"


@pytest.mark.parametrize(
    "subject",
    [noise(LATIN, LONGEST_SUBJECT), noise(CHINESE, LONGEST_SUBJECT // 3)],
    ids=["latin", "chinese"],
)
def test_r50_the_longest_subject_of_the_longest_issuer_signs_in(
    browser_of: Browser, okta: IdentityProvider, subject: str
) -> None:
    okta.entity_id = "https://idp.example/" + noise(LATIN, LONGEST_ENTITY_ID - 20)
    ConnectionRevision.unscoped.filter(connection=okta.connection).update(idp_entity_id=okta.entity_id)

    landed = sign_in_with_sso(browser_of(), okta, "erin@acme.example", subject=subject)

    assert landed.status_code == 302
    assert ExternalIdentity.unscoped.get().subject == subject
