"""Going live and assigning domains: plan, then exactly that."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from accounts.models import Session
from audit.actors import Actor
from audit.mail import deliver
from audit.models import AuditEvent, OutboxMessage
from demo.idp.signer import SigningKey
from domains.models import ClaimState, DomainClaim
from identity_platform.plans import PlanExpired, store_plan
from orgs.models import Membership
from sso.actions.connections import go_live as go_live_action
from sso.actions.connections import plan_go_live
from sso.models import ExternalIdentity, RevisionState
from tests.cast import Cast, verified_domain
from tests.sso.setup.conftest import IDP, Setup, hidden, send, words

pytestmark = pytest.mark.django_db


def confirm(browser: Client, address: str, *claims: DomainClaim) -> object:
    """Look at the plan for these domains and press its button."""
    chosen = {"claims": [claim.id.hex for claim in claims]}
    page = browser.post(address, {**chosen, "look": "true"})
    return browser.post(address, {**chosen, "plan": hidden(page, "plan")})


def test_going_live_serves_the_chosen_domains_and_tells_all_managers(
    alice: Client, tested: Setup, claim: DomainClaim, cast: Cast
) -> None:
    other = verified_domain(cast.acme_group, "other.example", added_by=cast.alice)
    version = cast.acme_group.access_version

    answer = confirm(alice, tested.at("live"), claim)

    assert answer["Location"] == "/orgs/acme/settings/identity/"  # type: ignore[index]
    assert tested.now_is().state == RevisionState.LIVE
    claim.refresh_from_db()
    other.refresh_from_db()
    assert claim.connection == tested.connection
    assert other.connection is None
    cast.acme_group.refresh_from_db()
    assert cast.acme_group.access_version != version
    mails = OutboxMessage.objects.filter(topic="mail", payload__template="connection_live")
    assert [mail.payload["to"] for mail in mails] == [cast.alice.email]
    event = AuditEvent.objects.get(code="connection.went_live")
    assert event.before == {}
    assert event.after["idp_entity_id"] == f"{IDP}/metadata"
    assert AuditEvent.objects.filter(code="domain.assigned", target_id=claim.id.hex).exists()


def test_going_live_ends_no_session_and_no_membership(
    alice: Client, tested: Setup, claim: DomainClaim, browser_of: Callable[..., Client], cast: Cast
) -> None:
    bob = browser_of(cast.bob)
    memberships = set(Membership.unscoped.values_list("id", "role"))

    confirm(alice, tested.at("live"), claim)

    assert Session.objects.filter(ended_at__isnull=False).count() == 0
    assert set(Membership.unscoped.values_list("id", "role")) == memberships
    assert bob.get("/").status_code == 200


def test_the_first_look_chooses_all_free_verified_domains(
    alice: Client, tested: Setup, claim: DomainClaim, cast: Cast
) -> None:
    verified_domain(cast.acme_group, "pending.example", added_by=cast.alice, state=ClaimState.PENDING)

    page = alice.get(tested.at("live"))

    assert f'value="{claim.id.hex}" checked' in page.content.decode()
    assert "pending.example" not in words(page)
    # Alice and Bob have addresses there.
    assert "acme.example: 2 accounts" in words(page)


def test_a_choice_that_was_not_looked_at_is_shown_first(alice: Client, tested: Setup, claim: DomainClaim) -> None:
    page = alice.get(tested.at("live"))

    answer = alice.post(tested.at("live"), {"plan": hidden(page, "plan")})

    assert answer.status_code == 409
    assert "Something changed since this was shown, so nothing was done." in words(answer)
    assert tested.now_is().state == RevisionState.TESTED
    # The plan now shown is the one without the domain, and its button applies it.
    again = alice.post(tested.at("live"), {"plan": hidden(answer, "plan")})
    assert again.status_code == 302
    claim.refresh_from_db()
    assert claim.connection is None


def test_looking_at_another_choice_changes_nothing(alice: Client, tested: Setup, claim: DomainClaim) -> None:
    page = alice.get(tested.at("live"))

    looked = alice.post(tested.at("live"), {"look": "true", "claims": claim.id.hex, "plan": hidden(page, "plan")})

    assert looked.status_code == 200
    assert f'value="{claim.id.hex}" checked' in looked.content.decode()
    assert tested.now_is().state == RevisionState.TESTED


def test_an_edit_between_plan_and_apply_is_shown_instead_of_applied(
    alice: Client, tested: Setup, claim: DomainClaim
) -> None:
    page = alice.get(tested.at("live"))
    send(alice, tested.at("claims"), {"email_attribute": "mail"})

    answer = alice.post(tested.at("live"), {"claims": claim.id.hex, "plan": hidden(page, "plan")})

    assert answer.status_code == 409
    assert "hasn't passed a test sign-in as it is now" in words(answer)
    assert tested.now_is().state == RevisionState.DRAFT


def test_another_tested_edit_between_plan_and_apply_is_noticed(
    alice: Client, tested: Setup, claim: DomainClaim
) -> None:
    page = alice.get(tested.at("live"))
    send(alice, tested.at("claims"), {"email_attribute": "mail"})
    tested.pass_test()

    answer = alice.post(tested.at("live"), {"claims": claim.id.hex, "plan": hidden(page, "plan")})

    assert answer.status_code == 409
    assert tested.now_is().state == RevisionState.TESTED


def test_a_domain_that_lapsed_meanwhile_is_not_assigned(
    alice: Client, tested: Setup, claim: DomainClaim, now: datetime
) -> None:
    page = alice.get(tested.at("live"))
    claim.state, claim.lapsed_at = ClaimState.LAPSED, now
    claim.save(update_fields=["state", "lapsed_at"])

    answer = alice.post(tested.at("live"), {"claims": claim.id.hex, "plan": hidden(page, "plan")})

    assert answer.status_code == 409
    assert tested.now_is().state == RevisionState.TESTED


def test_a_plan_is_applied_once(alice: Client, tested: Setup, claim: DomainClaim) -> None:
    page = alice.get(tested.at("live"))
    posted = {"claims": claim.id.hex, "plan": hidden(page, "plan")}
    alice.post(tested.at("live"), posted)

    again = alice.post(tested.at("live"), posted)

    assert again.status_code == 409
    assert AuditEvent.objects.filter(code="connection.went_live").count() == 1


def test_the_plan_of_another_manager_is_not_mine_to_confirm(
    alice: Client, tested: Setup, claim: DomainClaim, cast: Cast, browser_of: Callable[..., Client]
) -> None:
    membership = Membership.objects.for_org(cast.acme).get(user=cast.bob)
    membership.role = cast.acme.product.roles.get(slug="owner")
    membership.save(update_fields=["role"])
    page = alice.get(tested.at("live"))

    answer = browser_of(cast.bob).post(tested.at("live"), {"claims": claim.id.hex, "plan": hidden(page, "plan")})

    assert answer.status_code == 409
    assert tested.now_is().state == RevisionState.TESTED


def test_the_action_itself_refuses_the_plan_of_somebody_else(
    tested: Setup, claim: DomainClaim, cast: Cast, now: datetime
) -> None:
    plan = plan_go_live(tested.connection, claim_ids=[claim.id], actor=tested.actor, now=now)
    stored = store_plan(plan, parent_id=cast.acme_group.id, actor_id=cast.alice.id, now=now)

    with pytest.raises(PlanExpired):
        go_live_action(tested.connection, stored_plan=stored, claim_ids=[claim.id], actor=Actor.of(cast.bob), now=now)
    assert tested.now_is().state == RevisionState.TESTED


def test_an_untested_draft_has_no_button(alice: Client, setup: Setup, key: SigningKey, claim: DomainClaim) -> None:
    setup.give_metadata(key)

    page = alice.get(setup.at("live"))

    assert "Make Custom SAML live" not in words(page)
    assert "Back to test sign-in" in words(page)


def test_going_live_asks_for_a_recent_sign_in(
    tested: Setup, claim: DomainClaim, cast: Cast, browser_of: Callable[..., Client], now: datetime
) -> None:
    stale = browser_of(cast.alice, proved_at=now - timedelta(hours=2))

    seen, posted = stale.get(tested.at("live")), stale.post(tested.at("live"), {"claims": claim.id.hex})

    assert seen.status_code == posted.status_code == 302
    assert seen["Location"].startswith("/login/?")
    assert tested.now_is().state == RevisionState.TESTED


def go_live(browser: Client, setup: Setup, *claims: DomainClaim) -> None:
    assert confirm(browser, setup.at("live"), *claims).status_code == 302  # type: ignore[attr-defined]


def test_a_live_connection_goes_on_serving_while_its_draft_is_edited(
    alice: Client, tested: Setup, claim: DomainClaim
) -> None:
    go_live(alice, tested, claim)

    answer = alice.post(tested.at("edit"))
    send(alice, tested.at("claims"), {"email_attribute": "mail"})

    assert answer["Location"] == tested.at("metadata")
    assert tested.now_is().state == RevisionState.LIVE
    assert tested.now_is().email_attribute == "email"
    draft = tested.connection.revisions.get(state=RevisionState.DRAFT)
    assert draft.number == 2
    assert draft.email_attribute == "mail"
    assert [c.fingerprint for c in draft.certificates.all()] == [
        c.fingerprint for c in tested.revision.certificates.all()
    ]


def test_editing_twice_opens_the_same_draft(alice: Client, tested: Setup, claim: DomainClaim) -> None:
    go_live(alice, tested, claim)

    alice.post(tested.at("edit"))
    alice.post(tested.at("edit"))

    assert tested.connection.revisions.filter(state=RevisionState.DRAFT).count() == 1


def test_the_second_revision_shows_the_difference_and_takes_over(
    alice: Client, tested: Setup, claim: DomainClaim, key: SigningKey
) -> None:
    go_live(alice, tested, claim)
    alice.post(tested.at("edit"))
    send(alice, tested.at("claims"), {"email_attribute": "mail"})
    second = Setup(tested.connection.revisions.get(number=2), actor=tested.actor)
    second.pass_test()

    page = words(alice.get(tested.at("live")))
    go_live(alice, tested)

    assert "Email from email mail" in page
    assert tested.now_is().state == RevisionState.PREVIOUS
    assert second.now_is().state == RevisionState.LIVE
    claim.refresh_from_db()
    assert claim.connection == tested.connection
    event = AuditEvent.objects.filter(code="connection.went_live").latest("id")
    assert (event.before["email_attribute"], event.after["email_attribute"]) == ("email", "mail")


def test_a_live_connection_is_renamed_only_by_going_live(
    alice: Client, tested: Setup, claim: DomainClaim, cast: Cast, browser_of: Callable[..., Client], now: datetime
) -> None:
    """People who sign in read the name and land in the product, so both wait for plan and recent sign-in."""
    go_live(alice, tested, claim)
    stale = browser_of(cast.alice, proved_at=now - timedelta(hours=5))
    stale.post(tested.at("edit"))
    product = cast.acme.product
    send(stale, tested.at("create"), {"name": "Northwind staff", "default_product": product.pk})

    tested.connection.refresh_from_db()
    assert (tested.connection.name, tested.connection.default_product) == ("Custom SAML", None)
    assert 'value="Northwind staff"' in stale.get(tested.at("create")).content.decode()

    Setup(tested.connection.revisions.get(number=2), actor=tested.actor).pass_test()
    page = words(alice.get(tested.at("live")))
    go_live(alice, tested)

    assert "Name Custom SAML Northwind staff" in page
    assert f"People who start at the identity provider land in wherever they are a member {product.name}" in page
    tested.connection.refresh_from_db()
    assert (tested.connection.name, tested.connection.default_product) == ("Northwind staff", product)
    event = AuditEvent.objects.filter(code="connection.went_live").latest("id")
    assert (event.before["name"], event.after["name"]) == ("Custom SAML", "Northwind staff")
    assert (event.before["default_product"], event.after["default_product"]) == ("", product.slug)


def test_a_name_given_between_plan_and_apply_is_shown_first(alice: Client, tested: Setup, claim: DomainClaim) -> None:
    page = alice.get(tested.at("live"))
    send(alice, tested.at("create"), {"name": "Something else"})

    answer = alice.post(tested.at("live"), {"claims": claim.id.hex, "plan": hidden(page, "plan")})

    assert answer.status_code == 409
    assert tested.now_is().state == RevisionState.TESTED


def test_discarding_a_draft_leaves_the_live_name(alice: Client, tested: Setup, claim: DomainClaim) -> None:
    go_live(alice, tested, claim)
    alice.post(tested.at("edit"))
    send(alice, tested.at("create"), {"name": "Not this one"})
    alice.post(tested.at("start-over"))

    alice.post(tested.at("edit"))

    assert 'value="Custom SAML"' in alice.get(tested.at("create")).content.decode()


def test_another_metadata_url_is_part_of_the_difference(
    alice: Client, tested: Setup, claim: DomainClaim, key: SigningKey
) -> None:
    """Later certificates are read from it, so it decides about trust."""
    go_live(alice, tested, claim)
    alice.post(tested.at("edit"))
    second = Setup(tested.connection.revisions.get(number=2), actor=tested.actor)
    second.give_metadata(key, metadata_url="https://evil.example/metadata")
    second.pass_test()

    assert "Metadata URL nothing https://evil.example/metadata" in words(alice.get(tested.at("live")))


def test_another_subject_is_blocked_while_people_are_tied_by_the_old_one(
    alice: Client, tested: Setup, claim: DomainClaim, cast: Cast, now: datetime
) -> None:
    go_live(alice, tested, claim)
    ExternalIdentity.unscoped.create(
        connection=tested.connection, issuer=f"{IDP}/metadata", subject="b-1", user=cast.bob, created_at=now
    )
    alice.post(tested.at("edit"))
    send(alice, tested.at("claims"), {"email_attribute": "email", "subject_attribute": "objectid"})
    second = Setup(tested.connection.revisions.get(number=2), actor=tested.actor)
    second.pass_test()

    page = words(alice.get(tested.at("live")))

    assert "1 person is already tied to this connection by the value it takes as subject now" in page
    assert confirm(alice, tested.at("live")).status_code == 409  # type: ignore[attr-defined]


def test_a_discarded_draft_of_a_live_connection_leaves_it_serving(
    alice: Client, tested: Setup, claim: DomainClaim
) -> None:
    go_live(alice, tested, claim)
    alice.post(tested.at("edit"))

    answer = alice.post(tested.at("start-over"))

    assert answer["Location"] == tested.at()
    assert tested.now_is().state == RevisionState.LIVE
    tested.connection.refresh_from_db()
    assert tested.connection.retired_at is None


def test_further_domains_are_assigned_by_plan_and_apply(
    alice: Client, tested: Setup, claim: DomainClaim, cast: Cast
) -> None:
    go_live(alice, tested)
    assert "Assign domains" in words(alice.get(tested.at()))

    answer = confirm(alice, tested.at("domains"), claim)

    assert answer["Location"] == tested.at()  # type: ignore[index]
    claim.refresh_from_db()
    assert claim.connection == tested.connection
    assert OutboxMessage.objects.filter(payload__template="connection_domains").exists()


def test_hundreds_of_domains_are_assigned_at_once(alice: Client, tested: Setup, cast: Cast) -> None:
    go_live(alice, tested)
    claims = [verified_domain(cast.acme_group, f"a{number}.example", added_by=cast.alice) for number in range(250)]

    answer = confirm(alice, tested.at("domains"), *claims)

    assert answer["Location"] == tested.at()  # type: ignore[index]
    assert tested.connection.domain_claims.count() == 250


def test_a_domain_is_served_by_one_connection(
    alice: Client, tested: Setup, claim: DomainClaim, key: SigningKey, cast: Cast
) -> None:
    go_live(alice, tested, claim)
    alice.post("/orgs/acme/settings/identity/sso/new/", {"provider": "custom-saml"})
    second = Setup(
        type(tested.revision).objects.for_parent(cast.acme_group).get(state=RevisionState.DRAFT), actor=tested.actor
    )
    second.give_metadata(key, idp_entity_id=f"{IDP}/second")
    second.pass_test()

    page = alice.get(second.at("live"))
    answer = alice.post(second.at("live"), {"claims": claim.id.hex, "plan": hidden(page, "plan")})

    assert "acme.example" not in words(page)
    assert answer.status_code == 409
    claim.refresh_from_db()
    assert claim.connection == tested.connection


def test_manage_shows_what_is_trusted(alice: Client, tested: Setup, claim: DomainClaim, key: SigningKey) -> None:
    go_live(alice, tested, claim)

    page = words(alice.get(tested.at()))

    for shown in ("Metadata config", "Edit", "Test sign-in", f"{IDP}/metadata", f"{IDP}/sso", key.fingerprint[:16]):
        assert shown in page
    assert "acme.example" in page


def test_an_ended_certificate_of_a_live_connection_is_an_alarm_and_stays_trusted(
    alice: Client, tested: Setup, claim: DomainClaim, now: datetime
) -> None:
    go_live(alice, tested, claim)
    tested.revision.certificates.update(not_after=now - timedelta(days=1))

    for page in (alice.get(tested.at()), alice.get("/orgs/acme/settings/identity/")):
        assert "ended on" in words(page)
        assert "It goes on being accepted" in words(page)


def test_the_mail_says_what_happened_and_leads_each_manager_to_their_own_page(
    alice: Client, tested: Setup, claim: DomainClaim, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    go_live(alice, tested, claim)

    deliver(OutboxMessage.objects.get(payload__template="connection_live").payload, {})

    (mail,) = mailoutbox
    assert mail.subject == "Custom SAML is live"
    html = str(mail.alternatives[0][0])
    for text in (mail.body, html):
        assert "People with an address in acme.example may now sign in with SSO." in text
        assert "http://testserver/settings/identity/" in text
        assert "You get this because you manage identity for Acme." in text
