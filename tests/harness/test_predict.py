"""Tests of `harness.predict`: frames in, joints out, on real frames."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from cnets import cameras, geometry
from cnets.cameras import CAMERAS
from cnets.data.readers import label_sets
from harness.commands import cli


CENTRE = "210.1553,268.6423,776.0995"
"""The authors' centre of native frame 1."""


@pytest.fixture
def nyu(realdata) -> list[str]:
    """Frame 1 of NYU, read by the authors' networks."""
    weights = realdata / "crossingnet_weights" / "NYU_pretrained"
    frame = realdata / "nyu" / "frames" / "depth_1_0000001.png"
    return ["predict", str(frame), "--model", f"published:{weights}", "--camera", "nyu"]


def said(capsys, words: list[str], code: int = 0) -> list[dict]:
    """The JSON that a command prints."""
    assert cli.run([*words, "--format", "json"]) == code
    return json.loads(capsys.readouterr().out)


class TestPublished:
    def test_error_of_the_native_frame(self, capsys, nyu, realdata):
        """Around the authors' centre: 6.44 mm mean and 14.25 mm worst."""
        (found,) = said(capsys, [*nyu, "--center", CENTRE])
        labels = label_sets.label_set(f"nyu:{realdata / 'nyu'}")
        read = np.array(found["joints_mm"])[list(labels.joints)]
        errors = np.linalg.norm(read - labels.joints_mm[0], axis=1)
        assert errors.mean() == pytest.approx(6.44, abs=0.05)
        assert errors.max() == pytest.approx(14.25, abs=0.05)

    def test_pixels_and_millimetres_agree(self, capsys, nyu):
        """Each joint's pixel is where the camera sees its millimetres."""
        (found,) = said(capsys, [*nyu, "--center", CENTRE])
        x, y, z = np.array(found["joints_mm"]).T
        camera = CAMERAS["nyu"]
        u, v = camera.cx + camera.fx * x / z, camera.cy - camera.fy * y / z
        np.testing.assert_allclose(found["joints_px"], np.stack([u, v], 1), rtol=1e-5)
        assert found["center_uvd"] == pytest.approx([210.1553, 268.6423, 776.0995])

    def test_centre_from_the_frame(self, capsys, nyu):
        """Without a centre the hand is found, and its joints lie on it."""
        (found,) = said(capsys, nyu)
        assert found["center_uvd"][:2] == pytest.approx([210, 268], abs=2)
        distance = np.array(found["joints_px"]) - found["center_uvd"][:2]
        assert np.abs(distance).max() < 110

    def test_a_camera_in_numbers(self, capsys, nyu):
        """The name of a camera and its numbers give the same joints."""
        named = said(capsys, nyu)
        words = [*nyu[:-1], "588.03,587.07,320,240"]
        assert said(capsys, words) == named

    def test_a_mirrored_frame(self, capsys, nyu, tmp_path):
        """A frame turned round, read with --mirror, gives the joints turned round."""
        with Image.open(nyu[1]) as image:
            turned = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        turned.save(tmp_path / "turned.png")
        camera = "588.03,587.07,319,240"  # the axis moves along: 639 - 320
        (plain,) = said(capsys, [*nyu, "--center", CENTRE])
        words = [nyu[0], str(tmp_path / "turned.png"), *nyu[2:-1], camera, "--mirror"]
        (found,) = said(capsys, [*words, "--center", "428.8447,268.6423,776.0995"])
        wanted = np.array(plain["joints_mm"]) * [-1, 1, 1]
        np.testing.assert_allclose(found["joints_mm"], wanted, atol=1e-2)


def test_a_point_is_where_the_camera_says():
    """Uncrossing pixels and depth gives the point back, y up."""
    uvd = torch.tensor([[[400.0, 100.0, 700.0]]])
    camera = cameras.camera_of("500,400,320,240")
    x, y, z = geometry.to_mm_from_uvd(uvd, camera)[0, 0].tolist()
    assert (x, y, z) == pytest.approx((112, 245, 700))
