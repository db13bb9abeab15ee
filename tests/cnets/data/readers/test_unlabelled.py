"""Folders of frames without labels: which frames, which camera, and refusals."""

import shutil

import numpy as np
import pytest
from PIL import Image

from cnets.cameras import CAMERAS
from cnets.data.readers import unlabelled


def grey(path, width, height):
    """An empty 16-bit frame."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((height, width), np.uint16)).save(path)


class TestFrames:
    def test_real_folders(self, realdata):
        """Kinect 2 and SR300 are known by their sizes; 8-bit files are passed over."""
        kinect = unlabelled.frames(str(realdata / "kinect2_srn"))
        assert kinect.camera == CAMERAS["kinect2"]
        assert [path.name for path in kinect.files] == [
            f"{number:08d}.png" for number in range(1, 362, 24)
        ]
        assert not kinect.mirrored
        assert unlabelled.frames(str(realdata / "hands17")).camera == CAMERAS["sr300"]

    def test_camera_by_name_and_mirror(self, tmp_path):
        """A name goes before the size; `+mirror` is for left hands."""
        grey(tmp_path / "a.png", 320, 240)
        guessed = unlabelled.frames(str(tmp_path))
        named = unlabelled.frames(f"{tmp_path}@icvl")
        left = unlabelled.frames(f"{tmp_path}@icvl+mirror")
        assert guessed.camera == CAMERAS["msra"]
        assert named.camera == left.camera == CAMERAS["icvl"]
        assert (named.mirrored, left.mirrored) == (False, True)
        assert unlabelled.frames(f"{tmp_path}@+mirror").mirrored

    def test_folders_in_the_folder(self, tmp_path):
        """Frames are sorted by their whole names, whatever other files there are."""
        for name in ("b/1.png", "a/2.png", "a/1.png"):
            grey(tmp_path / name, 320, 240)
        (tmp_path / "a" / "notes.txt").write_text("none")
        found = unlabelled.frames(str(tmp_path)).files
        names = [path.relative_to(tmp_path).as_posix() for path in found]
        assert names == ["a/1.png", "a/2.png", "b/1.png"]

    def test_a_folder_with_an_at_sign(self, tmp_path):
        """A folder that is there is taken as it is called."""
        grey(tmp_path / "x@y" / "a.png", 320, 240)
        assert unlabelled.frames(str(tmp_path / "x@y")).camera == CAMERAS["msra"]
        assert unlabelled.frames(f"{tmp_path / 'x@y'}@icvl").camera == CAMERAS["icvl"]


class TestRefusals:
    def test_text(self, tmp_path):
        """An unknown camera, an unknown wish, a missing folder, no folder."""
        grey(tmp_path / "a.png", 320, 240)
        with pytest.raises(ValueError, match=r"camera of nyu, .*, got 'kinect3'"):
            unlabelled.frames(f"{tmp_path}@kinect3")
        with pytest.raises(
            ValueError, match=r"must be DIR\[@CAMERA\[\+mirror\]\], got"
        ):
            unlabelled.frames(f"{tmp_path}@icvl+left")
        for text in (f"{tmp_path / 'none'}", f"{tmp_path / 'none'}@icvl", "", "@icvl"):
            with pytest.raises(ValueError, match="must name a folder that exists"):
                unlabelled.frames(text)

    def test_sizes(self, tmp_path):
        """A size no camera has, another one than the named one's, two sizes."""
        grey(tmp_path / "a.png", 100, 50)
        with pytest.raises(ValueError, match="no known one has frames of 100 x 50"):
            unlabelled.frames(str(tmp_path))
        with pytest.raises(
            ValueError, match="320 x 240 pixels for camera icvl, got 100"
        ):
            unlabelled.frames(f"{tmp_path}@icvl")
        grey(tmp_path / "b.png", 320, 240)
        with pytest.raises(ValueError, match=r"b\.png must have 100 x 50 .* as a\.png"):
            unlabelled.frames(str(tmp_path))

    def test_files(self, realdata, tmp_path):
        """No PNG, 8-bit files alone, an RGB PNG, and a JPEG called PNG."""
        with pytest.raises(ValueError, match="16 bits, and holds none"):
            unlabelled.frames(str(tmp_path))
        Image.new("L", (320, 240)).save(tmp_path / "a.png")
        with pytest.raises(ValueError, match="16 bits, and holds none"):
            unlabelled.frames(str(tmp_path))
        source = realdata / "nyu" / "frames" / "depth_1_0000001.png"
        shutil.copy(source, tmp_path / "b.png")
        with pytest.raises(ValueError, match=r"b\.png must be a grey PNG .* is RGB"):
            unlabelled.frames(str(tmp_path))
        Image.new("L", (320, 240)).save(tmp_path / "b.png", format="JPEG")
        with pytest.raises(ValueError, match=r"b\.png must be a PNG, and does not"):
            unlabelled.frames(str(tmp_path))
