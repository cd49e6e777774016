"""What a reviewer would have to remember, held by a test."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from audit.codes import SENTENCES, Code
from identity_platform.celery import app as celery_app
from identity_platform.errors import PlatformError

OUR_APPS = ("identity_platform", "audit", "accounts", "orgs", "domains", "provisioning", "sso")


def our_files() -> list[Path]:
    return [
        path
        for app in OUR_APPS
        for path in sorted(Path(settings.BASE_DIR, app).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def calls_of(name: str) -> set[str]:
    """The files of ours that call a function of this name."""
    callers = set()
    for path in our_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == name:
                callers.add(str(path.relative_to(settings.BASE_DIR)))
    return callers


def test_sessions_are_started_by_the_completed_sign_in_alone() -> None:
    assert calls_of("start_session") == {"sso/actions/sign_in.py"}


def test_proofs_are_added_by_the_completed_sign_in_alone() -> None:
    assert calls_of("add_proof") == {"sso/actions/sign_in.py"}


def test_only_admission_says_that_a_sign_in_was_admitted() -> None:
    assert calls_of("Admitted") == {"sso/actions/admission.py"}


def test_only_one_file_speaks_dns() -> None:
    importers = {path.name for path in our_files() if re.search(r"^\s*(import|from) dns\b", path.read_text(), re.M)}

    assert importers <= {"dns.py"}


def test_python3_saml_stays_in_the_protocol_folder() -> None:
    imports = re.compile(r"^\s*(import|from) (onelogin|xmlsec)\b", re.MULTILINE)
    importers = {path for path in our_files() if imports.search(path.read_text())}

    assert {path.parent.name for path in importers} <= {"saml"}


def test_every_guard_and_outbox_handler_can_be_called() -> None:
    for path in (*(path for guards in settings.GUARDS.values() for path in guards), *settings.OUTBOX_HANDLERS.values()):
        assert callable(import_string(path))


def test_everything_on_the_schedule_is_a_task() -> None:
    celery_app.loader.import_default_modules()

    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in celery_app.tasks


def test_every_code_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Code)


def test_every_code_is_written_somewhere() -> None:
    source = "".join(path.read_text() for path in our_files() if path.name != "codes.py")

    assert [code.name for code in Code if f"Code.{code.name}" not in source] == []


def all_errors(base: type[PlatformError] = PlatformError) -> list[type[PlatformError]]:
    return [error for child in base.__subclasses__() for error in (child, *all_errors(child))]


@pytest.mark.parametrize("error", sorted(set(all_errors()), key=str), ids=lambda error: error.__name__)
def test_every_refusal_says_what_happened_in_a_sentence(error: type[PlatformError]) -> None:
    assert error.message.endswith((".", "}")), error.message
    assert "!" not in error.message


def test_refusals_have_codes_of_their_own() -> None:
    concrete = [error for error in set(all_errors()) if "code" in error.__dict__]
    codes = [error.code for error in concrete]

    assert sorted(code for code in codes if codes.count(code) > 1) == []
