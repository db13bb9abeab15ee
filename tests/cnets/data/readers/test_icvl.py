"""The native ICVL layouts, built from real lines of labels and frames made by hand."""

import gzip
import shutil

import numpy as np
import pytest
from PIL import Image

from cnets.data.files import depth_files
from cnets.data.readers import icvl
from cnets.data.readers.label_sets import label_set
from cnets.data.splits import GAP_FRAMES, TEST, TRAIN, UNUSED, VALIDATION


SEQUENCE = "201403121135"


def in_mm(uvd):
    """Millimetres, worked out without the package."""
    u, v, depth = np.moveaxis(np.asarray(uvd), -1, 0)
    x, y = (u - 160) * depth / 240.99, (120 - v) * depth / 240.96
    return np.stack([x, y, depth], -1)


@pytest.fixture
def lines(realdata):
    """The labels of `test_seq_1.txt`: what stands behind the name, a line a frame."""
    rows = (realdata / "icvl" / "test_seq_1.txt").read_text().split("\n")
    return [row.split(" ", 1)[1].strip() for row in rows if row.strip()]


@pytest.fixture
def truth(realdata):
    """The same labels as the papers' ground truth has them, float64 [702, 16, 3]."""
    with gzip.open(realdata / "icvl" / "icvl_test_groundtruth_label.txt.gz") as file:
        return np.loadtxt(file)[:702].reshape(702, 16, 3)


@pytest.fixture
def write(tmp_path, lines):
    """Writes a label file and its frames; frame n of the labels has row n's joints."""
    frame = tmp_path / "frame.png"
    depth = np.full((240, 320), 32001, np.uint16)
    depth[100:150, 130:190] = 350
    Image.fromarray(depth).save(frame)

    def add(labels, depth_folder, names):
        root = tmp_path / "set"
        rows = []
        for name in names:
            image = root / depth_folder / name
            image.parent.mkdir(parents=True, exist_ok=True)
            if not image.exists():
                image.hardlink_to(frame)
            number = int(name[-8:-4])
            rows.append(f"{name} {lines[number % len(lines)]}  \n")
        (root / labels).parent.mkdir(parents=True, exist_ok=True)
        (root / labels).write_text("".join(rows))
        return root

    return add


def named(folder, count, start=0):
    """Names of the frames of a sequence."""
    return [
        f"{folder}/image_{number:04d}.png" for number in range(start, start + count)
    ]


