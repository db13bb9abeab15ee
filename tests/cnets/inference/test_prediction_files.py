"""Tests of `cnets.inference.prediction_files`: forms of people's files, by hand."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from cnets.inference import prediction_files
from cnets.inference.prediction_files import Wanted


WANTED = Wanted(
    frames=3,
    names=("P0/1/a.png", "P0/2/a.png", "P0/2/b.png"),
    joints=("tip", "wrist"),
    whole=("wrist", "palm", "tip"),
)
POINTS = np.arange(18, dtype=float).reshape(3, 2, 3)
"""Tip and wrist of each frame."""

FRAMES = [
    {"frame": f"x/{name}", "found": True, "joints_mm": [w, [9, 9, 9], t]}
    for name, (t, w) in zip(WANTED.names, POINTS.tolist(), strict=True)
]
"""The same as `crossnets predict --format json` writes it."""


def numbers(row: int, points: np.ndarray = POINTS) -> str:
    """A frame's numbers as text."""
    return " ".join(map(str, points[row].ravel()))


def long(frames: list[dict]) -> str:
    """The same as `crossnets predict --format csv` writes it."""
    rows = ["frame,found,joint,x_mm,y_mm,z_mm,u_px,v_px"]
    for frame in frames:
        if not frame["found"]:
            rows.append(f"{frame['frame']},false,,,,,,")
            continue
        for name, point in zip(WANTED.whole, frame["joints_mm"], strict=True):
            rows.append(f"{frame['frame']},true,{name},{','.join(map(str, point))},1,2")
    return "\n".join(rows)


@pytest.fixture
def read(tmp_path):
    """Reads a text as a file of predictions."""

    def of(text: str, wanted: Wanted = WANTED) -> prediction_files.Read:
        (tmp_path / "p.txt").write_text(text)
        return prediction_files.read(tmp_path / "p.txt", wanted)

    return of


class TestForms:
    @pytest.mark.parametrize(
        "text",
        [
            "\n".join(numbers(row) for row in range(3)),
            "\n\n".join(numbers(row).replace(" ", ", ") for row in range(3)) + "\n\n",
            "\r\n".join(f"{WANTED.names[row]} {numbers(row)}" for row in (2, 0, 1)),
            "\n".join(
                f"/some where/{WANTED.names[row]},{numbers(row).replace(' ', ',')}"
                for row in (1, 2, 0)
            ),
            f"P0/9/z.png {numbers(0)}\n"
            + "\n".join(f"C:\\d\\{WANTED.names[r]} {numbers(r)}" for r in (1, 2, 0)),
        ],
        ids=["order", "blank rows", "names", "commas", "others and backslashes"],
    )
    def test_rows(self, read, text):
        """Numbers alone in the order of the labels; with names in any order."""
        found = read(text)
        np.testing.assert_array_equal(found.points, POINTS)
        assert found.unit is None

    def test_whole_hands(self, read):
        """Of rows with every joint those of the labels are taken, in their order."""
        whole = np.stack([POINTS[:, 1], POINTS[:, 1] + 50, POINTS[:, 0]], 1)
        text = "\n".join(numbers(row, whole) for row in range(3))
        np.testing.assert_array_equal(read(text).points, POINTS)

    @pytest.mark.parametrize(("unit", "axes"), [("xyz", "xyz"), ("uvd", "uvd")])
    @pytest.mark.parametrize("named", [True, False])
    def test_a_header_names_joints(self, read, unit, axes, named):
        """Columns in any order; other columns are passed over."""
        order = [(1, axis) for axis in (2, 0, 1)] + [(0, axis) for axis in range(3)]
        end = "_mm" if unit == "xyz" else ""
        head = [f"{WANTED.joints[j]}_{axes[axis]}{end}" for j, axis in order]
        rows = [",".join(["score", *head, *["frame"] * named])]
        for row in (2, 1, 0) if named else (0, 1, 2):
            cells = [str(POINTS[row, joint, axis]) for joint, axis in order]
            rows.append(",".join(["0.5", *cells, *[WANTED.names[row]] * named]))
        found = read("\n".join(rows))
        np.testing.assert_array_equal(found.points, POINTS)
        assert found.unit == unit

    @pytest.mark.parametrize("write", [json.dumps, long], ids=["json", "csv"])
    def test_what_predict_writes(self, read, write):
        """In any order; a frame without a hand is NaN."""
        found = read(write(FRAMES[::-1]))
        np.testing.assert_array_equal(found.points, POINTS)
        assert found.unit == "xyz"
        lost = {"frame": FRAMES[1]["frame"], "found": False, "joints_mm": None}
        found = read(write([lost, FRAMES[2], FRAMES[0]]))
        np.testing.assert_array_equal(found.points[[0, 2]], POINTS[[0, 2]])
        assert np.isnan(found.points[1]).all()

    @pytest.mark.parametrize("title", ["Frame", "image_path", "FILE_NAME"])
    def test_a_column_of_names(self, read, title):
        """Whatever its case or its usual name, rows go to the frames that it names."""
        head = "tip_X,tip_Y,tip_Z,wrist_X,wrist_Y,wrist_Z"
        rows = [f"{WANTED.names[r]},{numbers(r).replace(' ', ',')}" for r in (2, 0, 1)]
        found = read("\n".join([f"{title},{head}", *rows]))
        np.testing.assert_array_equal(found.points, POINTS)

    def test_capital_words_of_what_predict_writes(self, read):
        """Other programs write `False` when they have read and written it."""
        lost = {"frame": FRAMES[1]["frame"], "found": False, "joints_mm": None}
        text = long([lost, FRAMES[2], FRAMES[0]]).replace("false", "False")
        found = read(text.replace("true", "True"))
        np.testing.assert_array_equal(found.points[[0, 2]], POINTS[[0, 2]])
        assert np.isnan(found.points[1]).all()

    @pytest.mark.parametrize("mark", ["0", "-1"])
    def test_a_row_of_marks(self, read, mark):
        """It shows no hand; one mark among joints is refused."""
        marks = " ".join([mark] * 6)
        found = read(f"{numbers(0)}\n{marks}\n{numbers(2)}").points
        assert np.isnan(found[1]).all()
        np.testing.assert_array_equal(found[[0, 2]], POINTS[[0, 2]])
        one = " ".join([mark] * 3)
        with pytest.raises(
            ValueError, match="all joints of a frame or none, and wrist"
        ):
            read(f"{numbers(0)}\n7 8 9 {one}\n{numbers(2)}")

    def test_zipped(self, tmp_path):
        """Whatever its name."""
        text = "\n".join(numbers(row) for row in range(3))
        (tmp_path / "p").write_bytes(gzip.compress(text.encode()))
        found = prediction_files.read(tmp_path / "p", WANTED)
        np.testing.assert_array_equal(found.points, POINTS)


