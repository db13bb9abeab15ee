"""The native MSRA layout, built from the real frame and 400 real poses."""

import gzip
import struct

import numpy as np
import pytest

from cnets.data.files import depth_files
from cnets.data.readers import msra
from cnets.data.splits import GAP_FRAMES, TEST, TRAIN, UNUSED, VALIDATION


@pytest.fixture
def frame(realdata):
    """The real frame, float64 [240, 320] millimetres, 0 for background."""
    with gzip.open(realdata / "msra" / "frames" / "msra-hand.txt.gz") as file:
        depth = np.loadtxt(file)
    return np.where(depth == 1000, 0, depth)


@pytest.fixture
def sequence(realdata, frame, tmp_path):
    """Writes a sequence: the real frame over and over, and lines of real labels."""
    lines = (realdata / "msra14" / "joint.txt").read_text().splitlines()[1:]
    image = tmp_path / "image"
    image.write_bytes(
        struct.pack("<6i", 320, 240, 0, 0, 320, 240) + frame.astype("<f4").tobytes()
    )

    def write(place, start, stop):
        folder = tmp_path / "set" / place
        folder.mkdir(parents=True)
        some = [lines[row % len(lines)] for row in range(start, stop)]
        (folder / "joint.txt").write_text("\n".join([str(len(some)), *some, ""]))
        for row in range(stop - start):
            (folder / f"{row:06d}_depth.bin").hardlink_to(image)
        return tmp_path / "set"

    return write


@pytest.fixture
def truth(realdata):
    """The 400 real poses, read without the package, z away from the camera."""
    held = np.loadtxt(realdata / "msra14" / "joint.txt", skiprows=1)
    return held.reshape(400, 21, 3) * [1, 1, -1]


class TestRecording:
    def test_three_subjects(self, sequence, frame, truth):
        """Millimetres, files, persons, and one split for each subject left out."""
        sequence("P4/1", 20, 25)
        sequence("P0/T", 10, 20)
        sequence("P2/9", 30, 33)
        root = sequence("P0/9", 0, 10)
        read = msra.recording(root, centres="auto")
        rows = [*range(20), 30, 31, 32, *range(20, 25)]
        np.testing.assert_allclose(read.joints_mm, truth[rows], atol=1e-4)
        assert read.joints_mm.dtype == np.float32
        assert read.files[0] == root / "P0" / "9" / "000000_depth.bin"
        assert read.files[-1] == root / "P4" / "1" / "000004_depth.bin"
        assert read.person.tolist() == [0] * 20 + [2] * 3 + [4] * 5
        assert read.centres_uvd is None
        np.testing.assert_array_equal(depth_files.read_any(read.files[7]), frame)
        order = {"leave-P0": (0, 2, 4), "leave-P2": (2, 4, 0), "leave-P4": (4, 0, 2)}
        assert list(read.splits) == list(order)
        for name, (tested, held, trained) in order.items():
            split = read.splits[name]
            assert set(read.person[split == TEST]) == {tested}
            assert set(read.person[split == VALIDATION]) == {held}
            assert set(read.person[split == TRAIN]) == {trained}
            assert not (split == UNUSED).any()

    def test_order_of_published_predictions(self, realdata, sequence):
        """Sequences come in the order of the published list of all frames."""
        with gzip.open(realdata / "msra" / "msra_test_list.txt.gz", "rt") as file:
            names = [line.rsplit("/", 1)[0] for line in file]
        published = list(dict.fromkeys(names))
        assert len(published) == 9 * 17
        for place in reversed(published):
            root = sequence(place, 0, 2)
        read = msra.recording(root, centres="auto")
        found = [path.parent.relative_to(root).as_posix() for path in read.files[::2]]
        assert found == published
        assert list(read.splits) == [f"leave-P{subject}" for subject in range(9)]
        last = read.splits["leave-P8"]
        assert set(read.person[last == VALIDATION]) == {0}

    def test_two_subjects(self, sequence):
        """Validation is the end of each training sequence, with a gap before it."""
        sequence("P0/1", 0, 200)
        sequence("P0/2", 0, 100)
        root = sequence("P1/1", 0, 300)
        split = msra.recording(root, centres="auto").splits["leave-P1"]
        assert (split[:120] == TRAIN).all()
        assert (split[120:170] == UNUSED).all()
        assert (split[170:200] == VALIDATION).all()
        assert (split[200:300] == TRAIN).all()
        assert (split[300:] == TEST).all()
        assert GAP_FRAMES == 50

    def test_one_subject(self, sequence):
        """One subject is split by time."""
        root = sequence("P3/1", 0, 420)
        assert list(msra.recording(root, centres="auto").splits) == ["block"]

    def test_known_faulty_frames(self, sequence, truth):
        """P2/TIP 172 to 174 are replaced by 171: image, label and centre."""
        sequence("P0/1", 0, 2)
        sequence("P1/1", 0, 2)
        root = sequence("P2/TIP", 0, 178)
        (root / "P2" / "TIP" / "000173_depth.bin").unlink()
        read = msra.recording(root, centres="labels")
        rows = [171, 171, 171, 171, 175, 176]
        names = [path.name for path in read.files[4 + 171 : 4 + 177]]
        assert names == [f"{row:06d}_depth.bin" for row in rows]
        part = slice(4 + 171, 4 + 177)
        np.testing.assert_allclose(read.joints_mm[part], truth[rows], atol=1e-4)
        u, v, depth = read.centres_uvd[4 + 173]
        x, y, z = truth[171].mean(0)
        expected = [160 + x * 241.42 / z, 120 - y * 241.42 / z, z]
        np.testing.assert_allclose([u, v, depth], expected, rtol=1e-6)

    def test_centres_from_a_file(self, sequence):
        """A text file has one row a frame of the whole set."""
        for subject in ("P0", "P1", "P2"):
            root = sequence(f"{subject}/1", 0, 2)
        with pytest.raises(ValueError, match="must hold centres, such as"):
            msra.recording(root, centres="file")
        path = root / "msra_center.txt"
        path.write_text("".join(f"{row + 140} 120 330\n" for row in range(6)))
        read = msra.recording(root, centres="file", mirrored=True)
        assert read.centres_uvd[:, 0].tolist() == [140, 141, 142, 143, 144, 145]
        assert read.mirrored
        path.write_text("1 2 300\n")
        with pytest.raises(ValueError, match=r"must hold 6 rows of 3 .* got \[1, 3\]"):
            msra.recording(root, centres="file")


