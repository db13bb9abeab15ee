"""Tests of `cnets.geometry`: values worked out by hand, and round trips."""

import pytest
import torch

from cnets import geometry
from cnets.cameras import CAMERAS, Camera


CAMERA = Camera(fx=500.0, fy=400.0, cx=320.0, cy=240.0, width_px=640, height_px=480)
"""A camera with numbers that are easy to divide by."""


class TestToMmFromUvd:
    def test_by_hand(self):
        """50 px right and 40 px up at 1 m are 100 mm right and 100 mm up."""
        uvd = torch.tensor([[[370.0, 200.0, 1000.0]]])
        joints = geometry.to_mm_from_uvd(uvd, CAMERA)
        torch.testing.assert_close(joints, torch.tensor([[[100.0, 100.0, 1000.0]]]))

    @pytest.mark.parametrize("name", CAMERAS)
    def test_round_trip(self, name):
        """Every camera sees a point at the pixel that the point was taken from."""
        camera = CAMERAS[name]
        uvd = torch.rand(4, 9, 3, dtype=torch.float64) * 300 + 200
        pixels = geometry.to_pixels(geometry.to_mm_from_uvd(uvd, camera), camera)
        torch.testing.assert_close(pixels, uvd[..., :2])


class TestToPixels:
    def test_up_is_towards_the_first_row(self):
        """100 mm right and up at 500 mm lie 100 px right and 80 px up."""
        joints = torch.tensor([[[100.0, 100.0, 500.0]]])
        pixels = geometry.to_pixels(joints, CAMERA)
        torch.testing.assert_close(pixels, torch.tensor([[[420.0, 160.0]]]))


class TestCropPixels:
    def test_by_hand(self):
        """At 625 mm the half width is 125 * 500 / 625 = 100 px, also upwards."""
        centre = torch.tensor([[0.0, 0.0, 625.0]])
        u, v, scale = geometry.crop_pixels(centre, CAMERA, 64)
        assert (u.item(), v.item(), scale.item()) == (220.0, 140.0, 200 / 64)


class TestToCropPixels:
    def test_by_hand(self):
        """The cube's corner is the crop's corner, and y up goes to row 0."""
        centre = torch.tensor([[25.0, 0.0, 625.0]])
        joints = torch.tensor([[[25.0, 0.0, 625.0], [-100.0, 156.25, 625.0]]])
        pixels = geometry.to_crop_pixels(joints, centre, CAMERA, 64)
        expected = torch.tensor([[[32.0, 32.0], [0.0, 0.0]]])
        torch.testing.assert_close(pixels, expected, atol=1e-4, rtol=0)

    def test_side_is_the_unit(self):
        """Twice the side gives twice the numbers."""
        centre = torch.tensor([[30.0, -40.0, 700.0]])
        joints = centre[:, None] + 20 * torch.randn(1, 5, 3)
        small, large = (
            geometry.to_crop_pixels(joints, centre, CAMERA, side) for side in (32, 64)
        )
        torch.testing.assert_close(large, 2 * small)


class TestUnits:
    def test_by_hand(self):
        """50 mm from the centre are one unit."""
        joints = torch.tensor([[[60.0, -90.0, 700.0]]])
        units = geometry.to_units(joints, torch.tensor([[10.0, 10.0, 675.0]]))
        torch.testing.assert_close(units, torch.tensor([[[1.0, -2.0, 0.5]]]))

    def test_round_trip(self):
        """`to_mm` undoes `to_units`."""
        joints, centre = 700 + 100 * torch.randn(4, 7, 3), 700 + torch.randn(4, 3)
        back = geometry.to_mm(geometry.to_units(joints, centre), centre)
        torch.testing.assert_close(back, joints)


class TestOrigin:
    def test_by_hand(self):
        """The pose is relative to the root, which is itself the origin."""
        joints = torch.tensor([[[1.0, 2.0, 3.0], [4.0, 6.0, 8.0]]])
        pose, origin = geometry.split_origin(joints, 1)
        assert pose.tolist() == [[-3.0, -4.0, -5.0, 0.0, 0.0, 0.0]]
        assert origin.tolist() == [[4.0, 6.0, 8.0]]

    @pytest.mark.parametrize("root", [0, 3])
    def test_round_trip(self, root):
        """`join_origin` undoes `split_origin` for every root."""
        joints = torch.randn(5, 4, 3, dtype=torch.float64)
        back = geometry.join_origin(*geometry.split_origin(joints, root))
        torch.testing.assert_close(back, joints)
