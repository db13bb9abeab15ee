"""Tests of `cnets.data.readers.recording`: what the readers of frames share."""

import gzip

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
