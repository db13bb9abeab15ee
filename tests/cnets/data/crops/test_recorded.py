"""Recorded sets from the frame to the crop: `Recorded`, and `open_data` of a tree."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat, savemat

from cnets.cameras import CAMERAS
from cnets.data.crops import crop
from cnets.data.crops.recorded import Recorded
from cnets.data.files import depth_files, label_files
from cnets.data.files.frame_files import FrameForm
from cnets.data.opening import open_data


CAMERA = CAMERAS["msra"]


@pytest.fixture
def files(tmp_path):
    """Three frames: a square at 400 mm, nothing, and a slope about 500 mm."""
    frames = np.zeros((3, 240, 320), np.uint16)
    frames[0, 100:140, 150:200] = 400
    frames[2, 60:180, 100:220] = 440 + np.arange(120)
    paths = []
    for number, frame in enumerate(frames):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(frame).save(paths[-1])
    return tuple(paths)


@pytest.fixture
def tree(realdata, tmp_path):
    """The first real NYU frame in the native layout, with the authors' centre."""
    folder = tmp_path / "nyu" / "test"
    folder.mkdir(parents=True)
    shutil.copy(realdata / "nyu" / "frames" / "depth_1_0000001.png", folder)
    uvd = label_files.uvd_tables(realdata / "nyu")[:1]
    savemat(folder / "joint_data.mat", {"joint_uvd": np.stack([uvd] * 3)})
    centres = loadmat(realdata / "crossingnet_weights" / "center_uvd_test.mat")
    savemat(
        tmp_path / "nyu" / "center_uvd_test.mat",
        {"center_uvd": centres["center_uvd"][:1]},
    )
    return tmp_path / "nyu"


class TestRecorded:
    def test_the_one_pipeline(self, files):
        """Each crop is that of `crop.crop`, rounded to half precision."""
        centres = np.float32([[175, 120, 400], [10, 10, 500], [160, 120, 500]])
        made = Recorded(files, CAMERA, centres_uvd=centres).make(slice(0, 3), 64)
        for row, path in enumerate(files):
            frame = depth_files.read_any(path)
            wanted = crop.crop(frame, centres[row], CAMERA, 64)
            np.testing.assert_array_equal(made.crops[row], wanted.astype(np.float16))
        x, y = (
            (centres[0, 0] - 160) * 400 / 241.42,
            (120 - centres[0, 1]) * 400 / 241.42,
        )
        np.testing.assert_allclose(made.centres_mm[0], [x, y, 400], rtol=1e-6)

    def test_centres_are_found(self, files):
        """Without centres the hand is looked for; nothing gives the fallback."""
        made = Recorded(files, CAMERA).make(slice(0, 3), 32)
        x, y = (174.5 - 160) * 400 / 241.42, (120 - 119.5) * 400 / 241.42
        np.testing.assert_allclose(made.centres_mm[0], [x, y, 400], rtol=1e-5)
        np.testing.assert_allclose(made.centres_mm[1], [0, 0, 500])
        assert (made.crops[1] == 1).all()

    def test_a_centre_that_is_not_known_is_found(self, files):
        """A row of NaN is looked for in its frame; the other rows stay as given."""
        found = Recorded(files, CAMERA).make(slice(0, 3), 32)
        given = np.float32([[np.nan] * 3, [10, 10, 500], [160, 120, 500]])
        some = Recorded(files, CAMERA, centres_uvd=given).make(slice(0, 3), 32)
        np.testing.assert_array_equal(some.crops[0], found.crops[0])
        np.testing.assert_array_equal(some.centres_mm[0], found.centres_mm[0])
        assert some.centres_mm[2].tolist() == [0, 0, 500]

    def test_another_unit(self, files, tmp_path):
        """Half millimetres are halved; the key is another one."""
        with Image.open(files[2]) as image:
            Image.fromarray(np.asarray(image) * 2).save(tmp_path / "half.png")
        form = FrameForm(width_px=320, height_px=240, unit_mm=0.5)
        halves = Recorded((tmp_path / "half.png",), CAMERA, form=form)
        made, wanted = halves.make(slice(0, 1), 32), Recorded(files, CAMERA)
        np.testing.assert_array_equal(made.crops, wanted.make(slice(2, 3), 32).crops)
        assert halves.key(32) != Recorded(halves.files, CAMERA).key(32)

    def test_every_frame_is_checked(self, files):
        """The last of three frames has another size."""
        Recorded(files, CAMERA).check()
        Image.fromarray(np.zeros((480, 640), np.uint16)).save(files[2])
        with pytest.raises(ValueError, match=r"2\.png must be a frame of its camera"):
            Recorded(files, CAMERA).check()

    def test_background(self, files):
        """Pixels at the given depth or behind it are nothing."""
        limit = np.float32([np.inf, np.inf, 500])
        plain = Recorded(files, CAMERA).make(slice(2, 3), 32)
        cut = Recorded(files, CAMERA, background_mm=limit).make(slice(2, 3), 32)
        assert plain.centres_mm[0, 2] == pytest.approx(440 + 119 / 2, abs=2)
        assert cut.centres_mm[0, 2] == pytest.approx(440 + 59 / 2)
        assert (cut.crops < 1).sum() < (plain.crops < 1).sum()

    def test_mirrored(self, files):
        """The centre changes its side, and the crop is the mirror image."""
        plain, turned = (
            Recorded(files, CAMERA, mirrored=wish).make(slice(0, 1), 64)
            for wish in (False, True)
        )
        np.testing.assert_allclose(
            turned.centres_mm, plain.centres_mm * [-1, 1, 1], rtol=1e-5
        )
        assert np.mean(turned.crops[:, :, ::-1] != plain.crops) < 0.05

    def test_key(self, files):
        """Side, camera, centres, mirroring, limits, size and time change the key."""
        plain = Recorded(files, CAMERA)
        centres = np.zeros((3, 3), np.float32)
        keys = {
            plain.key(32),
            plain.key(64),
            Recorded(files, CAMERAS["icvl"]).key(32),
            Recorded(files, CAMERA, centres_uvd=centres).key(32),
            Recorded(files, CAMERA, centres_uvd=centres + 1).key(32),
            Recorded(files, CAMERA, background_mm=centres[:, 0]).key(32),
            Recorded(files, CAMERA, mirrored=True).key(32),
            Recorded(files[:2], CAMERA).key(32),
        }
        assert Recorded(files, CAMERA).key(32) in keys
        os.utime(files[0], ns=(1, 1))
        keys.add(Recorded(files, CAMERA).key(32))
        assert len(keys) == 9

    def test_a_file_that_is_gone(self, files):
        """It is named when the key is asked for."""
        files[1].unlink()
        with pytest.raises(ValueError, match=r"1\.png cannot be read"):
            Recorded(files, CAMERA).key(32)


