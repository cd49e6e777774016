"""The matrix of spec 6.1–6.5: enforcement × way in × kind of person × kind of organization, at the one door, over HTTP.

A disagreement is listed with its cell and with the sentence that the expected answer comes from.
"""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.utils import timezone

from tests.sso.matrix.facts import AFTER, BEFORE, ORGANIZATIONS, PEOPLE, SETTINGS, WAYS, Setting
from tests.sso.matrix.table import ASKED, HELD, INSIDE, STRANGER, Cell, expected
from tests.sso.matrix.world import make_world, slug_of

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.sso.matrix.door_urls")]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_r33_r34_the_door_opens_for_whom_the_spec_says(setting: Setting, products: object) -> None:
    world = make_world(setting)
    times = {AFTER: timezone.now()}
    if setting.enforced:
        times[BEFORE] = world.saved_at - timedelta(minutes=30)
    disagreements, judged = [], 0

    for person in PEOPLE:
        for ways in WAYS:
            for moment, proved_at in times.items():
                browser = world.browser(person, ways, proved_at=proved_at)
                for organization in ORGANIZATIONS:
                    cell = Cell(setting, ways, moment, person, organization)
                    answer, sentence = expected(cell)
                    if answer == STRANGER and setting.enforced:
                        continue  # strangers were judged where nothing is enforced; nothing can be enforced on them
                    found = read_answer(browser.get(f"/orgs/{slug_of(organization.slug, person)}/inside/"))
                    judged += 1
                    if found != answer:
                        disagreements.append(f"{cell}: {found}, not {answer} ({sentence})")

    assert not disagreements, "\n".join(disagreements)
    assert judged >= 300


def read_answer(response: HttpResponse) -> str:
    """In the words of the table; anything unforeseen shows as what it is."""
    if response.status_code == 200 and response.content.startswith(b"inside "):
        return INSIDE
    if response.status_code == 302 and response["Location"].startswith("/login/required/?"):
        return ASKED
    if response.status_code == 403 and b"on hold" in response.content:
        return HELD
    return STRANGER if response.status_code == 404 else f"status {response.status_code}"
