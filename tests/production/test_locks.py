"""The locks: every package has hashes, no index is named, and the larger locks contain the smaller ones."""

import json
import re
from itertools import pairwise

import pytest

from tests.production.compose import ROOT

LOCKS = ["base", "demo", "test"]


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+) \\$", text, flags=re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_has_hashes_and_no_index_is_named(lock):
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()

    packages = re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]
    assert len(packages) == len(pins(lock))
    assert all("--hash=sha256:" in package for package in packages)
    assert "index-url" not in text
    assert "://" not in text


@pytest.mark.parametrize(("smaller", "larger"), list(pairwise(LOCKS)))
def test_a_larger_lock_has_the_same_versions_as_the_smaller_one(smaller, larger):
    """So that `make run` after `make test` finds in .venv what it needs, and tests run what production runs."""
    assert pins(smaller).items() <= pins(larger).items()


def test_the_lock_of_the_peers_names_no_registry():
    lock = json.loads((ROOT / "tests" / "peers" / "package-lock.json").read_text())

    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert all("integrity" in package and "resolved" not in package for package in packages.values())
