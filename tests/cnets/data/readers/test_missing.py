"""Native sets in which labels, joints or files are missing, or frames are another's."""

import gzip
import shutil
import struct

import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat, savemat

from cnets.data import counts
from cnets.data.opening import open_data
from cnets.data.readers import icvl, msra, nyu
from cnets.data.splits import TRAIN


READERS = {"nyu": nyu, "icvl": icvl, "msra": msra}


@pytest.fixture(params=READERS)
def native(request):
    """Each kind of set: its name, its folder and its reader."""
    root = request.getfixturevalue(f"{request.param}_set")
    return request.param, root, READERS[request.param].recording


def edit(kind, root, change):
    """Change the numbers of the training labels (MSRA: of P1); `change` gets an array.

    The array is [frames, joints, 3], as the file has it.
    """
    if kind == "nyu":
        path = root / "train" / "joint_data.mat"
        held = loadmat(path)["joint_uvd"]
        change(held[0])
        savemat(path, {"joint_uvd": held})
        return
    path = root / ("Training/labels.txt" if kind == "icvl" else "P1/1/joint.txt")
    lines = path.read_text().splitlines()
    start, first = (0, 1) if kind == "icvl" else (1, 0)
    cells = [line.split() for line in lines[start:]]
    held = np.array([row[first:] for row in cells], float)
    held = held.reshape(len(cells), -1, 3)
    change(held)
    rows = [
        " ".join([*row[:first], *map(str, np.ravel(one))])
        for row, one in zip(cells, held.tolist(), strict=True)
    ]
    path.write_text("\n".join([*lines[:start], *rows]))


def first_row(kind):
    """Where the edited labels begin among all frames, by each reader's order."""
    return 6 if kind == "msra" else 0


class TestLabels:
    @pytest.mark.parametrize("mark", [np.nan, 0.0, -1.0, -999.0])
    def test_a_row_of_marks_is_a_frame_without_a_label(self, native, mark):
        """It keeps its own image and takes no other frame's joints, also as the first."""
        kind, root, read = native
        before = read(root, centres="labels")

        def change(held):
            held[[0, 3]] = mark

        edit(kind, root, change)
        after = read(root, centres="labels")
        rows = np.array([0, 3]) + first_row(kind)
        others = np.delete(np.arange(len(before.files)), rows)
        assert after.files == before.files
        assert np.isnan(after.joints_mm[rows]).all()
        assert np.isnan(after.centres_uvd[rows]).all()
        np.testing.assert_allclose(
            after.joints_mm[others], before.joints_mm[others], atol=1e-3
        )

    @pytest.mark.parametrize("mark", [np.nan, 0.0, -1.0])
    def test_a_joint_that_is_missing_alone_is_nan_alone(self, native, mark):
        """The other joints of the frame are as they were."""
        kind, root, read = native
        before = read(root, centres="auto").joints_mm

        def change(held):
            held[4, 2] = mark

        edit(kind, root, change)
        after = read(root, centres="auto").joints_mm
        row = 4 + first_row(kind)
        assert np.argwhere(np.isnan(after)).tolist() == [[row, 2, n] for n in range(3)]
        known = ~np.isnan(after)
        np.testing.assert_allclose(after[known], before[known], atol=1e-3)

    def test_one_number_of_three_makes_the_joint_unknown(self, native):
        """A joint without its depth is nowhere."""
        kind, root, read = native

        def change(held):
            held[1, 5, 2] = np.nan

        edit(kind, root, change)
        joints_mm = read(root, centres="auto").joints_mm
        assert np.isnan(joints_mm[1 + first_row(kind), 5]).all()

    def test_a_name_alone_is_a_frame_without_a_label(self, icvl_set):
        """ICVL: what stands behind the name may be missing as a whole, not in part."""
        path = icvl_set / "Training" / "labels.txt"
        lines = path.read_text().splitlines()
        whole = lines[7]
        lines[7] = whole.split()[0]
        path.write_text("\r\r\n".join(f"{line} \t" for line in lines))
        joints_mm = icvl.recording(icvl_set, centres="auto").joints_mm
        assert np.flatnonzero(np.isnan(joints_mm).all((1, 2))).tolist() == [7]
        lines[7] = whole.rsplit(" ", 1)[0]
        path.write_text("\n".join(lines))
        with pytest.raises(
            ValueError, match=r"must have 48 numbers .* got 47 in row 8"
        ):
            icvl.recording(icvl_set, centres="auto")

    def test_more_joints_than_expected_are_refused(self, icvl_set):
        """63 numbers are 21 joints and no ICVL labels."""
        path = icvl_set / "Testing" / "labels.txt"
        lines = [f"{line} {'1 ' * 15}" for line in path.read_text().splitlines()]
        path.write_text("\n".join(lines))
        said = (
            r"Testing/labels\.txt must have 48 numbers .* got 63 in row 1, as 21 joints"
        )
        with pytest.raises(ValueError, match=said):
            icvl.recording(icvl_set, centres="auto")

    def test_half_labelled(self, msra_set, tmp_path):
        """Every second label: half of train is for the GAN, half of the others is out."""
        for path in msra_set.rglob("joint.txt"):
            lines = path.read_text().splitlines()
            lines[2::2] = [" ".join(["NaN"] * 63)] * 3
            path.write_text("\n".join(lines))
        hands = open_data(f"msra:{msra_set}", side_px=32, cache=tmp_path / "c")
        found = counts.of(hands)
        assert (found.train, found.validation, found.test) == (3, 3, 3)
        assert (found.unlabelled, found.dropped) == (3, {"no label": 6})
        assert (found.frames, found.labels) == (18, 9)
        assert len(hands.depth_rows()) == 6
        assert hands.lost == {"train": 0, "validation": 3, "test": 3}

    def test_a_frame_without_its_root_is_without_a_label(self, msra_set, tmp_path):
        """None of its joints is used, so that all who ask agree."""

        def change(held):
            held[2, 0] = 0

        edit("msra", msra_set, change)
        hands = open_data(f"msra:{msra_set}", side_px=32, cache=tmp_path / "c")
        assert np.isnan(hands.joints_mm[8]).all()
        assert counts.of(hands).labels == 17


