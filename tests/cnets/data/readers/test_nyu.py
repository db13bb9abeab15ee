"""The native NYU layout, built from the real frame and the real labels."""

import shutil

import numpy as np
import pytest
from scipy.io import savemat

from cnets.data.files import depth_files, label_files
from cnets.data.readers import nyu
from cnets.data.readers.label_sets import label_set
from cnets.data.splits import GAP_FRAMES, TEST, TRAIN, UNUSED, VALIDATION


def in_mm(uvd):
    """Millimetres, worked out without the package."""
    u, v, depth = np.moveaxis(uvd, -1, 0)
    return np.stack([(u - 320) * depth / 588.03, (240 - v) * depth / 587.07, depth], -1)


@pytest.fixture
def uvd(realdata):
    """The 36 joints of the first 450 test frames."""
    return label_files.uvd_tables(realdata / "nyu")[:450]


@pytest.fixture
def part(realdata, tmp_path):
    """Writes one part of the set: the real frame over and over, and its labels."""
    frame = realdata / "nyu" / "frames" / "depth_1_0000001.png"

    def write(place, uvd):
        folder = tmp_path / place
        folder.mkdir(parents=True)
        shutil.copy(frame, folder / "depth_1_0000001.png")
        for number in range(2, len(uvd) + 1):
            name = f"depth_1_{number:07d}.png"
            (folder / name).hardlink_to(folder / "depth_1_0000001.png")
        cameras = np.stack([uvd, uvd + 7, uvd + 9])
        held = {"joint_xyz": cameras * 0, "joint_uvd": cameras, "joint_names": "none"}
        savemat(folder / "joint_data.mat", held, do_compression=True)
        return tmp_path

    return write


class TestRecording:
    def test_both_parts(self, part, uvd):
        """Train, then test: millimetres of camera 1, files, persons, official split."""
        part("train", uvd[:400])
        root = part("test", uvd[400:])
        read = nyu.recording(root, centres="auto")
        np.testing.assert_allclose(read.joints_mm, in_mm(uvd), atol=1e-3)
        assert read.joints_mm.dtype == np.float32
        assert read.files[0] == root / "train" / "depth_1_0000001.png"
        assert read.files[399] == root / "train" / "depth_1_0000400.png"
        assert read.files[400] == root / "test" / "depth_1_0000001.png"
        assert read.person.tolist() == [0] * 400 + [1] * 50
        assert list(read.splits) == ["official"]
        split = read.splits["official"]
        assert (split[400:] == TEST).all()
        held = np.flatnonzero(split[:400] == VALIDATION)
        trained = np.flatnonzero(split == TRAIN)
        assert len(held) == 25
        assert len(trained) == 400 - 25 - 2 * GAP_FRAMES
        assert np.abs(held[:, None] - trained).min() == GAP_FRAMES + 1
        assert not read.mirrored
        assert read.background_mm is None
        assert nyu.recording(root, centres="auto", mirrored=True).mirrored

    def test_the_palm_lies_on_the_hand(self, part, uvd):
        """The label of row 0 is on the hand that the frame shows."""
        read = nyu.recording(part("test", uvd[:1]), centres="labels")
        u, v, depth = read.centres_uvd[0]
        frame = depth_files.read_any(read.files[0])
        assert abs(frame[round(v), round(u)] - depth) < 40

    def test_one_part_alone(self, part, uvd):
        """A test set alone is cut into blocks if it is long enough; so is train."""
        root = part("dataset/test", uvd[:408])
        ways = nyu.recording(root, centres="auto").splits
        assert list(ways) == ["block", "test-only"]
        assert set(ways["block"]) == {TRAIN, VALIDATION, TEST, UNUSED}
        assert (ways["test-only"] == TEST).all()
        shutil.rmtree(root / "dataset")
        short = nyu.recording(part("test", uvd[:20]), centres="auto")
        assert list(short.splits) == ["test-only"]
        shutil.rmtree(root / "test")
        ways = nyu.recording(part("train", uvd), centres="auto").splits
        assert list(ways) == ["block"]

    def test_whole_test_set_has_two_persons(self):
        """Rows from 2440 on of 8252 are the second person's."""
        person = nyu._persons(train=10, test=8252)
        assert np.flatnonzero(np.diff(person)).tolist() == [9, 2449]
        assert person[-1] == 2
        assert nyu._persons(train=0, test=100).tolist() == [1] * 100

    def test_native_labels_for_evaluation(self, part, uvd):
        """`label_set` reads the test part of the same tree."""
        root = part("test", uvd[:20])
        some, whole = (label_set(f"nyu:{root}", full=full) for full in (False, True))
        np.testing.assert_array_equal(whole.uvd, uvd[:20])
        np.testing.assert_allclose(whole.joints_mm, in_mm(uvd[:20]))
        np.testing.assert_array_equal(some.uvd, uvd[:20, list(some.joints)])