class TestOpenData:
    def test_tree(self, tree, tmp_path):
        """A tree of one frame gives its crop and its label, for test."""
        hands = open_data(f"nyu:{tree}", side_px=128, cache=tmp_path / "cache")
        assert hands.crops.shape == (1, 128, 128)
        assert hands.rows("test").tolist() == [0]
        wanted = crop.crop(
            depth_files.read_any(hands.files[0]),
            np.float32([210.1553, 268.6423, 776.0995]),
            CAMERAS["nyu"],
            128,
        )
        np.testing.assert_allclose(hands.crops[0], wanted, atol=2e-3)

    def test_the_name_is_that_of_the_content(self, tree, tmp_path):
        """A set that is moved or touched has its fingerprint, a changed one has not."""
        first = open_data(f"nyu:{tree}", side_px=32, cache=tmp_path / "cache")
        moved = shutil.copytree(tree, tmp_path / "moved")
        os.utime(moved / "test" / "depth_1_0000001.png", ns=(1, 1))
        again = open_data(f"nyu:{moved}", side_px=32, cache=tmp_path / "cache")
        assert again.fingerprint == first.fingerprint
        with Image.open(moved / "test" / "depth_1_0000001.png") as image:
            pixels = np.array(image)
        pixels[260, 200, 2] ^= 4
        Image.fromarray(pixels).save(moved / "test" / "depth_1_0000001.png")
        changed = open_data(f"nyu:{moved}", side_px=32, cache=tmp_path / "cache")
        assert changed.fingerprint != first.fingerprint

    def test_wishes(self, tree, tmp_path):
        """What stands behind the kind changes centres and sides."""
        cache = tmp_path / "cache"
        plain = open_data(f"nyu:{tree}", side_px=32, cache=cache)
        labels = open_data(f"nyu+labels:{tree}", side_px=32, cache=cache)
        depth = open_data(f"nyu+depth:{tree}", side_px=32, cache=cache)
        palm = labels.joints_mm[:, 32]
        np.testing.assert_allclose(labels.centres_mm, palm, rtol=1e-6)
        assert len({hands.centres_mm[0, 2] for hands in (plain, labels, depth)}) == 3
        mirror = open_data(f"nyu+mirror:{tree}", side_px=32, cache=cache)
        sign = np.float32([-1, 1, 1])
        np.testing.assert_array_equal(mirror.joints_mm, plain.joints_mm * sign)
        np.testing.assert_allclose(
            mirror.centres_mm, plain.centres_mm * sign, rtol=1e-5
        )

    def test_nothing_seen(self, tree, tmp_path):
        """A frame in whose cube nothing is seen is in no split, and counted."""
        path = tree / "test" / "depth_1_0000001.png"
        Image.fromarray(np.zeros((480, 640, 3), np.uint8)).save(path)
        hands = open_data(f"nyu:{tree}", side_px=32, cache=tmp_path / "cache")
        assert hands.empty == 1
        assert len(hands.rows("test")) == 0

    def test_a_damaged_frame_leaves_no_set(self, tree, tmp_path):
        """It is named, nothing can be opened afterwards, and mending it is enough."""
        path = tree / "test" / "depth_1_0000001.png"
        whole = path.read_bytes()
        path.write_bytes(whole[:-100])
        for _ in range(2):
            with pytest.raises(ValueError, match=r"depth_1_0000001\.png must"):
                open_data(f"nyu:{tree}", side_px=32, cache=tmp_path / "cache")
        assert not list((tmp_path / "cache").glob("*/facts.json"))
        path.write_bytes(whole)
        assert len(open_data(f"nyu:{tree}", side_px=32, cache=tmp_path / "cache").crops)
