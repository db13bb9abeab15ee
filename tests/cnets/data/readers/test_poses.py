"""Tests of `cnets.data.readers.poses`: real files, and files with one thing wrong."""

import functools
import gzip
from pathlib import Path

import numpy as np
import pytest

from cnets.cameras import CAMERAS
from cnets.data.readers import poses
from cnets.data.readers.labels import Labels
from cnets.data.splits import TEST
from cnets.data.trust import handedness
from cnets.hands.skeleton import NYU36


FRAMES = 450


@pytest.fixture
def tables() -> dict[str, np.ndarray]:
    """u, v and d of a few hands of no particular shape."""
    draw = np.random.default_rng(0)
    middle = {"u": 320, "v": 240, "d": 700}
    return {
        axis: np.round(middle[axis] + 30 * draw.normal(size=(FRAMES, 36)), 3)
        for axis in "uvd"
    }


def lines(table: np.ndarray) -> list[str]:
    """A table as the lines of its file."""
    return [",".join(map(str, row.tolist())) for row in table]


def write(folder: Path, tables: dict[str, np.ndarray], gz: bool = False) -> Path:
    """Tables as files; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for axis, table in tables.items():
        text = ("\n".join(lines(table)) + "\n").encode()
        name = f"joint_1_{axis}.csv"
        if gz:
            (folder / f"{name}.gz").write_bytes(gzip.compress(text))
        else:
            (folder / name).write_bytes(text)
    return folder


def spoil(folder: Path, axis: str, row: int, change) -> Path:
    """Change one line of a file, counted from 1; the file."""
    path = folder / f"joint_1_{axis}.csv"
    text = path.read_text().splitlines()
    text[row - 1] = change(text[row - 1])
    path.write_text("\n".join(text) + "\n")
    return path


class TestLabels:
    @pytest.mark.parametrize("gz", [False, True])
    @pytest.mark.parametrize("inner", ["", "joints36"])
    def test_places(self, tables, tmp_path, gz, inner):
        """Tables are found plain and gzipped, in the folder and in joints36."""
        write(tmp_path / inner, tables, gz)
        labels = poses.labels(str(tmp_path))
        camera = CAMERAS["nyu"]
        x, y, z = np.moveaxis(labels.joints_mm.astype(float), -1, 0)
        np.testing.assert_allclose(z, tables["d"], rtol=1e-6)
        np.testing.assert_allclose(320 + 588.03 * x / z, tables["u"], rtol=1e-5)
        np.testing.assert_allclose(240 - 587.07 * y / z, tables["v"], rtol=1e-5)
        assert labels.camera == camera
        assert labels.skeleton is NYU36

    def test_types(self, tables, tmp_path):
        """Arrays have the types and lengths that a set promises."""
        labels = poses.labels(str(write(tmp_path, tables)))
        assert labels.joints_mm.shape == (FRAMES, 36, 3)
        assert labels.joints_mm.dtype == np.float32
        assert labels.centres_mm.dtype == np.float32
        assert labels.thickness.dtype == np.float32
        assert labels.person.dtype == np.int32
        assert not labels.person.any()
        assert list(labels.splits) == ["block"]

    def test_centres(self, tables, tmp_path):
        """Centres lie about 4 mm from the palm, the same every time."""
        folder = str(write(tmp_path, tables))
        labels = poses.labels(folder)
        away = np.linalg.norm(labels.centres_mm - labels.joints_mm[:, 32], axis=1)
        assert away.mean() == pytest.approx(4.0, abs=0.3)
        assert np.array_equal(labels.centres_mm, poses.labels(folder).centres_mm)

    def test_missing_folder(self, tmp_path):
        """A folder that is not there is named."""
        with pytest.raises(
            ValueError, match=r"`data` must name a folder of poses.*none"
        ):
            poses.labels(str(tmp_path / "none"))

    def test_missing_table(self, tables, tmp_path):
        """A table that is not there is named, with the folder."""
        del tables["v"]
        with pytest.raises(ValueError, match=r"must hold joint_1_v\.csv or"):
            poses.labels(str(write(tmp_path, tables)))

    def test_empty(self, tables, tmp_path):
        """An empty file is named."""
        (write(tmp_path, tables) / "joint_1_u.csv").write_text("")
        with pytest.raises(ValueError, match=r"joint_1_u\.csv .* is empty"):
            poses.labels(str(tmp_path))

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            (lambda line: line.rpartition(",")[0], "36 numbers .* got 35 in row 7"),
            (lambda line: line + ",1.0", "36 numbers .* got 37 in row 7"),
            (lambda _: "", "36 numbers .* got 0 in row 7"),
            (lambda line: "left" + line[5:], ".*got 'left"),
            (
                lambda line: "nan," + line.partition(",")[2],
                "finite numbers .* in row 7",
            ),
            (
                lambda line: "inf," + line.partition(",")[2],
                "finite numbers .* in row 7",
            ),
        ],
        ids=["short", "long", "blank", "word", "nan", "inf"],
    )
    def test_bad_row(self, tables, tmp_path, change, complaint):
        """A bad row is refused, with file and row."""
        spoil(write(tmp_path, tables), "v", 7, change)
        with pytest.raises(ValueError, match=rf"joint_1_v\.csv.*{complaint}"):
            poses.labels(str(tmp_path))

    @pytest.mark.parametrize("depth", ["0.0", "-3.5"])
    def test_bad_depth(self, tables, tmp_path, depth):
        """A joint at or behind the camera is refused, with file and row."""
        spoil(
            write(tmp_path, tables),
            "d",
            9,
            lambda line: f"{depth},{line.split(',', 1)[1]}",
        )
        complaint = rf"joint_1_d\.csv must hold depths of 1 mm or more, got {float(depth):g} in frame 9"
        with pytest.raises(ValueError, match=complaint):
            poses.labels(str(tmp_path))

    def test_row_counts(self, tables, tmp_path):
        """Tables of different length are refused, with the lengths."""
        tables["d"] = tables["d"][:-1]
        with pytest.raises(ValueError, match=r"as many rows .* 449 and 450"):
            poses.labels(str(write(tmp_path, tables)))

    def test_too_few(self, tables, tmp_path):
        """A set that is too short for its splits is refused."""
        few = {axis: table[:100] for axis, table in tables.items()}
        with pytest.raises(ValueError, match=r"needs \d+ frames .* got 100"):
            poses.labels(str(write(tmp_path, few)))

    def test_cut_gzip(self, tables, tmp_path):
        """A compressed file that was cut is named."""
        path = write(tmp_path, tables, gz=True) / "joint_1_u.csv.gz"
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(ValueError, match=r"joint_1_u\.csv\.gz cannot be read"):
            poses.labels(str(tmp_path))

    @pytest.mark.parametrize("place", [0, 2000])
    def test_damaged_gzip(self, tables, tmp_path, place):
        """A compressed file with a few wrong bytes is named, wherever they are."""
        path = write(tmp_path, tables, gz=True) / "joint_1_d.csv.gz"
        content = bytearray(path.read_bytes())
        content[place : place + 40] = b"\xff" * 40
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"joint_1_d\.csv\.gz cannot be read"):
            poses.labels(str(tmp_path))

    def test_not_text(self, tables, tmp_path):
        """A file that is no text is named."""
        (write(tmp_path, tables) / "joint_1_u.csv").write_bytes(b"\xff\xfe\x00")
        with pytest.raises(ValueError, match=r"joint_1_u\.csv cannot be read"):
            poses.labels(str(tmp_path))


@functools.cache
def real_labels(folder: Path) -> Labels:
    """The real test poses, read once."""
    return poses.labels(str(folder / "nyu"))


class TestRealPoses:
    def test_shapes(self, realdata):
        """8252 frames of 36 joints, of two persons who come one after the other."""
        real = real_labels(realdata)
        assert real.joints_mm.shape == (8252, 36, 3)
        assert np.bincount(real.person).tolist() == [2440, 5812]
        assert (np.diff(real.person) >= 0).all()

    def test_splits(self, realdata):
        """Blocks of time are the default; the second person can be the test."""
        real = real_labels(realdata)
        assert list(real.splits) == ["block", "person"]
        assert (real.person[real.splits["person"] == TEST] == 1).all()

    def test_agrees_with_the_evaluation_labels(self, realdata):
        """The 14 evaluated joints project to the pixels of the papers' label file."""
        with gzip.open(
            realdata / "nyu/nyu_test_groundtruth_label.txt.gz", "rt"
        ) as file:
            wanted = np.loadtxt(file).reshape(8252, 14, 3)
        joints = real_labels(realdata).joints_mm[:, NYU36.evaluated].astype(float)
        x, y, z = np.moveaxis(joints, -1, 0)
        found = np.stack([320 + 588.03 * x / z, 240 - 587.07 * y / z, z], -1)
        assert np.abs(found - wanted).max() < 0.1

    def test_right_hands(self, realdata):
        """The fingers bend as those of right hands, which is what the reader says."""
        real = real_labels(realdata)
        assert handedness.right_share(real.joints_mm, real.skeleton) == 1.0
        mirrored = real.joints_mm * np.float32([-1, 1, 1])
        assert handedness.right_share(mirrored, real.skeleton) == 0.0

    def test_hands_of_a_hands_size(self, realdata):
        """Flesh is as thick as an adult's, to a third."""
        thickness = real_labels(realdata).thickness
        assert thickness.min() > 0.67
        assert thickness.max() < 1.5
