"""The table of settings in README.md is as true as the code."""

import re

from tests.production.compose import ROOT, load_compose

FILES = ["settings/base.py", "settings/production.py", "gunicorn.py"]


def variables_read() -> set[str]:
    text = "".join((ROOT / "identity_platform" / name).read_text() for name in FILES)
    readers = r"environment\.(?!forbid)\w+\(\s*\"([A-Z_]+)\""
    return set(re.findall(readers, text))


def variables_documented() -> set[str]:
    text = (ROOT / "README.md").read_text()
    first_cells = re.findall(r"^\| ([^|]*`[A-Z][A-Z_]+`[^|]*) \|", text, flags=re.MULTILINE)
    return {name for cell in first_cells for name in re.findall(r"`([A-Z_]+)`", cell)}


def test_every_variable_is_in_the_table_and_every_row_is_read():
    assert variables_documented() == variables_read()


def test_the_compose_file_sets_no_variable_that_nobody_reads():
    names = {name.removesuffix("_FILE") for name in load_compose()["x-platform"]["environment"]}

    assert names <= variables_read()
