"""Tables as CSV (RFC 4180), written while the database is read, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from django.http import StreamingHttpResponse

# A cell that begins so is run as a formula by spreadsheets (OWASP, CSV Injection).
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
ROWS_AT_ONCE = 500


class _Line:
    """What csv.writer needs of a file: hands back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def stream_csv(name: str, *, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A download `name`.csv of these rows, made row by row. Empty cells stand for None."""
    response = StreamingHttpResponse(_lines(heads, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def safe_cell(value: Any) -> str:
    """The value as text; with an apostrophe before what a spreadsheet would run."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def _lines(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    batch: list[str] = []
    for row in chain([heads], rows):
        batch.append(writer.writerow([safe_cell(value) for value in row]))
        if len(batch) >= ROWS_AT_ONCE:
            yield "".join(batch)
            batch.clear()
    yield "".join(batch)
