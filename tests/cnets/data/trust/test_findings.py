"""Random healthy sets pass, and each way to spoil one is noticed and named.

The sets are rendered hands of a person at a place drawn from a seed, written in the
data sets' own forms and read by their readers.
"""

import gzip
import struct
from dataclasses import replace

import numpy as np
import pytest

from cnets.cameras import CAMERAS
from cnets.data import opening
from cnets.data.files import label_files
from cnets.data.readers import unlabelled
from cnets.data.trust import findings, looking
from cnets.hands.skeleton import NYU36


SEEDS = 2
"""Random sets a way of spoiling."""


def relabelled(case, joints_mm=None, uvd=None):
    """The same frames with other labels, in both forms."""
    camera = case.camera
    if uvd is None:
        x, y, z = np.moveaxis(joints_mm, -1, 0)
        u, v = camera.cx + x * camera.fx / z, camera.cy - y * camera.fy / z
        return replace(case, joints_mm=joints_mm, uvd=np.stack([u, v, z], -1))
    u, v, z = np.moveaxis(uvd, -1, 0)
    x, y = (u - camera.cx) * z / camera.fx, (camera.cy - v) * z / camera.fy
    return replace(case, joints_mm=np.stack([x, y, z], -1), uvd=uvd)


def scaled(case, times):
    """Frames in another unit."""
    frames = [np.minimum(np.round(frame * times), 65535) for frame in case.frames_mm]
    return replace(case, frames_mm=frames)


def swapped(case):
    """The two bytes of every pixel in the other order, also of `nothing`."""
    nothing = {"icvl": 32001, "nyu": 2001, "msra": 0}[case.kind]
    held = [np.where(f == 0, nothing, f).astype(np.uint16) for f in case.frames_mm]
    return replace(case, frames_mm=[f.byteswap().astype(np.float32) for f in held])


def deep(case):
    """Depths turned round about the middle of each hand."""
    joints = case.joints_mm.copy()
    joints[..., 2] = 2 * joints[..., 2].mean(1, keepdims=True) - joints[..., 2]
    return relabelled(case, joints)


def middle(case):
    """Centres of the hands in pixels."""
    return case.uvd.mean(1)


SPOILT = {
    "eighths": (lambda c: scaled(c, 8), "refuse", "eighths of a millimetre"),
    "tenths": (lambda c: scaled(c, 10), "refuse", "tenths of a millimetre"),
    "over ten": (lambda c: scaled(c, 0.1), "refuse", "centimetres"),
    "over eight": (lambda c: scaled(c, 0.125), "refuse", "divided by 8"),
    "bytes": (swapped, "refuse", "other order of bytes"),
    "size": (
        lambda c: replace(c, frames_mm=[f[::2, ::2] for f in c.frames_mm]),
        "refuse",
        "the frames are of another camera, or were scaled or turned",
    ),
    "y": (lambda c: relabelled(c, c.joints_mm * [1, -1, 1]), "warn", "y turned round"),
    "x": (lambda c: relabelled(c, c.joints_mm * [-1, 1, 1]), "warn", "x turned round"),
    "depth": (deep, "warn", "depth turned round"),
    "u and v": (
        lambda c: relabelled(c, uvd=c.uvd[..., [1, 0, 2]]),
        "warn",
        "u and v exchanged",
    ),
}
"""How a set is spoilt, the level of what is found, and words of the sentence."""


def found_in(case, root):
    """What is found in a set on disk, 20 frames of it."""
    return findings.check(opening.labels_of(case.write(root)), 20)


@pytest.mark.parametrize("kind", ["msra", "icvl", "nyu"])
@pytest.mark.parametrize("given", [False, True])
def test_a_healthy_set_has_nothing(scene, tmp_path, kind, given):
    """With centres found in the frames, from labels, or from a file."""
    for seed in range(SEEDS if kind != "nyu" else 1):
        case = scene(kind, seed)
        if given:
            case = replace(case, centres=middle(case))
        assert found_in(case, tmp_path / str(seed)) == []