class TestRecording:
    def test_native_layout(self, write, truth):
        """Millimetres, files, background of the test frames and the official split."""
        write("Training/labels.txt", "Training/Depth", named(SEQUENCE, 210))
        root = write("Testing/labels.txt", "Testing/Depth", named("test_seq_1", 5))
        read = icvl.recording(root, centres="auto")
        rows = [*range(210), *range(5)]
        np.testing.assert_allclose(read.joints_mm, in_mm(truth[rows]), atol=1e-3)
        assert read.joints_mm.dtype == np.float32
        train, test = root / "Training" / "Depth", root / "Testing" / "Depth"
        assert read.files[209] == train / SEQUENCE / "image_0209.png"
        assert read.files[210] == test / "test_seq_1" / "image_0000.png"
        assert read.centres_uvd is None
        assert read.background_mm.tolist() == [np.inf] * 210 + [500] * 5
        assert read.person.tolist() == [0] * 210 + [1] * 5
        frame = depth_files.read_any(read.files[0])
        assert sorted(set(frame.ravel().tolist())) == [0, 350]
        split = read.splits["official"]
        assert (split[210:] == TEST).all()
        held = np.flatnonzero(split == VALIDATION)
        trained = np.flatnonzero(split == TRAIN)
        assert len(held) == 13
        assert np.abs(held[:, None] - trained).min() == GAP_FRAMES + 1

    def test_other_layouts(self, write, truth):
        """One `Depth` and three label files; or `Testing` with two; gzipped or not."""
        write("test_seq_1.txt", "Depth", named("test_seq_1", 3))
        root = write("test_seq_2.txt", "Depth", named("test_seq_2", 2, start=7))
        read = icvl.recording(root, centres="auto")
        rows = [0, 1, 2, 7, 8]
        np.testing.assert_allclose(read.joints_mm, in_mm(truth[rows]), atol=1e-3)
        assert read.files[3] == root / "Depth" / "test_seq_2" / "image_0007.png"
        assert read.person.tolist() == [0, 0, 0, 1, 1]
        assert list(read.splits) == ["test-only"]
        assert (read.background_mm == 500).all()
        testing = root / "Testing"
        testing.mkdir()
        for name in ("test_seq_1.txt", "test_seq_2.txt"):
            (root / name).rename(testing / name)
        with gzip.open(testing / "test_seq_2.txt.gz", "wb") as file:
            file.write((testing / "test_seq_2.txt").read_bytes())
        (testing / "test_seq_2.txt").unlink()
        (root / "Depth").rename(testing / "Depth")
        again = icvl.recording(root, centres="auto")
        np.testing.assert_array_equal(again.joints_mm, read.joints_mm)
        labels = label_set(f"icvl:{root}")
        np.testing.assert_array_equal(labels.uvd, truth[rows])
        root = write("train.txt", "Depth", named(SEQUENCE, 408))
        shutil.rmtree(testing)
        alone = icvl.recording(root, centres="auto")
        assert list(alone.splits) == ["block"]
        assert set(alone.splits["block"]) == {TRAIN, VALIDATION, TEST, UNUSED}
        assert np.isinf(alone.background_mm).all()

    def test_only_the_authors_groups(self, write):
        """Frames of other rotations are left out, wherever they stand."""
        names = named("112-5/2014a", 5) + named("2014a", 204) + named("45/2014a", 3)
        names += named("90", 2) + named("-22-5/2014a", 1) + named("67-5/2014a", 1)
        root = write("Training/labels.txt", "Training/Depth", names)
        write("Testing/labels.txt", "Testing/Depth", named("test_seq_1", 2))
        read = icvl.recording(root, centres="auto")
        groups = [path.parent.parent.name for path in read.files[:209]]
        assert len(read.files) == 211
        assert groups == ["Depth"] * 204 + ["45"] * 3 + ["-22-5", "67-5"]
        assert read.person.tolist() == [0] * 209 + [1] * 2

    def test_no_time_on_two_sides(self, write):
        """A rotated copy is trained on only if its original is; others are not used."""
        names = named("45/2014b", 300) + named("2014a", 100) + named("2014b", 300)
        names += named("-22-5/2014a", 100) + named("67-5", 20)
        root = write("Training/labels.txt", "Training/Depth", names)
        write("Testing/labels.txt", "Testing/Depth", named("test_seq_1", 2))
        split = icvl.recording(root, centres="auto").splits["official"][:-2]
        kinds = {}
        for name, kind in zip(names, split, strict=True):
            kinds.setdefault("/".join(name.split("/")[-2:]), set()).add(int(kind))
        assert all(
            kind in ({TRAIN}, {VALIDATION}, {UNUSED}, {VALIDATION, UNUSED})
            for kind in kinds.values()
        )
        assert {VALIDATION, UNUSED} in kinds.values()
        assert (split[-20:] == UNUSED).all()
        first = {"2014a": 0, "2014b": 100}
        at = {kind: [] for kind in (TRAIN, VALIDATION, UNUSED)}
        for name, kind in zip(names[:-20], split, strict=False):
            folder, image = name.split("/")[-2:]
            at[int(kind)].append(first[folder] + int(image[6:10]))
        held, trained = np.array(at[VALIDATION]), np.array(at[TRAIN])
        assert np.abs(held[:, None] - trained).min() > GAP_FRAMES
        assert len(held) == len(set(held.tolist())) == 25

    def test_rotated_frames_alone(self, write):
        """Copies whose originals are not there are split by their own time."""
        root = write("Training/labels.txt", "Training/Depth", named("45", 204))
        write("Testing/labels.txt", "Testing/Depth", named("test_seq_1", 2))
        split = icvl.recording(root, centres="auto").splits["official"]
        assert {TRAIN, VALIDATION, UNUSED, TEST} == set(split)


