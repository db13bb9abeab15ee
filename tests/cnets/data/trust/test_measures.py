"""One frame with a plate and joints whose places are known."""

import numpy as np
import pytest

from cnets.cameras import Camera
from cnets.data.trust import measures


CAMERA = Camera(250.0, 250.0, 100.0, 60.0, 200, 120)


@pytest.fixture
def plate():
    """Columns 80 to 119 and rows 40 to 79 at 500 mm, 5 mm = 2.5 px there."""
    frame_mm = np.zeros((120, 200), np.float32)
    frame_mm[40:80, 80:120] = 500
    return frame_mm


class TestOnHand:
    def test_beside(self, plate):
        """10 mm are 5 px here: a joint 4 px beside the plate counts, 7 px does not."""
        joints = np.array([[100, 60, 500], [124, 60, 500], [127, 60, 500.0]])
        assert measures.on_hand(plate, joints, CAMERA).tolist() == [True, True, False]

    def test_in_depth(self, plate):
        """The plate may be 60 mm in front of a joint and 20 mm behind it, not more."""
        depths = [559.0, 561.0, 481.0, 479.0]
        joints = np.array([[100, 60, depth] for depth in depths])
        assert measures.on_hand(plate, joints, CAMERA).tolist() == [1, 0, 1, 0]

    def test_unknown_and_far_outside(self, plate):
        """A joint that is not known, and one a kilometre aside, are not on the hand."""
        joints = np.array([[np.nan] * 3, [1e9, -1e9, 500], [100, 60, 500]])
        assert measures.on_hand(plate, joints, CAMERA).tolist() == [0, 0, 1]
        assert not measures.on_hand(plate, joints[:1], CAMERA).any()


def test_surface(plate):
    """The nearest depth beside a joint; NaN where nothing was seen."""
    plate[60, 100] = 420
    joints = np.array([[100, 60, 500], [90, 60, 500], [20, 20, 500.0]])
    found = measures.surface_mm(plate, joints, CAMERA)
    np.testing.assert_array_equal(found, [420, 500, np.nan])


def test_in_cube():
    """125 mm along each axis, millimetres worked out by hand: 1 px is 2 mm."""
    joints = np.array(
        [[162, 60, 500], [163, 60, 500], [100, 60, 626], [100, 60, 624.0]]
    )
    inside = measures.in_cube(joints, np.array([100, 60, 500.0]), CAMERA)
    assert inside.tolist() == [True, False, False, True]


def test_points_and_back():
    """10 px right of and below the middle at 500 mm are 20 mm, y up."""
    points = measures.points_mm(np.array([[110, 70, 500.0]]), CAMERA)
    np.testing.assert_allclose(points, [[20, -20, 500]])
    np.testing.assert_allclose(measures.pixels_uvd(points, CAMERA), [[110, 70, 500]])


def test_hand_and_area(plate):
    """1600 pixels of 2 mm x 2 mm; those behind the cube are not the hand's."""
    plate[0:10] = 900
    held = measures.hand_mm(plate, np.array([100, 60, 500.0]), CAMERA)
    assert len(held) == 1600
    assert measures.area_mm2(held, CAMERA) == pytest.approx(6400)


class TestIsSwapped:
    def test_both_orders(self):
        """A slope with noise is in order; with its bytes turned it is not."""
        noise = np.random.default_rng(0).integers(0, 3, (120, 200))
        frame_mm = (400 + np.arange(200) // 3 + noise).astype(np.float32)
        turned = measures.turned(frame_mm)
        assert turned[0, 0] == int(frame_mm[0, 0]) % 256 * 256 + frame_mm[0, 0] // 256
        assert not measures.is_swapped(frame_mm)
        assert measures.is_swapped(turned)

    def test_what_says_nothing(self, plate):
        """A plate without relief, fractions, and depths beyond 16 bits."""
        assert not measures.is_swapped(plate)
        assert not measures.is_swapped(measures.turned(plate))
        assert not measures.is_swapped(plate + np.float32(0.5))
        assert not measures.is_swapped(plate * 1000)
        assert not measures.is_swapped(plate * 0)
