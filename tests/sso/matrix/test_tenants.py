"""Nothing of one parent reaches another: what a session shows, and what one parent's managers do to others' people."""

from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import Way
from orgs.models import Membership
from sso.actions.refusals import record_refusal
from sso.errors import AddressNotServed
from tests.cast import open_browser
from tests.orgs.session_pages import hidden, words
from tests.sso.matrix.facts import ALL, ASSISTANT, ORGANIZATIONS, OWN_WORD, P1, P2, PEOPLE, SETTINGS, Person
from tests.sso.matrix.table import ASKED, INSIDE, STRANGER, parent_of
from tests.sso.matrix.test_door import read_answer
from tests.sso.matrix.world import World, enforce, make_world, slug_of

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.sso.matrix.door_urls")]

SINGLE_WAYS = (*OWN_WORD, f"sso of {P1}", f"sso of {P2}")
OUTSIDE_P1 = tuple(organization for organization in ORGANIZATIONS if organization.parent != P1)
Answers = dict[tuple[str, str, str], str]


@pytest.fixture
def world(products: object) -> World:
    return make_world(SETTINGS[0])


@pytest.fixture
def browsers(world: World) -> dict[tuple[str, str], Client]:
    """Of everybody who belongs anywhere, by each way in."""
    people = [person for person in PEOPLE if person.seats and not person.is_held]
    return {
        (person.kind, way): world.browser(person, (way,), proved_at=timezone.now())
        for person in people
        for way in SINGLE_WAYS
    }


def person_of(kind: str) -> Person:
    return next(person for person in PEOPLE if person.kind == kind)


def answers(browsers: dict[tuple[str, str], Client]) -> Answers:
    """What the door of every organization that isn't P1's says to each of these browsers."""
    return {
        (kind, way, organization.slug): read_answer(
            browser.get(f"/orgs/{slug_of(organization.slug, person_of(kind))}/inside/")
        )
        for (kind, way), browser in browsers.items()
        for organization in OUTSIDE_P1
        if organization.slug in person_of(kind).seats
    }


def changes(before: Answers, after: Answers) -> dict[tuple[str, str, str], tuple[str, str]]:
    return {cell: (before[cell], after[cell]) for cell in before if before[cell] != after[cell]}


def speaks_for_the_person(way: str, person: Person) -> bool:
    """6.3: email, password, Google, or a connection whose parent holds the address's domain verified and unshared."""
    return way in OWN_WORD or person.domain.serves_alone(parent_of(way))


def test_r33_a_session_is_told_of_those_organizations_that_its_proof_may_name(
    browsers: dict[tuple[str, str], Client],
) -> None:
    for (kind, way), browser in browsers.items():
        person = person_of(kind)
        page = browser.get("/").content.decode()
        for organization in ORGANIZATIONS:
            may_know = speaks_for_the_person(way, person) or organization.parent == parent_of(way)
            is_expected = may_know and organization.slug in person.seats
            assert (organization.name in page) == is_expected, (kind, way, organization.slug)


def test_r34_account_pages_open_to_the_persons_own_proof_alone(browsers: dict[tuple[str, str], Client]) -> None:
    for (kind, way), browser in browsers.items():
        for path in ("/account/", "/account/sessions/", "/account/password/"):
            answer = browser.get(path)
            if speaks_for_the_person(way, person_of(kind)):
                assert answer.status_code == 200, (kind, way, path)
            else:
                assert answer.status_code == 302, (kind, way, path)
                assert answer["Location"].startswith("/login/"), (kind, way, path)


def test_r33_a_door_that_stays_shut_names_nothing_behind_it(world: World) -> None:
    """What is asked for on the way to an organization says nothing of it to a session of another parent's making."""
    shirley = world.browser(person_of("shared name"), (f"sso of {P2}",), proved_at=timezone.now())

    asked = shirley.get("/orgs/acme/inside/")
    page = shirley.get(asked["Location"]).content.decode()

    assert read_answer(asked) == ASKED
    assert "Aurora Works" not in page
    assert "Basalt Works" not in page


