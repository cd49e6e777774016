"""Downloads as CSV: made row by row, and safe to open in a spreadsheet."""

import csv
import io

import pytest

from identity_platform.spreadsheets import safe_cell, stream_csv


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_every_row_arrives_whatever_is_in_it() -> None:
    rows = [("a,b", 'say "no"', None), ("two\nlines", "ü", 3)] * 600

    response = stream_csv("people", heads=["One", "Two", "Three"], rows=iter(rows))

    text = b"".join(response).decode()  # type: ignore[arg-type]  # a synchronous stream
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[0] == ["One", "Two", "Three"]
    assert read[1:] == [["a,b", 'say "no"', ""], ["two\nlines", "ü", "3"]] * 600
    assert response["Content-Disposition"] == 'attachment; filename="people.csv"'
