"""Tests of `cnets.data.crops.crop`: what of a frame the networks see."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from cnets import geometry
from cnets.cameras import CAMERAS, Camera
from cnets.data.crops import crop


CAMERA = Camera(fx=200.0, fy=100.0, cx=32.0, cy=24.0, width_px=64, height_px=48)


def frame(value: float = 0.0) -> np.ndarray:
    """A frame of one depth."""
    return np.full((48, 64), value, np.float32)


def uvd(*numbers: float) -> np.ndarray:
    """A centre."""
    return np.array(numbers, np.float32)


def plainly(
    frame_mm: np.ndarray, centre: tuple[float, float, float], camera: Camera, side: int
) -> np.ndarray:
    """The steps of the released code, one pixel at a time, in plain Python."""
    u, v, d = centre
    left, right = (
        math.floor(u - 125 * camera.fx / d),
        math.floor(u + 125 * camera.fx / d),
    )
    top, bottom = (
        math.floor(v - 125 * camera.fy / d),
        math.floor(v + 125 * camera.fy / d),
    )
    longer = max(right - left, bottom - top)
    width, height = (right - left) * side // longer, (bottom - top) * side // longer
    values = np.zeros((side, side))
    for j in range(height):
        for i in range(width):
            y = top + math.floor(j * (bottom - top) / height)
            x = left + math.floor(i * (right - left) / width)
            if 0 <= y < frame_mm.shape[0] and 0 <= x < frame_mm.shape[1]:
                z = float(frame_mm[y, x])
                if z > d + 125:
                    z = 0.0
                if z:
                    z = (max(z, d - 125) - (d - 135)) / 250
                values[(side - height) // 2 + j, (side - width) // 2 + i] = z
    values = values / values.max() - 0.5
    values[values == -0.5] = 0.5
    hand = values < 0.5
    values[hand] -= values[hand].min() + 0.5
    return 2 * values


def normalised(depth_mm: list[list[float]]) -> np.ndarray:
    """The values of one crop about 600 mm."""
    return crop.normalised(np.float32([depth_mm]), np.float32([600]))[0]


class TestCrop:
    @pytest.mark.parametrize("side_px", [32, 64, 128])
    @pytest.mark.parametrize(
        "centre", [(32.0, 24.0, 500.0), (20.3, 30.8, 611.7), (60.0, 3.0, 450.0)]
    )
    def test_as_released(self, side_px, centre):
        """Every pixel is that of the released code's steps, also at the border."""
        draw = np.random.default_rng(1)
        depth = draw.uniform(centre[2] - 200, centre[2] + 200, (48, 64))
        depth[draw.random((48, 64)) < 0.2] = 0
        depth = depth.astype(np.float32)
        found = crop.crop(depth, uvd(*centre), CAMERA, side_px)
        wanted = plainly(depth, tuple(map(float, uvd(*centre))), CAMERA, side_px)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, atol=1e-5)

    def test_by_hand(self):
        """Depths 400, 500 and 600 about 500 give -1, -1 + 200/235 and background."""
        depth = frame()
        depth[20:28, 20:24], depth[20:28, 24:34], depth[20:28, 34:40] = 400, 500, 600
        found = crop.crop(depth, uvd(32, 24, 500), CAMERA, 64)
        wanted = np.float32([-1, -1 + 200 / 235, 1])
        np.testing.assert_allclose(np.unique(found), np.unique(wanted), atol=1e-6)

    def test_nothing(self):
        """Where the cube is empty all is background."""
        found = crop.crop(frame(900.0), uvd(32, 24, 500), CAMERA, 32)
        assert (found == 1).all()

    def test_outside(self):
        """A centre far outside the frame gives an empty crop."""
        found = crop.crop(frame(500.0), uvd(-900, 24, 500), CAMERA, 32)
        assert (found == 1).all()

    @pytest.mark.parametrize("depth", [0.0, -5.0, math.nan, math.inf])
    def test_bad_centre(self, depth):
        """A centre that is not in front of the camera is refused."""
        with pytest.raises(
            ValueError, match="`center` must be finite and have a depth"
        ):
            crop.crop(frame(500.0), uvd(32, 24, depth), CAMERA, 32)


