"""Tables of each form: rows as they stand, and refusals with file and row."""

import gzip
import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from cnets.data.readers.folder import tables


def test_csv(tmp_path):
    """Cells are text; quoted ones may hold the sign that stands between cells."""
    path = tmp_path / "t"
    path.write_bytes(gzip.compress(b'frame, n\n"a,b",1\n\nc, 2\n'))
    table = tables.read(path, "csv")
    assert table.rows == [{"frame": "a,b", "n": "1"}, {"frame": "c", "n": "2"}]
    assert (table.where(0), table.where(1)) == ("in row 2", "in row 4")


def test_parquet(tmp_path):
    """Values keep their types; rows are counted from 1."""
    path = tmp_path / "t"
    parquet.write_table(pa.table({"frame": ["a"], "j": [[1.5, None]]}), path)
    table = tables.read(path, "parquet")
    assert table.rows == [{"frame": "a", "j": [1.5, None]}]
    assert table.where(0) == "in row 1"


def test_coco(tmp_path):
    """Annotations have their image's fields; names and bones come from the category."""
    held = {
        "images": [
            {"id": 5, "file_name": "a.png", "who": "x"},
            {"id": 6, "file_name": "b"},
        ],
        "annotations": [{"image_id": 5, "keypoints": [1, 2, 2]}],
        "categories": [{"keypoints": ["p", "q"], "skeleton": [[1, 2]]}],
    }
    path = tmp_path / "t"
    path.write_text(json.dumps(held))
    table = tables.read(path, "coco")
    assert table.rows[0]["frame"] == "a.png"
    assert (table.rows[0]["who"], table.rows[1]["frame"]) == ("x", "b")
    assert (table.where(0), table.where(1)) == ("in annotation 1", "in image 2")
    assert (table.joint_names, table.bones) == (("p", "q"), ((0, 1),))


@pytest.mark.parametrize(
    ("form", "text", "sentence"),
    [
        ("csv", "a,b\n1,2\n1\n", "must have 2 cells .* got 1 in row 3"),
        ("csv", "a,a\n1,2\n", "each column once in its header, got 'a'"),
        ("csv", "a,\n1,2\n", "a name for each column in its header"),
        ("csv", "a,b\n", "one row or more, and holds none"),
        ("csv", 'a,b\n1,"2\n', "cannot be read: .* in row 2"),
        ("jsonl", "{}\n[1]\n", r"an object in every row, got '\[1\]' in row 2"),
        ("jsonl", "{}\n{\n", "is no JSON in row 2"),
        ("jsonl", "[" * 100_000, "is no JSON in row 1: it is nested too deep"),
        ("coco", "{}", "must hold a list `images` of objects"),
        ("coco", '{"images": [{"id": 1}, {"id": 1}], "annotations": []}', "in image 2"),
        ("coco", '{"images": [], "annotations": [{"image_id": 3}]}', "in annotation 1"),
        ("text", "\n \n", "one row or more, and holds none"),
        ("parquet", "PAR1", "cannot be read"),
    ],
)
def test_refused(tmp_path, form, text, sentence):
    """One sentence with the file and, where there is one, the row."""
    path = tmp_path / "t"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"{path} .*{sentence}"):
        tables.read(path, form)
