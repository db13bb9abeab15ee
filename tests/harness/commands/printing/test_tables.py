import csv
import io
import json
import math

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

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


class Terminal(tables.Console):
    """A console that says that it is a terminal."""

    @property
    def is_terminal(self) -> bool:
        """Whatever the output is."""
        return True


@pytest.fixture
def columns(monkeypatch):
    """Give the output a terminal of so many columns."""

    def set_to(count: int) -> None:
        monkeypatch.setenv("COLUMNS", str(count))
        plain = tables.Console
        made = lambda **more: plain(**more) if more else Terminal()  # noqa: E731
        monkeypatch.setattr(tables, "Console", made)

    return set_to


WORDS = st.text("abcdefgh", min_size=1, max_size=14)
CELLS = st.one_of(
    st.none(),
    st.integers(-(10**9), 10**9),
    st.floats(-1e9, 1e9),
    st.lists(WORDS, max_size=8).map(" ".join),
)


@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=12), min_size=1, max_size=4),
    st.sampled_from([40, 80, 120]),
)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_line_is_too_long_and_no_word_is_cut(columns, cells, width):
    """Whatever the cells are: every word of every one is there, in one piece."""
    columns(width)
    count = min(map(len, cells))
    names = [f"column_{number}_mm" for number in range(count)]
    rows = [dict(zip(names, map(tables.rounded, row), strict=False)) for row in cells]
    shown = tables.show(rows, "table", "Title")
    assert max(map(tables.cell_len, shown.splitlines())) <= width
    held = set(shown.replace("\u2503", " ").replace("\u2502", " ").split())
    for row in rows:
        for value in row.values():
            assert set(value.split()) <= held
    assert "\u2026" not in shown


def test_a_table_that_does_not_fit_is_a_block_a_row(columns):
    """Name and value stand in a line, and a row between two blank lines."""
    rows = [{"trial": f"t-{n}", **dict.fromkeys("abcdefgh", 123456)} for n in (1, 2)]
    columns(40)
    lines = tables.show(rows, "table").splitlines()
    assert lines[:2] == ["trial  t-1", "a      123456"]
    assert lines[9:11] == ["", "trial  t-2"]


def test_heads_are_broken_at_underscores_before_rows_are(columns):
    """Long names of columns of numbers do not make a table too wide."""
    rows = [{f"mean_joint_error_mm_{n}": 12.5 for n in range(6)}]
    columns(80)
    assert len(tables.show(rows, "table").splitlines()) > 5
    assert "mean_joint" not in tables.show(rows, "table")


class TestMainColumns:
    ROWS = (
        {"trial": "t-1", "error_mm": 27.4, "config": "x" * 90},
        {"trial": "t-2", "error_mm": 31.0, "config": "y" * 90},
    )

    def test_a_person_reads_the_main_ones_and_how_many_there_are_more(self):
        """In the order asked for; one that the table lacks is no error."""
        main = ("error_mm", "trial", "not there")
        shown = tables.show(list(self.ROWS), "table", main=main)
        assert shown.index("error_mm") < shown.index("trial")
        assert "config" not in shown
        assert shown.endswith("(1 more column with --wide)")

    def test_wide_has_all_with_a_row_a_line_in_a_pipe(self):
        """However long the line gets."""
        shown = tables.show(list(self.ROWS), "table", main=("trial",), wide=True)
        assert "x" * 90 in shown
        assert "--wide" not in shown
        assert sum("t-" in line for line in shown.splitlines()) == 2

    @pytest.mark.parametrize("style", ["json", "csv"])
    def test_machines_get_all(self, style):
        """Whatever people are shown."""
        rows = list(self.ROWS)
        alone = tables.show(rows, style, main=("trial",))
        assert alone == tables.show(rows, style)


def test_in_a_pipe_a_table_has_80_columns():
    """As on the smallest usual terminal; what does not fit is a block a row."""
    rows = [{f"column_{n}": "word " * 9 for n in range(9)}, {"column_0": "x" * 200}]
    assert max(map(len, tables.show(rows, "table", "long " * 30).splitlines())) <= 80
