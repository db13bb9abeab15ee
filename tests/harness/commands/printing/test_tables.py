import csv
import io
import json
import math

import pyarrow as pa
import pytest

from harness.commands.printing import tables


ROWS = pa.table(
    {
        "trial": ["t-00001", "t-00002"],
        "objective_mm": [12.345678, math.nan],
        "step": [9, None],
    }
)


def test_json_is_strict_and_complete():
    """Numbers keep every digit; one that is none is text, nothing is null."""
    rows = json.loads(tables.show(ROWS, "json"), parse_constant=pytest.fail)
    assert rows == [
        {"trial": "t-00001", "objective_mm": 12.345678, "step": 9},
        {"trial": "t-00002", "objective_mm": "nan", "step": None},
    ]


def test_csv_can_be_read_back():
    """Header and cells come back as text."""
    rows = list(csv.reader(io.StringIO(tables.show(ROWS, "csv"))))
    assert rows[0] == ["trial", "objective_mm", "step"]
    assert rows[1] == ["t-00001", "12.345678", "9"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x"])
def test_csv_holds_no_formula(text):
    """A spreadsheet sees a text where a cell starts like a formula."""
    rows = list(csv.reader(io.StringIO(tables.show(pa.table({"a": [text]}), "csv"))))
    assert rows[1] == ["'" + text]


def test_a_drawn_table_shows_rounded_numbers_and_the_title():
    """A person reads four digits and a dash for nothing."""
    text = tables.show(ROWS, "table", "Some [red]title")
    assert "Some [red]title" in text
    assert "12.35" in text
    assert "12.345" not in text
    assert " - " in text


def test_control_characters_do_not_reach_the_terminal():
    """An escape sequence in a name is shown, not obeyed."""
    text = tables.show(pa.table({"a\x1b]0;x": ["\x1b[31mred\x07"]}), "table")
    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0.00012345, "0.0001234"),
        (12345.678, "12345.7"),
        (7, "7"),
        ([1.0, 2.5], "1, 2.5"),
    ],
)
def test_rounded(value, shown):
    """Four digits for small numbers, one decimal for large ones."""
    assert tables.rounded(value) == shown


def test_rows_are_a_table_too():
    """Dictionaries by the names of the columns, in every format."""
    rows = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    for style in ("table", "json", "csv"):
        assert tables.show(rows, style) == tables.show(
            pa.Table.from_pylist(rows), style
        )


def test_json_is_strict_at_any_depth():
    """Infinity is text in a list of a dictionary, and a tuple is a list."""
    text = tables.as_json({"a": {"b": [1.5, float("inf")]}, "c": (True, None)})
    found = json.loads(text, parse_constant=pytest.fail)
    assert found == {"a": {"b": [1.5, "inf"]}, "c": [True, None]}
