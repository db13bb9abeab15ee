"""Tests of `cnets.data.crops.centre`: the hand found in a depth frame."""

import gzip

import numpy as np
import pytest

from cnets.cameras import CAMERAS
from cnets.data.crops import centre


CAMERA = CAMERAS["msra"]


def frame() -> np.ndarray:
    """An empty frame."""
    return np.zeros((240, 320), np.float32)


class TestFind:
    def test_by_hand(self):
        """A square of one depth has its centre in its middle, and its depth."""
        depth = frame()
        depth[100:121, 150:171] = 400
        found = centre.find(depth, CAMERA)
        assert found.dtype == np.float32
        assert found.tolist() == [160, 110, 400]

    def test_nearest_first(self):
        """A hand before a body is found; the body is behind its cube."""
        depth = np.full((240, 320), 1200, np.float32)
        depth[40:61, 30:51] = 500
        assert centre.find(depth, CAMERA).tolist() == [40, 50, 500]

    def test_small_things_are_passed(self):
        """A part of 200 pixels is no hand, one of 225 is."""
        depth = frame()
        depth[10:20, 10:30], depth[100:115, 200:215] = 300, 600
        assert centre.find(depth, CAMERA).tolist() == [207, 107, 600]

    def test_refined(self):
        """The centre moves on to the middle of the cube, past the first slice."""
        depth = frame()
        depth[100:120, 100:120], depth[100:120, 120:160] = 400, 480
        u, v, mm = centre.find(depth, CAMERA)
        assert (u, v) == (129.5, 109.5)
        assert mm == pytest.approx((400 + 2 * 480) / 3)

    @pytest.mark.parametrize("depth_mm", [0, 5, 1600])
    def test_nothing(self, depth_mm):
        """Without a hand between 10 and 1500 mm, the camera's axis at 500 mm."""
        depth = np.full((240, 320), depth_mm, np.float32)
        assert centre.find(depth, CAMERA).tolist() == [160, 120, 500]

    def test_speckle_is_not_seen(self):
        """Depths below 10 mm between the hand's pixels change nothing."""
        depth = frame()
        depth[100:121, 150:171] = 400
        depth[90:131:3, 140:181:3] = np.where(depth[90:131:3, 140:181:3] > 0, 400, 3)
        assert centre.find(depth, CAMERA).tolist() == [160, 110, 400]

    def test_what_is_before_the_cube_is_dropped(self):
        """A small thing 100 mm from the camera, beside the hand, changes nothing."""
        depth = frame()
        depth[100:121, 150:171], depth[100:110, 180:190] = 400, 100
        assert centre.find(depth, CAMERA).tolist() == [160, 110, 400]

    def test_published(self, realdata):
        """On the real MSRA frame, the published centre to a thousandth."""
        with gzip.open(realdata / "msra" / "frames" / "msra-hand.txt.gz", "rt") as file:
            depth = np.loadtxt(file, dtype=np.float32)
        with gzip.open(realdata / "msra" / "msra_center.txt.gz", "rt") as file:
            published = np.loadtxt(file, max_rows=10)[9]
        depth[depth == 1000] = 0
        np.testing.assert_allclose(centre.find(depth, CAMERA), published, atol=1e-3)


class TestFound:
    def test_a_hand(self):
        """What is found is what `find` gives."""
        depth = frame()
        depth[100:121, 150:171] = 400
        found = centre.found(depth, CAMERA)
        assert found is not None
        assert found.dtype == np.float32
        assert found.tolist() == [160, 110, 400]

    @pytest.mark.parametrize("depth_mm", [0, 5, 800, 1400, 1600])
    def test_a_wall_or_nothing(self, depth_mm):
        """A frame of one depth shows no hand, in reach or not."""
        depth = np.full((240, 320), depth_mm, np.float32)
        assert centre.found(depth, CAMERA) is None

    def test_a_slanted_noisy_wall(self):
        """Neither does a wall that is seen from the side by a sensor with noise."""
        noise = np.random.default_rng(1).normal(0, 3, (240, 320))
        depth = (600 + np.arange(320) * 1.5 + noise).astype(np.float32)
        assert centre.found(depth, CAMERA) is None

    def test_a_hand_before_a_near_wall(self):
        """A thing 80 mm before a wall is found, though the cube is full."""
        depth = np.full((240, 320), 700, np.float32)
        depth[100:140, 150:180] = 620
        found = centre.found(depth, CAMERA)
        assert found is not None
        assert abs(found[0] - 165) < 10
        assert abs(found[1] - 120) < 10

    def test_a_frame_in_centimetres(self):
        """A hand at 60 that is 80 pixels wide would be 20 mm wide: none is."""
        depth = frame()
        depth[80:160, 120:200] = 60
        assert centre.found(depth, CAMERA) is None
        depth[depth > 0] = 600
        assert centre.found(depth, CAMERA) is not None