def test_r38_on_the_word_of_p2_alone_a_member_of_p1_a_stranger_and_a_made_up_name_look_alike(world: World) -> None:
    shirley = world.browser(person_of("shared name"), (f"sso of {P2}",), proved_at=timezone.now())
    path = "/orgs/{}/inside/"

    answers = {slug: shirley.get(path.format(slug)) for slug in ("acme", "solo", "there-is-none")}

    for slug, answer in answers.items():
        assert answer["Location"] == f"/login/required/?{urlencode({'next': path.format(slug)})}"
        page = words(shirley.get(answer["Location"]))
        assert slug not in page.lower()
    own_sign_in = world.browser(person_of("shared name"), ("email",), proved_at=timezone.now())
    assert read_answer(own_sign_in.get(path.format("acme"))) == INSIDE
    assert read_answer(own_sign_in.get(path.format("there-is-none"))) == STRANGER


@pytest.mark.parametrize("kind", ["nobody", "no membership", "address of the other parent"])
def test_an_address_made_up_tells_nothing_of_an_organization(world: World, kind: str) -> None:
    """The page that asks for a proof names an organization to its members; anybody can write its address by hand."""
    person = None if kind == "nobody" else world.users[kind]
    if kind == "address of the other parent":
        Membership.unscoped.filter(user=person, organization__parent=world.parents[P1]).delete()
    connection = world.providers[P1].connection.id.hex
    query = f"organization=acme&connection={connection}&reason=organization_requires_sso&next=/orgs/acme/inside/"

    page = open_browser(person).get(f"/login/required/?{query}").content.decode()

    for name in ("Aurora Works", "Basalt Works", f"Parent {P1}", "owner@p1.example"):
        assert name not in page


def test_what_p1_enforces_reaches_others_only_where_it_speaks_for_the_address_and_for_that_product(
    world: World, browsers: dict[tuple[str, str], Client]
) -> None:
    before = answers(browsers)

    enforce(SETTINGS[2], parents=world.parents, at=timezone.now())

    changed = changes(before, answers(browsers))
    products = {organization.slug: organization.product for organization in ORGANIZATIONS}
    for kind, way, slug in changed:
        assert person_of(kind).domain.serves_alone(P1)
        assert products[slug] == ASSISTANT
        assert way != f"sso of {P1}"
    # All of them: whoever has an address there is asked for P1's single sign-on wherever that product is used.
    assert {(kind, slug) for kind, _, slug in changed} == {
        ("member under two parents", slug) for slug in ("globex", "loner", "personal")
    }


def test_what_p1_requires_of_every_member_reaches_nobody_elsewhere(
    world: World, browsers: dict[tuple[str, str], Client]
) -> None:
    before = answers(browsers)

    enforce(SETTINGS[4], parents=world.parents, at=timezone.now())

    assert changes(before, answers(browsers)) == {}


def owner(world: World, name: str) -> Client:
    return open_browser(world.owners[name])


def end_all(world: World) -> HttpResponse:
    page = "/orgs/acme/settings/sessions/end-all/"
    browser = owner(world, P1)
    return browser.post(page, hidden(browser.get(page)) | {"typed": "Aurora Works"})


def reset(world: World) -> HttpResponse:
    page = f"/orgs/acme/settings/identity/sso/{world.providers[P1].connection.id.hex}/reset/"
    browser = owner(world, P1)
    return browser.post(page, hidden(browser.get(page)) | {"typed": "Aurora Works"})


def test_ending_all_sessions_of_p1_ends_none_elsewhere(world: World, browsers: dict[tuple[str, str], Client]) -> None:
    before = answers(browsers)

    assert "ended" in words(end_all(world))

    assert changes(before, answers(browsers)) == {}
    vera = browsers["verified address", "email"]
    assert read_answer(vera.get("/orgs/acme/inside/")) == ASKED


