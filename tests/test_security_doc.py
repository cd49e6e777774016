"""The table of docs/security.md is as true as code and tests: each rule is there, and what applies today is shown."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = (ROOT / "docs" / "security.md").read_text()
ROWS = {
    int(number): (held, shown)
    for number, held, shown in re.findall(r"^\| R(\d+) \| [^|]+ \|([^|]*)\|([^|]*)\|$", PAGE, flags=re.MULTILINE)
}
LATER = "comes with issue"


def paths(cell: str) -> list[str]:
    return re.findall(r"`([a-z_/]+\.py)`", cell)


def numbered_in(path: str) -> set[int]:
    """The rules whose number a test in this file carries; one file takes its tests from the messages of testdata."""
    found = {int(number) for number in re.findall(r"^def test_r(\d+)_", (ROOT / path).read_text(), flags=re.MULTILINE)}
    if path.endswith("saml/test_messages.py"):
        cases = (ROOT / "tests" / "testdata" / "saml").glob("*/params.json")
        found |= {int(json.loads(case.read_text())["rule"].removeprefix("R")) for case in cases}
    return found


def test_every_rule_has_its_row() -> None:
    assert sorted(ROWS) == list(range(1, 55))


def test_every_file_that_the_page_names_is_there() -> None:
    assert [path for path in paths(PAGE) if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("rule", [rule for rule, (_, shown) in ROWS.items() if LATER not in shown])
def test_a_rule_that_applies_is_held_somewhere_and_shown_by_a_test_with_its_number(rule: int) -> None:
    held, shown = ROWS[rule]

    assert paths(held), f"R{rule} is held nowhere"
    assert paths(shown), f"R{rule} is shown nowhere"
    assert [path for path in paths(shown) if rule not in numbered_in(path)] == []