class TestCentres:
    def test_each_source(self, part, uvd):
        """The palm's label, a file, or none; `auto` takes the file if it is there."""
        root = part("test", uvd[:20])
        palm, filed = uvd[:20, 32].astype(np.float32), np.round(uvd[:20, 3])
        read = nyu.recording(root, centres="depth")
        assert (read.centres_uvd, read.centres) == (None, "depth")
        for centres in ("auto", "labels"):
            read = nyu.recording(root, centres=centres)
            np.testing.assert_array_equal(read.centres_uvd, palm)
            assert read.centres == "labels"
        savemat(root / "center_uvd_test.mat", {"center_uvd": filed})
        for centres in ("auto", "file"):
            read = nyu.recording(root, centres=centres)
            np.testing.assert_array_equal(read.centres_uvd, filed)
            assert read.centres == "file"
        found = nyu.recording(root, centres="labels").centres_uvd
        np.testing.assert_array_equal(found, palm)

    def test_a_text_file(self, part, uvd, realdata):
        """Another group's centres, as text, if they are asked for."""
        root = part("test", uvd[:20])
        lines = (realdata / "nyu" / "centers" / "nyu_center.txt").read_text()
        path = root / "nyu_center.txt"
        path.write_text("".join(lines.splitlines(keepends=True)[:20]))
        found = nyu.recording(root, centres="file").centres_uvd
        np.testing.assert_array_equal(found, np.loadtxt(path).astype(np.float32))
        np.testing.assert_allclose(found, uvd[:20, 32], atol=25)
        about = nyu.recording(root, centres="auto").centres_uvd
        np.testing.assert_array_equal(about, uvd[:20, 32].astype(np.float32))

    def test_wrong_files(self, part, uvd):
        """None, two, one of another length, or in the camera."""
        root = part("test", uvd[:20])
        with pytest.raises(
            ValueError, match=r"must hold centres, such as center_uvd_te"
        ):
            nyu.recording(root, centres="file")
        path = root / "center_uvd_test.mat"
        savemat(path, {"center_uvd": np.ones((19, 3))})
        with pytest.raises(
            ValueError, match=r"test\.mat must hold 20 rows .* \[19, 3\]"
        ):
            nyu.recording(root, centres="auto")
        held = uvd[:20, 32].copy()
        held[7, 2] = 0
        savemat(path, {"center_uvd": held})
        with pytest.raises(ValueError, match=r"10 to 1500 mm, got .*, 0 in row 8"):
            nyu.recording(root, centres="auto")
        shutil.copy(path, root / "center_test.mat")
        with pytest.raises(ValueError, match="must hold one file of centres, holds"):
            nyu.recording(root, centres="file")
        with pytest.raises(ValueError, match=r"`centres` must be one of .* got 'palm'"):
            nyu.recording(root, centres="palm")


class TestRefusals:
    def test_folders(self, tmp_path):
        """A missing folder and an empty one."""
        with pytest.raises(ValueError, match="must name a folder that exists"):
            nyu.recording(tmp_path / "none", centres="auto")
        with pytest.raises(ValueError, match=r"must hold train/joint_data\.mat or"):
            nyu.recording(tmp_path, centres="auto")

    def test_missing_and_surplus_images(self, part, uvd):
        """A label without image and an image without label are named."""
        root = part("test", uvd[:20])
        image = root / "test" / "depth_1_0000007.png"
        image.rename(root / "test" / "depth_1_0000021.png")
        with pytest.raises(
            ValueError, match=r"row 7 whose image .*/depth_1_0000007\.png is"
        ):
            nyu.recording(root, centres="auto")
        shutil.copy(root / "test" / "depth_1_0000001.png", image)
        with pytest.raises(ValueError, match=r"each of the 21 images .* has 20"):
            nyu.recording(root, centres="auto")

    def test_swapped_labels(self, part, uvd):
        """The labels of train beside the images of test are noticed by their count."""
        part("train", uvd[:430])
        root = part("test", uvd[430:])
        (root / "train" / "joint_data.mat").rename(root / "test" / "joint_data.mat")
        with pytest.raises(
            ValueError, match=r"test/joint_data\.mat has a label in row 21"
        ):
            nyu.recording(root, centres="auto")

    def test_labels_of_another_shape(self, part, uvd):
        """A depth of 0, 35 joints, and too few frames; gaps are gaps."""
        root = part("test", uvd[:20])
        path = root / "test" / "joint_data.mat"
        savemat(path, {"joint_uvd": uvd[None, :20, :35]})
        with pytest.raises(ValueError, match=r"frames, 36, 3\], got \[1, 20, 35, 3\]"):
            nyu.recording(root, centres="auto")
        wrong = uvd[None, :20].copy()
        wrong[0, 3, 8, 2] = 0
        savemat(path, {"joint_uvd": wrong})
        with pytest.raises(ValueError, match="got 0 in frame 4, joint 8"):
            nyu.recording(root, centres="auto")
        wrong[0, 3, 8, 2], wrong[0, 0] = 700, np.nan
        savemat(path, {"joint_uvd": wrong})
        gaps = np.isnan(label_set(f"nyu:{root}").joints_mm).all((1, 2))
        assert np.flatnonzero(gaps).tolist() == [0]
        savemat(path, {"joint_uvd": uvd[None, :20]})
        part("train", uvd[:203])
        with pytest.raises(ValueError, match=r"official needs 204 frames .* got 203"):
            nyu.recording(root, centres="auto")