class TestRefusals:
    def test_folders(self, tmp_path):
        """A missing folder and one without sequences."""
        with pytest.raises(ValueError, match="must name a folder that exists"):
            msra.recording(tmp_path / "none", centres="auto")
        with pytest.raises(ValueError, match="must hold folders of sequences such as"):
            msra.recording(tmp_path, centres="auto")
        with pytest.raises(ValueError, match=r"`centres` must be one of .* got 'root'"):
            msra.recording(tmp_path, centres="root")

    def test_missing_files(self, sequence):
        """A missing image is named with its row, a missing label file with its place."""
        root = sequence("P0/1", 0, 5)
        image = root / "P0" / "1" / "000003_depth.bin"
        image.unlink()
        with pytest.raises(
            ValueError, match=r"row 5 whose image .*/000003_depth\.bin is mi"
        ):
            msra.recording(root, centres="auto")
        (root / "P0" / "1" / "joint.txt").unlink()
        with pytest.raises(
            ValueError, match=r"P0/1 must hold joint\.txt, and does not"
        ):
            msra.recording(root, centres="auto")

    def test_swapped_labels(self, sequence):
        """The labels of a longer and of a shorter sequence are noticed."""
        sequence("P0/1", 0, 5)
        root = sequence("P0/2", 0, 8)
        one, two = (root / "P0" / name / "joint.txt" for name in ("1", "2"))
        held = one.read_text(), two.read_text()
        one.write_text(held[1])
        with pytest.raises(
            ValueError, match=r"1/joint\.txt has a label in row 7 whose"
        ):
            msra.recording(root, centres="auto")
        one.write_text(held[0])
        two.write_text(held[0])
        with pytest.raises(
            ValueError, match=r"2/joint\.txt must .* the 8 images .* has 5"
        ):
            msra.recording(root, centres="auto")

    def test_z_towards_the_viewer(self, sequence):
        """A file whose z is positive is not taken for this layout."""
        root = sequence("P0/1", 0, 5)
        path = root / "P0" / "1" / "joint.txt"
        path.write_text(path.read_text().replace(" -", " "))
        with pytest.raises(
            ValueError, match=r"joint\.txt must hold depths of 1 mm or mo"
        ):
            msra.recording(root, centres="auto")

    def test_too_little_to_split(self, sequence):
        """Two subjects whose sequences are too short for validation."""
        sequence("P0/1", 0, 102)
        root = sequence("P1/1", 0, 103)
        with pytest.raises(
            ValueError, match="leave-P1 needs a sequence of more than 102"
        ):
            msra.recording(root, centres="auto")