class TestFrames:
    def test_frames_of_another_size_are_refused(self, native, tmp_path):
        """Any frame, not only the first, and before a crop is made."""
        kind, root, read = native
        files = read(root, centres="labels").files
        path = files[-1]
        path.unlink()
        if kind == "msra":
            head = struct.pack("<6i", 100, 80, 0, 0, 2, 2)
            path.write_bytes(head + np.full(4, 350, "<f4").tobytes())
        else:
            mode = np.zeros((80, 100, 3), np.uint8) if kind == "nyu" else None
            grey = np.zeros((80, 100), np.uint16)
            Image.fromarray(grey if mode is None else mode).save(path)
        size = "640 x 480" if kind == "nyu" else "320 x 240"
        said = rf"{path.name} must .*(got 100 x 80|are 100 x 80, camera .* {size})"
        with pytest.raises(ValueError, match=said):
            open_data(f"{kind}+labels:{root}", side_px=32, cache=tmp_path / "c")
        assert not (tmp_path / "c").exists()


class TestFiles:
    def test_a_missing_image(self, native):
        """Refused and named; left out and counted with the wish; the others stay."""
        kind, root, read = native
        whole = read(root, centres="labels")
        lost = [2, 5]
        for row in lost:
            whole.files[row].unlink()
        row = 4 if kind == "msra" else 3
        said = (
            f"in row {row} whose image .*{whole.files[2].name} is missing, and 1 more"
        )
        with pytest.raises(ValueError, match=said):
            read(root, centres="labels")
        left = read(root, centres="labels", skip_missing=True)
        kept = np.delete(np.arange(len(whole.files)), lost)
        assert left.files == tuple(whole.files[n] for n in kept)
        np.testing.assert_array_equal(left.joints_mm, whole.joints_mm[kept])
        np.testing.assert_array_equal(left.centres_uvd, whole.centres_uvd[kept])
        for way, split in whole.splits.items():
            np.testing.assert_array_equal(left.splits[way], split[kept])
        assert left.skipped == {"file missing": 2}

    def test_an_image_of_icvl_without_a_row(self, icvl_set, tmp_path):
        """It is counted as dropped, once; a hidden one is none."""
        labels = icvl_set / "Training" / "labels.txt"
        first, *rest = labels.read_text().splitlines()
        folder = (icvl_set / "Training" / "Depth" / first.split()[0]).parent
        (folder / "._image.png").write_bytes(b"x")
        before = counts.of(open_data(f"icvl:{icvl_set}", side_px=32, cache=tmp_path))
        assert "label missing" not in before.dropped
        labels.write_text("\n".join(rest) + "\n")
        found = counts.of(open_data(f"icvl:{icvl_set}", side_px=32, cache=tmp_path))
        assert found.dropped["label missing"] == 1
        assert found.frames == before.frames

    def test_the_wish_is_part_of_the_name(self, msra_set, tmp_path):
        """A set without its missing frames is opened, counted, and another one."""
        cache = tmp_path / "c"
        whole = open_data(f"msra:{msra_set}", side_px=32, cache=cache)
        same = open_data(f"msra+skip-missing:{msra_set}", side_px=32, cache=cache)
        assert same.fingerprint == whole.fingerprint
        (msra_set / "P1" / "1" / "000003_depth.bin").unlink()
        hands = open_data(f"msra+skip-missing:{msra_set}", side_px=32, cache=cache)
        assert hands.dropped == {"file missing": 1}
        assert counts.of(hands).frames == 18
        assert hands.fingerprint != whole.fingerprint

    @pytest.mark.parametrize("kind", ["nyu", "msra"])
    def test_an_image_without_a_label(self, kind, request):
        """Refused and named; left out and counted with the wish."""
        root = request.getfixturevalue(f"{kind}_set")
        read = READERS[kind].recording
        whole = read(root, centres="labels")
        last = whole.files[-1]
        name = "depth_1_0000007.png" if kind == "nyu" else "0000006_depth.bin"
        (last.parent / name).hardlink_to(last)
        with pytest.raises(ValueError, match=f"the 7 images .* has 6, none for {name}"):
            read(root, centres="labels")
        left = read(root, centres="labels", skip_missing=True)
        assert (left.files, left.skipped) == (whole.files, {"label missing": 1})

    def test_a_sequence_without_labels(self, msra_set):
        """MSRA: refused and named; with the wish its images are counted."""
        shutil.copytree(msra_set / "P2" / "1", msra_set / "P2" / "2")
        (msra_set / "P2" / "2" / "joint.txt").unlink()
        with pytest.raises(
            ValueError, match=r"P2/2 must hold joint\.txt, and does not"
        ):
            msra.recording(msra_set, centres="auto")
        left = msra.recording(msra_set, centres="auto", skip_missing=True)
        assert (len(left.files), left.skipped) == (18, {"label missing": 6})

    def test_all_images_missing(self, msra_set):
        """Nothing is left to go on with."""
        for path in (msra_set / "P1").rglob("*.bin"):
            path.unlink()
        with pytest.raises(ValueError, match="must have images, and all 6 are missing"):
            msra.recording(msra_set, centres="auto", skip_missing=True)

    def test_names_as_other_systems_write_them(self, native):
        """Hidden files do not count; an ending may be in capitals."""
        _, root, read = native
        whole = read(root, centres="labels")
        path = whole.files[1]
        (path.parent / f"._{path.name}").write_bytes(b"\0")
        capitals = path.with_suffix(path.suffix.upper())
        path.rename(capitals)
        found = read(root, centres="labels").files
        assert found == (whole.files[0], capitals, *whole.files[2:])

    def test_gzipped_labels_with_gaps(self, msra_set):
        """MSRA: the way through gzip has the same rule."""
        path = msra_set / "P2" / "1" / "joint.txt"
        lines = path.read_text().splitlines()
        lines[6] = "0 " * 63
        path.with_name("joint.txt.gz").write_bytes(
            gzip.compress("\n".join(lines).encode())
        )
        path.unlink()
        read = msra.recording(msra_set, centres="auto")
        assert np.flatnonzero(np.isnan(read.joints_mm[:, 0, 0])).tolist() == [17]