def test_a_reset_of_p1_ends_elsewhere_only_what_rests_on_its_connection_or_on_its_own_domains(
    world: World, browsers: dict[tuple[str, str], Client]
) -> None:
    before = answers(browsers)

    assert reset(world).status_code == 302

    changed = changes(before, answers(browsers))
    assert changed
    for (kind, way, _), (was, became) in changed.items():
        assert (was, became) == (INSIDE, ASKED)
        assert person_of(kind).domain.serves_alone(P1), (kind, way)


def test_a_session_that_a_reset_ended_opens_no_account_page_either(world: World) -> None:
    """5.6: sessions (proofs) of people in those domains end. A fresh one opens them again."""
    vera = world.browser(person_of("verified address"), ("email",), proved_at=timezone.now())
    assert vera.get("/account/").status_code == 200

    reset(world)

    assert vera.get("/account/").status_code == 302
    home = vera.get("/").content.decode()
    assert "Aurora Works" not in home
    assert "This sign-in opens none of your organizations any more." in home
    again = world.browser(person_of("verified address"), ("email",), proved_at=timezone.now())
    assert again.get("/account/").status_code == 200


def test_r38_a_refusal_is_a_matter_of_the_parent_whose_connection_it_was(world: World) -> None:
    error = AddressNotServed(received="somebody@globex.example")
    reference = record_refusal(
        error,
        way=Way.SSO,
        email="somebody@globex.example",
        connection=world.providers[P2].connection,
        now=timezone.now(),
    )
    problems = "settings/identity/sign-ins/"

    ours, theirs = owner(world, P1), owner(world, P2)

    assert reference not in ours.get(f"/orgs/acme/{problems}").content.decode()
    for asked in (reference, "somebody@globex.example"):
        assert "somebody@globex.example" not in words(ours.get(f"/orgs/acme/{problems}", {"q": asked})).replace(
            asked, "", 1
        )
    assert ours.get(f"/orgs/acme/{problems}{reference}/").status_code == 404
    assert theirs.get(f"/orgs/globex/{problems}{reference}/").status_code == 200
    assert theirs.get(f"/orgs/acme/{problems}{reference}/").status_code == 404


def test_r33_the_list_of_sessions_names_no_connection_of_another_parent(
    world: World, browsers: dict[tuple[str, str], Client]
) -> None:
    """Tom is in Globex by the word of P1, which holds his address's domain; that is nothing Globex is told by name."""
    page = owner(world, P2).get("/orgs/globex/settings/sessions/").content.decode()

    assert "tom@acme.example" in page
    assert f"Parent {P1}" not in page
    assert "vera@acme.example" not in page
    for name in {organization.name for organization in ORGANIZATIONS if organization.parent != P2}:
        assert name not in page


@pytest.mark.parametrize("page", ["sign-ins/", "sso/{}/", "sso/{}/reset/", "sso/{}/live/"])
def test_r38_what_belongs_to_p1_is_not_there_for_a_manager_of_p2(world: World, page: str) -> None:
    connection = world.providers[P1].connection.id.hex
    theirs = owner(world, P2)

    foreign = theirs.get(f"/orgs/acme/settings/identity/{page.format(connection)}")
    through_their_own = theirs.get(f"/orgs/globex/settings/identity/{page.format(connection)}")

    assert foreign.status_code == 404
    assert through_their_own.status_code == (404 if "{}" in page else 200)


def test_every_organization_was_asked(world: World, browsers: dict[tuple[str, str], Client]) -> None:
    """The tests above would say nothing if nobody were let in anywhere."""
    found = answers(browsers)

    assert {slug for (_, _, slug), answer in found.items() if answer == INSIDE} == {
        slug for slug in ALL if slug not in {"acme", "acme-console"}
    }
