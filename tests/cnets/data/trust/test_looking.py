"""Which frames are looked at, and what is noted on each."""

from dataclasses import replace

import numpy as np
import pytest

from cnets.cameras import CAMERAS
from cnets.data.crops import centre
from cnets.data.opening import labels_of
from cnets.data.readers import synthetic
from cnets.data.trust import looking


@pytest.fixture
def many(tmp_path):
    """A hundred files that are there."""
    files = [tmp_path / f"{row}.png" for row in range(100)]
    for path in files:
        path.write_bytes(b"")
    return looking.Frames(name="set", files=tuple(files), camera=CAMERAS["msra"])


class TestSample:
    def test_runs(self, many):
        """Runs of four neighbours, the same for a seed, another for another."""
        rows = looking.sample(many, 20)
        assert len(set(rows.tolist())) == 20
        assert (rows.reshape(5, 4) - rows[::4, None] == np.arange(4)).all()
        np.testing.assert_array_equal(rows, looking.sample(many, 20))
        assert looking.sample(many, 20, seed=1).tolist() != rows.tolist()

    def test_all(self, many):
        """As many as there are, if more are wanted; one is one."""
        assert looking.sample(many, 100).tolist() == list(range(100))
        assert looking.sample(many, 1000).tolist() == list(range(100))
        assert len(looking.sample(many, 1)) == 1

    def test_each_split_has_its_share(self, many):
        """A small one is looked at as a whole; frames of no split are not."""
        parts = np.repeat(np.int8([0, -1, 1, 2]), [60, 20, 15, 5])
        rows = looking.sample(replace(many, parts=parts), 24)
        counts = {part: int((parts[rows] == part).sum()) for part in (0, -1, 1, 2)}
        assert counts == {0: 10, -1: 0, 1: 9, 2: 5}
        assert len(set(rows.tolist())) == 24

    def test_a_file_that_is_not_there(self, many):
        """It is passed over."""
        many.files[7].unlink()
        assert 7 not in looking.sample(many, 100)


class TestLook:
    def test_a_frame(self, scene, tmp_path):
        """Joints on the hand and in the crop, size, depths, and the progress."""
        case = scene("msra", 3, 6)
        frames = looking.of_recording(labels_of(case.write(tmp_path / "set")))
        np.testing.assert_allclose(frames.joints_uvd, case.uvd, atol=1e-3)
        steps = []
        looks = looking.look(frames, np.arange(6), lambda *step: steps.append(step))
        assert steps[-1] == (6, 6)
        for look, depth in zip(looks, case.frames_mm, strict=True):
            assert look.size == (320, 240)
            assert look.on_hand.mean() > 0.9
            assert look.in_cube.mean() > 0.9
            assert look.shows_hand
            assert not look.swapped
            near, far = np.percentile(depth[depth > 0], (1, 99))
            assert look.nearest_mm == pytest.approx(near)
            assert near <= look.hand_mm[0] < look.hand_mm[1] <= far + 1

    def test_the_background_of_a_test_set(self, scene, tmp_path):
        """A wall at 600 mm of ICVL is no hand, and the frame keeps it."""
        case = scene("icvl", 2, 4)
        case.frames_mm[1:] = [np.full((240, 320), 600.0)] * 3
        frames = looking.of_recording(labels_of(case.write(tmp_path / "set")))
        assert (frames.read(1) == 600).all()
        hand, wall = looking.look(frames, np.arange(2))
        assert wall.centre_uvd.tolist() == [160, 120, 500]
        assert (hand.shows_hand, wall.area_mm2) == (True, 0)

    def test_a_centre_that_is_not_given(self, scene, tmp_path):
        """A row of NaN is found in the frame, others are taken."""
        case = scene("msra", 3, 6)
        case.centres = case.uvd.mean(1)
        frames = looking.of_recording(labels_of(case.write(tmp_path / "set")))
        assert frames.centres_uvd is not None
        frames.centres_uvd[1] = np.nan
        taken, found = (frames.centre(row, frames.read(row)) for row in (0, 1))
        np.testing.assert_allclose(taken, case.centres[0], rtol=1e-5)
        seen = centre.find(case.frames_mm[1].astype(np.float32), frames.camera)
        np.testing.assert_array_equal(found, seen)


def test_rendered_labels_have_no_files():
    """Their joints and centres are there in pixels."""
    labels = synthetic.labels(20)
    frames = looking.of_labels(labels, "synthetic:20")
    assert frames.files == ()
    assert frames.joints_uvd.shape == (20, 21, 3)
    assert looking.sample(frames, 10).tolist() == []