@pytest.mark.parametrize("way", SPOILT)
def test_a_spoilt_set_is_noticed(scene, tmp_path, way):
    """One sentence with the cause comes first, and it names a place."""
    spoil, level, words = SPOILT[way]
    for seed in range(SEEDS):
        case = spoil(scene(("msra", "icvl")[seed % 2], seed))
        first = found_in(case, tmp_path / str(seed))[0]
        assert (first.level, words in first.sentence) == (level, True), first.sentence
        assert str(tmp_path) in first.sentence or case.kind in first.sentence


@pytest.mark.parametrize("kind", ["msra", "icvl"])
def test_the_other_hand(scene, tmp_path, kind):
    """Frames and labels of the hand that the set is not made of."""
    other = "right" if kind == "icvl" else "left"
    found = found_in(scene(kind, 4, hand=other), tmp_path / "set")
    assert [finding.level for finding in found] == ["warn"]
    assert f"bend as those of {other} hands" in found[0].sentence


def test_rgb_frames_of_nyu(scene, tmp_path):
    """Green and blue exchanged are bytes in the other order."""
    found = found_in(swapped(scene("nyu", 1, 4)), tmp_path / "set")
    assert "other order of bytes" in found[0].sentence


def test_labels_of_other_frames(scene, tmp_path):
    """No axis explains them, and the share is told."""
    case = scene("msra", 6)
    joints = case.joints_mm + np.array([0, 0, 90])
    found = found_in(relabelled(case, joints), tmp_path / "set")
    assert [finding.level for finding in found] == ["warn"]
    assert "joints lie on or beside the hand (depths there are 0.8" in found[0].sentence


def test_a_few_stray_centres(scene, tmp_path):
    """One in 30 is a warning with its row; all joints in the wrong cube is none."""
    case = scene("msra", 2, 30)
    frames = looking.of_recording(opening.labels_of(case.write(tmp_path / "set")))
    stray = np.float32(middle(case))
    stray[7] = [-400, 100, 500]
    found = findings.check(replace(frames, centres_uvd=stray), 20)
    assert [finding.level for finding in found] == ["warn"]
    assert (
        "1 of 30 cubes lie outside, the first about (-400, 100, 500)"
        in found[0].sentence
    )


class TestWithoutLabels:
    def frames(self, scene, folder, times=1.0, swap=False, **changes):
        """Grey PNG files of a hand without labels, camera msra."""
        case = replace(scaled(scene("icvl", 3, 6, hand="right"), times), **changes)
        (swapped(case) if swap else case).write(folder)
        return looking.of_unlabelled(unlabelled.frames(f"{folder}@msra"))

    def test_healthy(self, scene, tmp_path):
        """Nothing is found."""
        assert findings.check(self.frames(scene, tmp_path)) == []

    @pytest.mark.parametrize(
        ("times", "words"),
        [(8, "eighths"), (10, "tenths"), (0.1, "centimetres"), (0.125, "divided by 8")],
    )
    def test_another_unit(self, scene, tmp_path, times, words):
        """The nearest things say it; each unit that fits is named."""
        found = findings.check(self.frames(scene, tmp_path, times))
        assert [finding.level for finding in found] == ["refuse"]
        assert words in found[0].sentence
        assert str(tmp_path) in found[0].sentence

    def test_swapped(self, scene, tmp_path):
        """No label is needed to see the order of bytes."""
        found = findings.check(self.frames(scene, tmp_path, swap=True))
        assert "other order of bytes" in found[0].sentence

    def test_nothing_in_any(self, scene, tmp_path):
        """Frames of zeros are refused, as no hand can be in them."""
        blank = [np.zeros((240, 320))] * 6
        found = findings.check(self.frames(scene, tmp_path, frames_mm=blank))
        assert found[0].level == "refuse"
        assert "6 of 6 frames that were looked at show no hand" in found[0].sentence

    @pytest.mark.parametrize("place", ["hands17", "kinect2_srn@kinect2"])
    def test_real_frames(self, realdata, place):
        """Nothing is found in frames of two other sensors."""
        found = unlabelled.frames(f"{realdata}/{place}")
        assert findings.check(looking.of_unlabelled(found)) == []


