"""Folders of frames without labels: which frames, which camera, and refusals."""

import shutil

import numpy as np
import pytest
from PIL import Image

from cnets.cameras import CAMERAS, Camera
from cnets.data.opening import open_data
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

    def test_camera_by_numbers(self, tmp_path):
        """The size is that of the frames; one that is written must be theirs."""
        grey(tmp_path / "a.png", 320, 240)
        wanted = Camera(300.0, 301.0, 161.0, 122.0, 320, 240)
        for text in ("300,301,161,122", "300,301,161,122,320,240+unit=0.5"):
            found = unlabelled.frames(f"{tmp_path}@{text}")
            assert (found.camera, found.notes) == (wanted, ())
        with pytest.raises(ValueError, match="camera as given has 640 x 480"):
            unlabelled.frames(f"{tmp_path}@300,301,161,122,640,480")

    def test_a_guess_is_said(self, tmp_path):
        """The note has the camera and how to name it; a named one has none."""
        grey(tmp_path / "a.png", 640, 480)
        (note,) = unlabelled.frames(str(tmp_path)).notes
        assert "is a guess: sr300" in note
        assert unlabelled.frames(f"{tmp_path}@sr300").notes == ()

    def test_what_a_folder_holds_besides(self, tmp_path):
        """Hidden files are passed over, links followed, endings in any case taken."""
        for name in ("set/2.png", "set/10.PNG", "elsewhere/1.png"):
            grey(tmp_path / name.lower(), 320, 240)
        (tmp_path / "set" / "10.png").rename(tmp_path / "set" / "10.PNG")
        (tmp_path / "set" / "._2.png").write_bytes(b"\0\5\x16\7")
        (tmp_path / "set" / "link").symlink_to(tmp_path / "elsewhere")
        (tmp_path / "elsewhere" / "up").symlink_to(tmp_path / "set")
        found = unlabelled.frames(str(tmp_path / "set")).files
        names = [str(path.relative_to(tmp_path / "set")) for path in found]
        assert names == ["2.png", "10.PNG", "link/1.png"]


class TestSeen:
    @pytest.fixture
    def hand(self, tmp_path):
        """Writes three frames whose hand is 600 mm away, in some unit."""

        def write(unit_mm):
            frame = np.zeros((240, 320), np.uint16)
            slope_mm = 600 + np.arange(60)[:, None] / 2
            frame[90:150, 130:190] = np.round(slope_mm / unit_mm)
            for number in range(3):
                Image.fromarray(frame).save(tmp_path / f"{number}.png")
            return f"{tmp_path}@msra"

        return write

    def opened(self, text, tmp_path):
        """The set that such frames are added to."""
        return open_data(
            "synthetic:20",
            side_px=32,
            unlabelled=text,
            cache=tmp_path / "cache",
        )

    @pytest.mark.parametrize(
        ("unit_mm", "words"),
        [
            (0.125, r"eighths of a millimetre .*\+unit=0\.125"),
            (0.1, r"tenths of a millimetre.*\+unit=0\.1"),
            (10, r"centimetres.*\+unit=10"),
        ],
    )
    def test_another_unit(self, hand, tmp_path, unit_mm, words):
        """Refused with the likely unit; read when it is said."""
        text = hand(unit_mm)
        with pytest.raises(ValueError, match=f"100 to 1500 mm away, .*{words}"):
            self.opened(text, tmp_path)
        hands = self.opened(f"{text}+unit={unit_mm}", tmp_path)
        assert (len(hands.unlabelled), hands.unlabelled_empty) == (3, ())
        plain = hand(1)
        wanted = self.opened(plain, tmp_path).unlabelled
        difference = np.abs(hands.unlabelled - wanted, dtype=np.float64)
        assert difference.mean() < 0.1

    def test_nothing_at_all(self, hand, tmp_path):
        """Frames of zeros, and a wall that is no hand."""
        text = hand(1)
        for depth, words in (
            (0, "3 of 3 frames that were looked at show no hand"),
            (9000, "eighths of a millimetre .* or tenths of a millimetre"),
        ):
            for path in tmp_path.glob("*.png"):
                Image.fromarray(np.full((240, 320), depth, np.uint16)).save(path)
            with pytest.raises(ValueError, match=words):
                self.opened(text, tmp_path)
        with pytest.raises(ValueError, match=r"1800: .* or no hand"):
            self.opened(f"{text}+unit=0.2", tmp_path)

    def test_some_frames_without_a_hand_are_dropped(self, hand, tmp_path):
        """They are counted; the others are used."""
        text = hand(1)
        grey(tmp_path / "1.png", 320, 240)
        hands = self.opened(text, tmp_path)
        assert hands.unlabelled_empty == (1,)
        assert hands.dropped == {"no hand seen": 1}


class TestRefusals:
    def test_text(self, tmp_path):
        """An unknown camera, an unknown wish, a missing folder, no folder."""
        grey(tmp_path / "a.png", 320, 240)
        with pytest.raises(ValueError, match=r"one of nyu, .* or FX,.* got 'kinect3'"):
            unlabelled.frames(f"{tmp_path}@kinect3")
        grammar = r"must be DIR\[@CAMERA\[\+mirror\]\[\+unit=MM\]\], got"
        for wish in ("left", "", "unit", "mirror=1"):
            with pytest.raises(ValueError, match=f"{grammar}|a unit above 0"):
                unlabelled.frames(f"{tmp_path}@icvl+{wish}")
        for unit in ("0", "-1", "nan", "inf", "mm", ""):
            with pytest.raises(ValueError, match="must have a unit above 0"):
                unlabelled.frames(f"{tmp_path}@icvl+unit={unit}")
        for text in (f"{tmp_path / 'none'}", f"{tmp_path / 'none'}@icvl", "", "@icvl"):
            with pytest.raises(ValueError, match="must name a folder that exists"):
                unlabelled.frames(text)

    def test_sizes(self, tmp_path):
        """A size no camera has, another one than the named one's, two sizes."""
        grey(tmp_path / "a.png", 100, 50)
        with pytest.raises(ValueError, match="no known one has frames of 100 x 50"):
            unlabelled.frames(str(tmp_path))
        with pytest.raises(
            ValueError, match="frames are 100 x 50, camera icvl has 320 x 240"
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
