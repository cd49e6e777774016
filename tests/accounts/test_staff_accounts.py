"""`manage.py create_staff <address>`: the first account of staff."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.models import AuditEvent
from tests.cast import Cast


@pytest.mark.django_db
def test_a_new_address_becomes_staff_and_the_log_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_staff", "Ops@Vendor.example", name="Ops")

    assert User.objects.get(email="ops@vendor.example").is_staff
    assert "/login/?staff=true" in capsys.readouterr().out
    assert AuditEvent.objects.filter(code="staff.created").count() == 1


def test_an_existing_account_becomes_staff_once(cast: Cast) -> None:
    for _ in range(2):
        call_command("create_staff", cast.stella.email)

    cast.stella.refresh_from_db()
    assert cast.stella.is_staff
    assert AuditEvent.objects.filter(code="staff.created", target_label=cast.stella.email).count() == 1


@pytest.mark.django_db
def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(CommandError, match="email address"):
        call_command("create_staff", "nobody")