class TestCentres:
    def test_files(self, write):
        """One row a row of the labels, for train and for test; unused rows go out."""
        names = named("112-5/2014a", 5) + named("2014a", 204)
        root = write("Training/labels.txt", "Training/Depth", names)
        write("Testing/labels.txt", "Testing/Depth", named("test_seq_1", 2))
        with pytest.raises(ValueError, match=r"centers?, such as|centres, such as"):
            icvl.recording(root, centres="file")
        lines = "".join(f"{150 + row / 10} 120 300\n" for row in range(209))
        (root / "center_train.txt").write_text(lines)
        with gzip.open(root / "Testing" / "icvl_test_center.txt.gz", "wt") as file:
            file.write("147 128 400\n149 128 400\n")
        found = icvl.recording(root, centres="file").centres_uvd
        wanted = [*(150 + row / 10 for row in range(5, 209)), 147, 149]
        np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-6)
        (root / "center_train.txt").write_text("1 2 300\n")
        with pytest.raises(
            ValueError, match=r"train\.txt must hold 209 rows .* \[1, 3\]"
        ):
            icvl.recording(root, centres="file")

    def test_the_published_centres(self, write, realdata, truth):
        """With one part alone the name need not say which; the centres are the hands'."""
        root = write("test_seq_1.txt", "Depth", named("test_seq_1", 20))
        rows = (
            (realdata / "icvl" / "centers" / "icvl_center.txt").read_text().split("\n")
        )
        (root / "icvl_center.txt").write_text("\n".join(rows[:20]))
        found = icvl.recording(root, centres="file").centres_uvd
        np.testing.assert_allclose(found, truth[:20].mean(1), atol=40)


class TestRefusals:
    def test_folders(self, tmp_path, write):
        """A missing folder, an empty one, and one without images."""
        with pytest.raises(ValueError, match="must name a folder that exists"):
            icvl.recording(tmp_path / "none", centres="auto")
        (tmp_path / "empty").mkdir()
        with pytest.raises(
            ValueError, match=r"must hold Training/labels\.txt, .* none"
        ):
            icvl.recording(tmp_path / "empty", centres="auto")
        root = write("test_seq_1.txt", "Depth", named("test_seq_1", 2))
        shutil.rmtree(root / "Depth")
        with pytest.raises(ValueError, match="must have a folder Depth beside it"):
            icvl.recording(root, centres="auto")
        with pytest.raises(ValueError, match=r"`centres` must be one of .* got 'palm'"):
            icvl.recording(root, centres="palm")

    def test_a_missing_image(self, write):
        """The sentence names the label file, the image and the row."""
        root = write("test_seq_1.txt", "Depth", named("test_seq_1", 4))
        (root / "Depth" / "test_seq_1" / "image_0002.png").unlink()
        said = r"test_seq_1\.txt has a label in row 3 whose image .*/image_0002\.png is mis"
        with pytest.raises(ValueError, match=said):
            icvl.recording(root, centres="auto")

    def test_swapped_labels(self, write):
        """The test labels in the place of the training labels name no known group."""
        root = write("Training/labels.txt", "Training/Depth", named("test_seq_1", 4))
        with pytest.raises(
            ValueError, match=r"labels\.txt must name images in a folder"
        ):
            icvl.recording(root, centres="auto")

    @pytest.mark.parametrize(
        "name",
        [
            "../image_0001.png",
            "a/../../image_0001.png",
            "/etc/image_0001.png",
            ".",
            "a\0b",
        ],
    )
    def test_names_that_leave_the_folder(self, write, lines, name):
        """A path to elsewhere is refused, whether there is such a file or not."""
        root = write("test_seq_1.txt", "Depth", named("test_seq_1", 2))
        path = root / "test_seq_1.txt"
        path.write_text(f"{path.read_text()}{name} {lines[0]}\n")
        with pytest.raises(
            ValueError, match=r"images inside its folder, got .* in row 3"
        ):
            icvl.recording(root, centres="auto")

    def test_an_image_named_twice(self, write):
        """Both rows are named."""
        root = write("test_seq_1.txt", "Depth", named("t", 3) + named("t", 1, start=1))
        with pytest.raises(ValueError, match=r"got t/image_0001\.png in rows 2 and 4"):
            icvl.recording(root, centres="auto")

    def test_a_joint_behind_the_camera(self, write):
        """A depth of 0 is named with its frame and joint."""
        root = write("test_seq_1.txt", "Depth", named("test_seq_1", 2))
        path = root / "test_seq_1.txt"
        path.write_text(path.read_text().rstrip().rsplit(" ", 1)[0] + " 0\n")
        with pytest.raises(ValueError, match="got 0 in frame 2, joint 15"):
            icvl.recording(root, centres="auto")

    def test_too_few_frames(self, write):
        """203 moments are too few for a stretch of validation, however many copies."""
        names = named("2014a", 203) + named("45/2014a", 203)
        root = write("Training/labels.txt", "Training/Depth", names)
        write("Testing/labels.txt", "Testing/Depth", named("test_seq_1", 2))
        with pytest.raises(ValueError, match=r"official needs 204 frames .* got 203"):
            icvl.recording(root, centres="auto")
