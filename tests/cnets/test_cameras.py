"""Tests of `cnets.cameras`: numbers of the data sets, and what the module loads."""

import math
import subprocess
import sys

import pytest

from cnets.cameras import CAMERAS


@pytest.mark.parametrize("name", CAMERAS)
def test_the_axis_meets_the_image_near_its_middle(name):
    """Principal points lie within a twentieth of the image's size of its middle."""
    camera = CAMERAS[name]
    assert abs(camera.cx / camera.width_px - 0.5) < 0.05
    assert abs(camera.cy / camera.height_px - 0.5) < 0.05


@pytest.mark.parametrize(
    ("name", "degrees"), [("nyu", 57), ("icvl", 67), ("msra", 67), ("kinect2", 70)]
)
def test_the_field_of_view_is_the_sensors(name, degrees):
    """Makers state the horizontal angle; two degrees are their rounding."""
    camera = CAMERAS[name]
    angle = 2 * math.degrees(math.atan(camera.width_px / 2 / camera.fx))
    assert angle == pytest.approx(degrees, abs=2)


def test_it_loads_neither_torch_nor_numpy():
    """A camera is five numbers, and needs no more."""
    probe = "import cnets.cameras, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert {"torch", "numpy", "jaxtyping"} & set(done.stdout.split()) == set()
