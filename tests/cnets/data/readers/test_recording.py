"""Tests of `cnets.data.readers.recording`: what the readers of frames share."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from cnets.cameras import CAMERAS
from cnets.data.readers import recording
from cnets.data.splits import GAP_FRAMES, TEST, TRAIN, UNUSED, VALIDATION


class TestFiles:
    def test_the_first_that_is_there(self, tmp_path):
        """A gzipped file stands for the plain one; the order is the caller's."""
        names = [tmp_path / name for name in ("a.txt", "b.txt")]
        assert recording.first_file(*names) is None
        (tmp_path / "b.txt").write_text("1")
        assert recording.first_file(*names) == tmp_path / "b.txt"
        (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"1"))
        assert recording.first_file(*names) == tmp_path / "a.txt.gz"

    def test_the_first_that_is_missing(self, tmp_path):
        """Its row is given, also where its whole folder is not there."""
        files = [tmp_path / f"{number}.png" for number in range(3)]
        for path in files:
            path.touch()
        assert recording.missing(files) is None
        files[1].unlink()
        assert recording.missing(files) == 1
        assert recording.missing([tmp_path / "none" / "0.png"]) == 0

    def test_centres_are_those_of_the_part(self, tmp_path):
        """The name says train or test; two of one part are refused."""
        for name in ("center_train.txt", "center_test.txt", "labels_test.txt"):
            (tmp_path / name).touch()
        folders = [tmp_path / "none", tmp_path]
        found = recording.find_centres(folders, "test", alone=False)
        assert found == tmp_path / "center_test.txt"
        (tmp_path / "center_test.mat").touch()
        with pytest.raises(ValueError, match="must hold one file of centres"):
            recording.find_centres(folders, "test", alone=False)

    def test_a_part_alone_need_not_be_named(self, tmp_path):
        """Without another part any file of centres will do."""
        (tmp_path / "center.txt").touch()
        assert recording.find_centres([tmp_path], "test", alone=True).name == (
            "center.txt"
        )
        with pytest.raises(ValueError, match="must hold centres"):
            recording.find_centres([tmp_path], "test", alone=False)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("1 2 3\n", "must hold 2 rows of 3 numbers"),
            ("1 2 3\n4 5 nan\n", "must hold finite numbers"),
            ("1 2 3\n4 5 0\n", "center.txt"),
        ],
    )
    def test_bad_centres_are_refused(self, tmp_path, text, words):
        """Too few, no number, or not in front of the camera."""
        path = tmp_path / "center.txt"
        path.write_text(text)
        with pytest.raises(ValueError, match=words):
            recording.read_centres(path, 2)
        path.write_text("1 2 3\n4 5 6\n")
        assert recording.read_centres(path, 2).tolist() == [[1, 2, 3], [4, 5, 6]]


class TestFaultyFrames:
    def test_the_last_sound_one_stands_in(self):
        """A row of faulty frames repeats the one before it."""
        faulty = np.array([False, False, True, True, False])
        rows = recording.sound_rows(faulty, Path("labels.txt"))
        assert rows.tolist() == [0, 1, 1, 1, 4]

    def test_the_first_must_be_sound(self):
        """There is none before it; the file is named."""
        with pytest.raises(ValueError, match=r"labels\.txt must have a sound label"):
            recording.sound_rows(np.array([True, False]), Path("labels.txt"))

    def test_a_gap_is_one_missing_number(self):
        """One of a frame's numbers is enough."""
        points = np.zeros((3, 2, 3))
        points[1, 0, 2] = np.nan
        assert recording.has_gaps(points).tolist() == [False, True, False]


class TestPoints:
    def test_there_and_back(self):
        """Pixels and depth undo millimetres."""
        points = np.random.default_rng(0).uniform(-100, 100, (4, 5, 3))
        points[..., 2] += 600
        camera = CAMERAS["icvl"]
        back = recording.to_mm(recording.to_uvd(points, camera), camera)
        np.testing.assert_allclose(back, points, atol=1e-9)


class TestSplits:
    def test_validation_is_held_out_with_gaps(self):
        """A sixteenth is for validation; no two neighbours in time differ in purpose."""
        split = recording.hold_out(6400, "subject")
        assert (split == VALIDATION).sum() == 400
        places = np.flatnonzero(split == VALIDATION)
        train = np.flatnonzero(split == TRAIN)
        distances = np.abs(places[:, None] - train[None]).min(1)
        assert distances.min() > GAP_FRAMES
        assert set(split.tolist()) == {TRAIN, VALIDATION, UNUSED}

    def test_too_few_frames_are_refused(self):
        """The sentence names the split and the count."""
        with pytest.raises(ValueError, match=r"`split` subject needs .* got 10"):
            recording.hold_out(10, "subject")

    @pytest.mark.parametrize(
        ("frames", "ways"), [(20, ["test-only"]), (4000, ["block", "test-only"])]
    )
    def test_a_test_set_alone(self, frames, ways):
        """Few frames can be tested on only; many are split by time as well."""
        found = recording.tested_alone(np.zeros(frames, np.int32))
        assert list(found) == ways
        assert (found["test-only"] == TEST).all()


@pytest.mark.parametrize("centres", recording.CENTRES)
def test_centres_have_four_sources(tmp_path, centres):
    """A name that is none of them is refused."""
    recording.check(tmp_path, centres)
    with pytest.raises(ValueError, match="`centres` must be one of"):
        recording.check(tmp_path, f"{centres}s")


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    """The sentence names it."""
    with pytest.raises(ValueError, match="must name a folder that exists"):
        recording.check(tmp_path / "none", "auto")