class TestRefused:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "must hold one row or more, and is empty"),
            ("1;2;3;4;5;6", "got 0 in row 1; .* not semicolons"),
            (" ".join(["1,5"] * 6), "got 12 in row 1; .* decimal point, not a comma"),
            ('{"frame": "a"}', "JSON must be a list of objects"),
            (
                "index,tip_x,tip_y,tip_z,wrist_x,wrist_y,wrist_z\n"
                + "\n".join(f"{r},1,2,3,4,5,6" for r in (2, 0, 1)),
                "must have the frame's name in a column `frame` .* 'index' with '2'",
            ),
            (
                "where,tip_x,tip_y,tip_z,wrist_x,wrist_y,wrist_z\n"
                + "\n".join(f"{r}.png,1,2,3,4,5,6" for r in "abc"),
                "got a column 'where' with 'a.png' in row 2",
            ),
            (f"P0/1/a.png {numbers(0)}", "lacks 2: P0/2/a.png, P0/2/b.png."),
            (f"c.png {numbers(0)}", "lacks 3: .*; no label has c.png"),
            (f"a.png {numbers(0)}", "'a.png' .* fits 2: P0/1/a.png, P0/2/a.png"),
            (
                f"b.png {numbers(0)}\n2/b.png {numbers(0)}",
                "names 1 and 2 both mean 'P0/2/b.png'",
            ),
            (f"b.png {numbers(0)}\n1/a.png 1 2 3", "6 numbers .* got 3 in row 2"),
            (numbers(0), "got 1 rows and 3 frames"),
            ("1 2 3 4", "must have 6 or 9 numbers in every row, got 4 in row 1"),
            ("tip_x,tip_y,tip_z,wrist_x,wrist_y\n", "lacks wrist_z"),
            ("tip_x,tip_y,tip_z,palm_x\n", "lacks wrist_x, wrist_y, wrist_z"),
            ("tip_x,tip_x\n", "must have each column once, got 'tip_x' twice"),
            (
                "frame,tip_x,tip_y,tip_z,wrist_x,wrist_y,wrist_z\na,1,2,3,4,5\n",
                "must have 7 cells in every row, as its header has, got 6 in row 2",
            ),
            (
                "tip_x,tip_y,tip_z,wrist_x,wrist_y,wrist_z\n1,2,3,4,5,nan\n",
                "finite numbers up to 1e.09, got 'nan' in row 2",
            ),
            (json.dumps(FRAMES[:2]), "lacks 1: P0/2/b.png"),
            (json.dumps([FRAMES[0]] * 2), "got 'x/P0/1/a.png' again in object 2"),
            ("[1]", "must hold objects with a frame, see 1"),
            ("[", "must be JSON"),
            (
                json.dumps([FRAMES[0] | {"joints_mm": [[1, 2, 3]]}]),
                "the 3 joints .* 1 in",
            ),
            (
                json.dumps([FRAMES[0] | {"joints_mm": [[1, 2]] * 3}]),
                "3 numbers .* got 2",
            ),
            (long(FRAMES).replace(",tip,", ",top,"), "lacks tip of 'x/P0/1/a.png'"),
            (long(FRAMES).replace(",tip,", ",wrist,"), "'wrist' .* again in row 4"),
            (long(FRAMES).replace("0.0,1.0", "0.0,inf"), "got 'inf' in row 4"),
        ],
    )
    def test_with_one_sentence(self, read, text, said):
        """It names the file, and row, joints or frames."""
        with pytest.raises(ValueError, match=f"p.txt .*{said}"):
            read(text)

    def test_names_of_labels_that_have_none(self, read):
        """Rows of numbers alone are asked for."""
        bare = Wanted(frames=3, names=(), joints=WANTED.joints, whole=WANTED.whole)
        with pytest.raises(ValueError, match="names its frames, and the labels do not"):
            read(f"b.png {numbers(0)}", bare)

    def test_what_is_no_file(self, tmp_path):
        """A folder, a file that is not there, one of other bytes."""
        (tmp_path / "b").write_bytes(b"\xff\xfe\x00")
        for name, said in (
            (".", "must be a file"),
            ("c", "must be a file"),
            ("b", "read"),
        ):
            with pytest.raises(ValueError, match=said):
                prediction_files.read(Path(tmp_path / name), WANTED)
