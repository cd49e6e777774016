"""docs/events.md names every event that can be written, in the words that are shown, and no other."""

import re
from pathlib import Path

from django.conf import settings

from audit.codes import SENTENCES

_ROW = re.compile(r"^\| `(?P<code>[a-z_.]+)` \| (?P<sentence>[^|]+) \| (?P<when>[^|]+) \|[^|]*\|$", re.MULTILINE)


def rows() -> list[re.Match[str]]:
    return list(_ROW.finditer(Path(settings.BASE_DIR, "docs", "events.md").read_text()))


def test_every_event_is_documented_once_and_no_other() -> None:
    assert sorted(row["code"] for row in rows()) == sorted(code.value for code in SENTENCES)


def test_the_documented_sentences_are_those_that_people_read() -> None:
    assert {row["code"]: row["sentence"] for row in rows()} == {
        code.value: sentence for code, sentence in SENTENCES.items()
    }
