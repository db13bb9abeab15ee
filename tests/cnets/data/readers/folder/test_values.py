"""Cells of a table: how many numbers, which words, and what is no number."""

import numpy as np
import pytest

from cnets.data.readers.folder import values
from cnets.data.readers.folder.keys import Points
from cnets.data.readers.folder.tables import Table


XYZ = Points(axes=("x", "y", "z"), signs=(1, 1, 1), columns=("j",), unit_mm=1.0)


def table(tmp_path, *cells):
    """A table whose column j has these cells."""
    rows = [{"j": cell} for cell in cells]
    places = [f"row {n + 1}" for n in range(len(rows))]
    return Table(path=tmp_path / "t", columns=("j",), rows=rows, places=places)


def test_ways_to_write_three_numbers(tmp_path):
    """A list, a list in a list, and text with blanks, commas or brackets."""
    held = table(tmp_path, [1, 2, 3], [[1, 2, 3]], "1 2 3", "[1, 2, 3]", "1;2;3")
    found = values.points(held, XYZ, 1)
    assert (found == np.array([1, 2, 3])).all()


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ([1, 2], "3 numbers in every row, got 2 in row 1"),
        ([1, 2, True], "got True in row 1"),
        ([1, 2, "x"], "got 'x' in row 1"),
        ([1, 2, "1_0"], "got '1_0' in row 1"),
        ([1, 2, 10**400], "in row 1"),
        ([1, 2, float("inf")], "got inf in row 1"),
        ([1, 2, {}], "in row 1"),
        ({"x": 1}, "3 numbers in every row, got 1 in row 1"),
    ],
)
def test_what_is_no_number(tmp_path, cell, sentence):
    """It is refused with file, column and row."""
    with pytest.raises(ValueError, match=rf"{tmp_path}/t must .*{sentence}"):
        values.points(table(tmp_path, cell), XYZ, 1)


def test_a_column_that_is_not_there(tmp_path):
    """The key that names it, and what may have been meant."""
    with pytest.raises(
        ValueError, match=r"column 'jj', which `a\.b` names; did you mean `j`"
    ):
        values.check_columns(table(tmp_path, 1), {"a.b": ("jj",)})


def test_groups(tmp_path):
    """Numbers in the order of appearance; an empty cell is refused."""
    assert values.groups(table(tmp_path, "b", "a", "b"), "j").tolist() == [0, 1, 0]
    with pytest.raises(
        ValueError, match="must have a value in column j, got '' in row 2"
    ):
        values.groups(table(tmp_path, "b", ""), "j")
