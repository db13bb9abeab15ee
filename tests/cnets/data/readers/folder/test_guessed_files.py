"""Which table, and by which column, pattern and folder it names frames."""

from pathlib import Path

import numpy as np
import pytest

from cnets.data.readers.folder import guessed_files
from cnets.data.readers.folder.tables import Table


def named(tmp_path, file, **cells):
    """What is found for a frame and a row of a table."""
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path.with_suffix(".npy"), np.zeros((2, 3)))
    table = Table(path=Path("t"), columns=tuple(cells), rows=[cells], places=["row 1"])
    return guessed_files.frames(tmp_path, table)[:3]


@pytest.mark.parametrize(
    ("file", "cell", "pattern", "place"),
    [
        ("a.npy", "a.npy", "{frame}", "."),
        ("x/y/a.npy", "y/a.npy", "{frame}", "x"),
        ("x/a.npy", "a", "{frame}.npy", "x"),
        ("x/depth_0007.npy", "7", "depth_{frame:04d}.npy", "x"),
        ("x/0007_d.npy", 7, "{frame:04d}_d.npy", "x"),
    ],
)
def test_names(tmp_path, file, cell, pattern, place):
    """Whole names, names without an ending, and numbers."""
    found = named(tmp_path, file, other="q", frame=cell)
    assert found == ("frame", pattern, place)


def test_depth_beside_colour(tmp_path):
    """Of two folders with the same names the one of depths is taken."""
    (tmp_path / "colour").mkdir()
    np.save(tmp_path / "colour" / "a.npy", np.zeros((2, 3)))
    assert named(tmp_path, "depth/a.npy", frame="a.npy")[2] == "depth"


def test_tables(tmp_path):
    """Intrinsics and notes are no tables; COCO in a folder below is one."""
    (tmp_path / "intrinsics.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("nothing to see\n")
    (tmp_path / "annotations").mkdir()
    path = tmp_path / "annotations" / "a.json"
    path.write_text('{"images": [], "annotations": []}')
    assert guessed_files.table(tmp_path, None) == (path, "coco")
    (tmp_path / "t.txt").write_text("a.png 1 2 3 4 5 6\n")
    with pytest.raises(ValueError, match="must hold one table"):
        guessed_files.table(tmp_path, None)
    found = guessed_files.table(tmp_path, "t.txt")
    assert found == (tmp_path / "t.txt", "text")
    assert guessed_files.json_of(tmp_path / "notes.txt") is None
