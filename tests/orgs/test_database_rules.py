"""What the database refuses, whoever writes: each rule tried by writing past our actions."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Proof, User
from audit import actions as audit
from audit.actors import SYSTEM
from audit.codes import Code
from audit.models import AuditEvent, LogMaintenance
from domains.models import DomainClaim, ShareableName
from identity_platform.database_rules import violated_rule
from orgs.models import Invitation, Membership, Organization, ParentOrganization
from sso.models import ExternalIdentity
from tests.cast import Cast, person, role_of, verified_domain
from tests.factories.sso import live_connection


def refused() -> object:
    """The statement inside fails, and the transaction around it lives on."""
    return _Refused()


class _Refused:
    def __enter__(self) -> object:
        self.raises = pytest.raises(IntegrityError)
        self.atomic = transaction.atomic()
        refusal = self.raises.__enter__()
        self.atomic.__enter__()
        return refusal

    def __exit__(self, *exc: object) -> bool:
        self.atomic.__exit__(*exc)
        return bool(self.raises.__exit__(*exc))


def join(organization: Organization, user: User, role_in: Organization, role: str) -> Membership:
    found = role_of(role_in, role)
    return Membership.unscoped.create(
        organization=organization,
        user=user,
        role=found,
        holds_sole_role=found.is_sole,
        source="manual",
        created_at=timezone.now(),
    )


def test_a_role_of_another_product_is_refused(cast: Cast) -> None:
    with refused():
        join(cast.acme, cast.stella, role_in=cast.solo, role="developer")


def test_a_second_primary_owner_is_refused(cast: Cast) -> None:
    with refused():
        join(cast.acme, cast.stella, role_in=cast.acme, role="primary_owner")


def test_a_primary_owner_who_is_not_marked_as_one_is_refused(cast: Cast) -> None:
    with refused():
        Membership.objects.for_org(cast.acme).filter(user=cast.bob).update(role=role_of(cast.acme, "primary_owner"))


def test_a_second_membership_of_one_person_is_refused(cast: Cast) -> None:
    with refused():
        join(cast.acme, cast.bob, role_in=cast.acme, role="admin")


def test_a_held_membership_is_held_since_a_time(cast: Cast) -> None:
    with refused():
        Membership.objects.for_org(cast.acme).filter(user=cast.bob).update(state="held")


def test_a_personal_organization_has_one_member_and_invites_nobody(cast: Cast) -> None:
    Organization.objects.filter(id=cast.solo.id).update(is_personal=True)

    with refused():
        join(cast.solo, cast.stella, role_in=cast.solo, role="user")
    with refused():
        now = timezone.now()
        Invitation.unscoped.create(
            organization=cast.solo,
            email="x@solo.example",
            role=role_of(cast.solo, "user"),
            token_hash="0" * 64,
            created_at=now,
            expires_at=now + timedelta(days=7),
        )


def test_a_personal_organization_has_no_parent(cast: Cast) -> None:
    with refused():
        Organization.objects.filter(id=cast.acme.id).update(is_personal=True)


def test_a_slug_is_never_changed_and_never_freed(cast: Cast) -> None:
    with refused():
        Organization.objects.filter(id=cast.acme.id).update(slug="acme-new")
    with refused():
        cast.acme.delete()


def test_an_address_is_stored_in_lower_case(cast: Cast) -> None:
    with refused():
        User.objects.filter(id=cast.bob.id).update(email="Bob@acme.example")


def test_two_parents_cannot_both_hold_an_unshared_domain(cast: Cast) -> None:
    verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)

    with refused():
        verified_domain(cast.globex_group, "acme.example", added_by=cast.charlie)
    with refused():
        verified_domain(
            cast.globex_group, "acme.example", added_by=cast.charlie, state="lapsed", lapsed_at=timezone.now()
        )


def test_r37_a_pending_claim_keeps_nobody_from_the_name(cast: Cast) -> None:
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice, state="pending")

    assert verified_domain(cast.globex_group, "acme.example", added_by=cast.charlie).state == "verified"
    assert claim.state == "pending"


def access_version_of(parent: ParentOrganization) -> int:
    return ParentOrganization.objects.get(id=parent.id).access_version


def test_a_claim_keeps_its_name_and_may_move_to_another_parent(cast: Cast) -> None:
    """Support merges two parents by moving their claims; what was proven about one name says nothing of another."""
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)

    parents = (cast.acme_group, cast.globex_group)
    before = [access_version_of(parent) for parent in parents]

    with refused() as refusal:
        DomainClaim.unscoped.filter(id=claim.id).update(name="globex.example")
    DomainClaim.unscoped.filter(id=claim.id).update(parent=cast.globex_group)

    after = [access_version_of(parent) for parent in parents]
    assert not set(before) & set(after), "what the door keeps of either parent isn't true any more"

    assert violated_rule(refusal.value) == "claim_keeps_its_name"  # type: ignore[attr-defined]
    assert DomainClaim.objects.for_parent(cast.globex_group).get().name == "acme.example"


def test_a_claim_is_shared_if_and_only_if_its_name_is(cast: Cast) -> None:
    with refused():
        verified_domain(cast.acme_group, "acme.example", added_by=cast.alice, is_shared=True)
    ShareableName.objects.create(name="both.example", marked_by=cast.sam, marked_at=timezone.now(), reason="merger")
    with refused():
        verified_domain(cast.acme_group, "both.example", added_by=cast.alice)
    for parent in (cast.acme_group, cast.globex_group):
        verified_domain(parent, "both.example", added_by=cast.alice, is_shared=True)


def test_a_domain_is_served_by_a_connection_of_its_own_parent(cast: Cast) -> None:
    theirs = live_connection(cast.globex_group, created_by=cast.charlie)
    claim = verified_domain(cast.acme_group, "acme.example", added_by=cast.alice)

    with refused():
        DomainClaim.unscoped.filter(id=claim.id).update(connection=theirs.connection)


def test_an_unverified_domain_is_assigned_to_nothing(cast: Cast) -> None:
    okta = live_connection(cast.acme_group, created_by=cast.alice)

    with refused():
        verified_domain(
            cast.acme_group, "acme.example", added_by=cast.alice, state="pending", connection=okta.connection
        )


def test_an_untested_revision_is_not_live(cast: Cast) -> None:
    okta = live_connection(cast.acme_group, created_by=cast.alice)

    with refused():
        okta.connection.revisions.update(tested_at=None)


def test_a_connection_stays_with_its_parent(cast: Cast) -> None:
    okta = live_connection(cast.acme_group, created_by=cast.alice)

    with refused():
        type(okta.connection).unscoped.filter(id=okta.connection.id).update(parent=cast.globex_group)


def test_one_subject_is_one_user_and_one_user_one_subject(cast: Cast) -> None:
    okta = live_connection(cast.acme_group, created_by=cast.alice)
    tie = {"connection": okta.connection, "issuer": okta.entity_id, "created_at": timezone.now()}
    ExternalIdentity.unscoped.create(subject="s1", user=cast.bob, **tie)

    with refused():
        ExternalIdentity.unscoped.create(subject="s1", user=cast.alice, **tie)
    with refused():
        ExternalIdentity.unscoped.create(subject="s2", user=cast.bob, **tie)


def test_staff_are_tied_to_no_subject(cast: Cast) -> None:
    okta = live_connection(cast.acme_group, created_by=cast.alice)

    with refused():
        ExternalIdentity.unscoped.create(
            connection=okta.connection, issuer="i", subject="s", user=cast.sam, created_at=timezone.now()
        )


def test_an_sso_proof_names_its_connection(cast: Cast, browser_of: object) -> None:
    browser_of(cast.bob)  # type: ignore[operator]

    with refused():
        Proof.objects.filter(session__user=cast.bob).update(way="sso")


def test_the_audit_log_is_only_ever_added_to(cast: Cast) -> None:
    event = audit.record(Code.USER_CREATED, actor=SYSTEM, target=person("new@nowhere.example"))

    with refused():
        AuditEvent.objects.filter(id=event.id).update(actor_label="nobody")
    with refused():
        AuditEvent.objects.filter(id=event.id).delete()


def test_erasure_opens_the_log_within_its_transaction(cast: Cast) -> None:
    event = audit.record(Code.USER_CREATED, actor=SYSTEM, target=cast.stella)

    with transaction.atomic():
        opened = LogMaintenance.objects.create(purpose="erasure")
        AuditEvent.objects.filter(id=event.id).update(target_label="erased")
        opened.delete()

    event.refresh_from_db()
    assert event.target_label == "erased"
