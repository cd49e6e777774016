"""Who may get a session at all: each way in is begun, then SSO is enforced, then the way is gone to its end (spec 6.1).

So what was offered when somebody set out doesn't count; what counts is asked at the end, on every way (R34).
"""

import re
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User
from audit.tasks import deliver_outbox
from sso.actions.google import GoogleAccount
from sso.rules.google import Reason, Verdict
from tests.cast import open_browser
from tests.factories.sso import bring_answer, leave_from
from tests.sso.matrix.completions import REFUSED, SESSION, Completion, expected
from tests.sso.matrix.facts import ENFORCED_FOR_ALL_PRODUCTS, NEWCOMERS, P1, P2, PEOPLE, SETTINGS, Person, Setting
from tests.sso.matrix.world import World, enforce, make_world
from tests.sso.sign_in.test_sso import who

pytestmark = pytest.mark.django_db

OFF = SETTINGS[0]
PASSWORD = "correct horse battery staple"
Finish = Callable[[], object]


def begin_email(browser: Client, person: Person, product: str, *, staff: bool = False) -> Finish:
    browser.get("/login/")
    asked = {"email": person.email, "way": "email", "product": product} | ({"staff": "true"} if staff else {})
    page = browser.post("/login/", asked)["Location"]
    deliver_outbox()
    code = re.search(r"\b\d{6}\b", str(mail.outbox[-1].body)) if mail.outbox else None
    return lambda: browser.post(page, {"code": code.group() if code else "000000"})


def begin_password(browser: Client, person: Person, product: str) -> Finish:
    browser.get("/login/password/")
    fields = {"email": person.email, "password": PASSWORD, "product": product}
    return lambda: browser.post("/login/password/", fields)


def begin_google(browser: Client, person: Person, product: str) -> Finish:
    """Google's side is tried in tests/sso/sign_in/test_google.py; here it has vouched for the address."""
    browser.get("/login/")
    going = browser.post("/login/google/", {"product": product})["Location"]
    state = going.split("/go/")[1].split("/")[0]
    verdict = Verdict(accepted=True, reason=Reason.MANAGED)
    account = GoogleAccount(subject=f"google-{person.email}", email=person.email, name="", verdict=verdict)

    def finish() -> object:
        with (
            patch("sso.sign_in.google.find_provider"),
            patch("sso.sign_in.google.read_code"),
            patch("sso.sign_in.google.redeem_code"),
            patch("sso.actions.google.read_account", return_value=account),
        ):
            return browser.get("/login/google/callback/", {"state": state, "code": "code"})

    return finish


def begin_sso(browser: Client, person: Person, product: str, *, world: World, parent: str) -> Finish:
    idp = world.providers[parent]
    leaving = leave_from(browser, f"/sso/saml/{idp.connection.id.hex}/login/?product={product}")

    def finish() -> object:
        answer = idp.answer(request_id=leaving.request_id, email=person.email)
        landed = bring_answer(browser, idp, answer, leaving.relay_state)
        return browser.post(landed["Location"]) if "/confirm/" in landed.get("Location", "") else landed

    return finish


def begin(this: Completion, *, browser: Client, world: World) -> Finish:
    match this.way:
        case "email" | "staff":
            return begin_email(browser, this.person, this.product, staff=this.way == "staff")
        case "password":
            return begin_password(browser, this.person, this.product)
        case "google":
            return begin_google(browser, this.person, this.product)
        case _:
            parent = this.way.removeprefix("sso of ")
            return begin_sso(browser, this.person, this.product, world=world, parent=parent)


@pytest.mark.parametrize("setting", [OFF, SETTINGS[2], SETTINGS[3], ENFORCED_FOR_ALL_PRODUCTS], ids=lambda s: s.name)
def test_r34_every_completion_asks_anew(setting: Setting, products: object, settings: Any) -> None:
    settings.SIGN_IN_LIMITS = dict.fromkeys(settings.SIGN_IN_LIMITS, 100_000)
    world, under_way = make_world(OFF), []
    User.objects.update(password=make_password(PASSWORD))
    own = [(way, product) for way in ("email", "password", "google") for product in ("", "assistant", "console")]
    for person in PEOPLE + NEWCOMERS:
        for way, product in [*own, (f"sso of {P1}", ""), (f"sso of {P2}", "assistant"), ("staff", "")]:
            this = Completion(setting, way, product, person)
            browser = open_browser(None)
            under_way.append((this, browser, begin(this, browser=browser, world=world)))

    enforce(setting, parents=world.parents, at=timezone.now())

    disagreements = []
    for this, browser, finish in under_way:
        answer, sentence = expected(this)
        known = User.objects.filter(email=this.person.email).exists()
        if this.way == "password" and this.person in NEWCOMERS:
            answer, sentence = REFUSED, "a password belongs to an account"
        finish()
        found = SESSION if who(browser) == this.person.email else REFUSED
        if found != answer:
            disagreements.append(f"{this}: {found}, not {answer} ({sentence})")
        if found == REFUSED and not known and User.objects.filter(email=this.person.email).exists():
            disagreements.append(f"{this}: refused, and an account made all the same")
        Session.objects.filter(user__email=this.person.email).delete()
    assert not disagreements, "\n".join(disagreements)