def test_frames_without_centre_are_in_no_split(nyu_set, tmp_path):
    """NYU: `invalid` in the file of centres drops the frame, and nothing else."""
    whole = nyu.recording(nyu_set, centres="labels")
    for part, rows in (("train", slice(0, 210)), ("test", slice(210, 216))):
        lines = [" ".join(map(str, row)) for row in whole.centres_uvd[rows].tolist()]
        lines[1] = "invalid"
        (nyu_set / f"center_{part}.txt").write_text("\n".join(lines))
    hands = open_data(f"nyu+file:{nyu_set}", side_px=32, cache=tmp_path / "c")
    assert hands.dropped["no centre"] == 2
    train = np.flatnonzero(whole.splits["official"] == TRAIN)
    assert set(train) - set(hands.rows("train")) == {1}
    assert hands.rows("test").tolist() == [210, 212, 213, 214, 215]
    assert len(hands.joints_mm) == 216


def test_one_frame_of_each(msra_set, tmp_path):
    """They are read and counted, and one label is refused before it is trained on."""
    for path in msra_set.rglob("joint.txt"):
        path.write_text("\n".join(["1", path.read_text().splitlines()[1]]))
    for path in msra_set.rglob("*_depth.bin"):
        if not path.name.startswith("000000"):
            path.unlink()
    hands = open_data(f"msra:{msra_set}", side_px=32, cache=tmp_path / "c")
    with pytest.raises(ValueError, match="must leave 2 labels or more, got 1"):
        counts.check(hands, ratios=[1.0], test=True)
    line, *_ = counts.check(hands, test=True)
    assert "3 frames, 3 labels; train 1, validation 1, test 1, unlabelled 0" in line


def test_frames_in_another_unit(icvl_set, tmp_path):
    """Refused before a crop is made, with the likely unit."""
    for path in icvl_set.rglob("*.png"):
        with Image.open(path) as image:
            eighths = np.asarray(image).copy()
        eighths[eighths < 32001] *= 8
        path.unlink()
        Image.fromarray(eighths).save(path)
    with pytest.raises(ValueError, match="the frames hold eighths of a millimetre"):
        open_data(f"icvl:{icvl_set}", side_px=32, cache=tmp_path / "c")