class TestNormalised:
    def test_by_hand(self):
        """At d = 600, depths 550 to 650: -1 + 2 (z - 550) / (650 - 475 + 10)."""
        values = normalised([[550.0, 587.0], [650.0, 0.0]])
        np.testing.assert_allclose(values, [[-1, -1 + 74 / 185], [1, 1]], rtol=1e-6)

    def test_nearer_than_the_cube_is_moved_to_its_front(self):
        """400 mm counts as 475, so 500 becomes -1 + 2 * 25 / (550 - 465)."""
        values = normalised([[400.0, 475.0, 500.0], [550.0, 0.0, 0.0], [0.0] * 3])
        wanted = [[-1, -1, -1 + 50 / 85], [1] * 3, [1] * 3]
        np.testing.assert_allclose(values, wanted, rtol=1e-6)

    def test_behind_the_cube_is_background(self):
        """726 mm lies outside a cube of 250 mm around 600 and 725 inside."""
        values = normalised([[600.0, 700.0], [725.0, 726.0]])
        np.testing.assert_allclose(values, [[-1, -1 + 200 / 260], [1, 1]], rtol=1e-6)

    @pytest.mark.parametrize("first", [0.0, 600.0, 900.0, math.nan, math.inf])
    def test_empty(self, first):
        """A crop without a hand, or with one pixel of it, is background."""
        values = normalised([[first, 0.0], [0.0, 0.0]])
        assert values.dtype == np.float32
        assert (values == 1).all()

    def test_crops_know_nothing_of_each_other(self):
        """A crop alone has the values that it has in a batch."""
        draw, centre = np.random.default_rng(0), np.float32([550, 600, 650])
        depth = 100 * draw.random((3, 8, 8), np.float32) + centre[:, None, None] - 50
        together = crop.normalised(depth, centre)
        for one in (slice(0, 1), slice(1, 2), slice(2, 3)):
            alone = crop.normalised(depth[one], centre[one])
            np.testing.assert_array_equal(together[one], alone)


class TestWindow:
    def test_rounded_down(self):
        """At u = 32.5 -+ 50 and v = 24.5 -+ 25 are cut to whole pixels below them."""
        assert crop.window(uvd(32.5, 24.5, 500), CAMERA) == (-18, -1, 82, 49)

    def test_at_least_a_pixel(self):
        """A hand at the horizon still has one pixel."""
        left, top, right, bottom = crop.window(uvd(3, 4, 1e9), CAMERA)
        assert (right - left, bottom - top) == (1, 1)


class TestMirrored:
    def test_turned(self):
        """The crop of the mirrored frame is the mirror image, to a pixel's edge."""
        depth = frame()
        depth[10:40, 20:30], depth[10:14, 30:44] = 480, 520
        centre = uvd(31.0, 24.0, 500.0)
        plain = crop.crop(depth, centre, CAMERA, 128)
        turned = crop.crop(*crop.mirrored(depth, centre, CAMERA), 128)
        assert np.mean(turned[:, ::-1] != plain) < 0.04
        assert np.mean(turned != plain) > 0.05

    def test_points_change_side(self):
        """A point keeps y and z, and x changes its sign."""
        _, about, camera = crop.mirrored(frame(), uvd(10.0, 20.0, 700.0), CAMERA)
        here, there = (
            geometry.to_mm_from_uvd(torch.tensor(place)[None, None], eye)[0, 0]
            for place, eye in (
                (uvd(10.0, 20.0, 700.0), CAMERA),
                (about, camera),
            )
        )
        assert there.tolist() == pytest.approx([-float(here[0]), *here[1:].tolist()])


class TestRealFrame:
    def test_hand_fills_the_crop(self, realdata):
        """Around its published centre, the real NYU hand covers a third of the crop."""
        path = realdata / "nyu" / "frames" / "depth_1_0000001.png"
        with Image.open(path) as image:
            channels = np.asarray(image).astype(np.float32)
        depth = channels[..., 1] * 256 + channels[..., 2]
        centre = uvd(210.1553, 268.6423, 776.0995)
        found = crop.crop(depth, centre, CAMERAS["nyu"], 128)
        assert 0.2 < (found < 1).mean() < 0.5
        assert (found[[0, -1]] == 1).mean() > 0.7