class TestRealLabels:
    def test_nyu(self, realdata):
        """The native frame with its label: all 36 joints on the hand."""
        uvd = label_files.uvd_tables(realdata / "nyu")[:1]
        frames = looking.Frames(
            name="nyu",
            files=(realdata / "nyu" / "frames" / "depth_1_0000001.png",),
            camera=CAMERAS["nyu"],
            skeleton=NYU36,
            joints_uvd=uvd,
            centres_uvd=uvd[:, NYU36.root].astype(np.float32),
        )
        looks = looking.look(frames, np.arange(1))
        assert findings.share_on_hand(looks) == 1
        assert findings.of_looks(frames, looks) == []

    def test_msra(self, realdata, tmp_path):
        """The native frame, in an own file, about its published centre."""
        with gzip.open(realdata / "msra" / "frames" / "msra-hand.txt.gz") as file:
            depth = np.loadtxt(file)
        depth = np.where(depth == 1000, 0, depth).astype("<f4")
        path = tmp_path / "000009_depth.bin"
        path.write_bytes(struct.pack("<6i", 320, 240, 0, 0, 320, 240) + depth.tobytes())
        frames = looking.Frames(name="msra", files=(path,), camera=CAMERAS["msra"])
        (look,) = looking.look(frames, np.arange(1))
        assert look.shows_hand
        assert findings.of_looks(frames, [look]) == []


def test_trusted(scene, tmp_path):
    """Warnings come back, a refusal is raised."""
    case = scene("msra", 1, 8)
    turned = relabelled(case, case.joints_mm * [1, -1, 1]).write(tmp_path / "turned")
    (said,) = findings.trusted(opening.labels_of(turned))
    assert "with y turned round" in said
    wrong = opening.labels_of(scaled(case, 8).write(tmp_path / "wrong"))
    with pytest.raises(ValueError, match="eighths of a millimetre"):
        findings.trusted(wrong)


def test_open_data_asks(scene, tmp_path):
    """A refused set makes no crops; the warnings about another are its notes."""
    case, cache = scene("msra", 1, 8), tmp_path / "cache"
    wrong = scaled(case, 8).write(tmp_path / "wrong")
    with pytest.raises(ValueError, match="eighths of a millimetre"):
        opening.open_data(wrong, side_px=32, cache=cache)
    assert not cache.exists()
    turned = relabelled(case, case.joints_mm * [1, -1, 1]).write(tmp_path / "turned")
    (said,) = opening.open_data(turned, side_px=32, cache=cache).notes
    assert "with y turned round" in said
    folder = tmp_path / "more"
    scaled(scene("icvl", 3, 6), 8).write(folder)
    with pytest.raises(ValueError, match="must show a hand 100 to 1500 mm away"):
        opening.open_data(turned, side_px=32, cache=cache, unlabelled=f"{folder}@msra")


@pytest.mark.parametrize("way", ["eighths", "bytes", "over ten"])
def test_one_split_alone(scene, tmp_path, way):
    """A small test split in another unit is refused, though most joints lie on hands."""
    case = scene("msra", 5, 40)
    wrong = SPOILT[way][0](case)
    case = replace(case, frames_mm=[*case.frames_mm[:34], *wrong.frames_mm[34:]])
    frames = looking.of_recording(opening.labels_of(case.write(tmp_path / "set")))
    parts = np.repeat(np.int8([0, 1, 2]), [28, 6, 6])
    first = findings.check(replace(frames, parts=parts))[0]
    assert (first.level, SPOILT[way][2] in first.sentence) == ("refuse", True)
    healthy = scene("msra", 5, 40)
    frames = looking.of_recording(opening.labels_of(healthy.write(tmp_path / "two")))
    assert findings.check(replace(frames, parts=parts)) == []
