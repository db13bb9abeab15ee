"""Tests of `cnets.cameras`: numbers of the data sets, and what the module loads."""

import math
import subprocess
import sys

import pytest

from cnets import cameras
from cnets.cameras import CAMERAS, Camera


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


class TestCameraOf:
    @pytest.mark.parametrize("name", CAMERAS)
    def test_a_name(self, name):
        """It is the camera of that name, whatever the frames are."""
        assert cameras.camera_of(name, size_px=(1, 1)) == CAMERAS[name]

    def test_numbers(self):
        """Without a size it is the frames', and without frames nobody knows it."""
        text = "616,617.5,322,238"
        for size, wanted in (((640, 480), (640, 480)), (None, (0, 0))):
            found = cameras.camera_of(text, size_px=size)
            assert found == Camera(616.0, 617.5, 322.0, 238.0, *wanted)
        found = cameras.camera_of(f"{text},848,480", size_px=(640, 480))
        assert found == Camera(616.0, 617.5, 322.0, 238.0, 848, 480)

    @pytest.mark.parametrize(
        "text",
        ["", "nuy", "1,2,3", "1,2,3,4,5", "1,2,3,x", "1,2,nan,4", "1,2,3,4,5,inf"],
    )
    def test_neither(self, text):
        """The names and the form of the numbers are listed."""
        said = r"`where` must be one of nyu, .* or FX,FY,CX,CY\[,WIDTH,HEIGHT\] in pix"
        with pytest.raises(ValueError, match=said):
            cameras.camera_of(text, argument="where")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("0,1,2,3", "focal lengths above 0"),
            ("500,-500,320,240", "focal lengths above 0"),
            ("500,500,-1,240", "principal point inside"),
            (
                "500,500,700,240,640,480",
                "principal point inside its frame of 640 x 480",
            ),
            ("500,500,320,240,640.5,480", "principal point inside its frame of 640.5"),
        ],
    )
    def test_impossible_numbers(self, text, words):
        """Each rule has its sentence."""
        with pytest.raises(ValueError, match=words):
            cameras.camera_of(text)


def test_frames_of_another_size():
    """File, both sizes and the camera's name are said."""
    cameras.check_size(CAMERAS["msra"], 320, 240, "a.png")
    said = "a.png must be .* frames are 640 x 480, camera msra has 320 x 240"
    with pytest.raises(ValueError, match=said):
        cameras.check_size(CAMERAS["msra"], 640, 480, "a.png")
    with pytest.raises(ValueError, match="camera as given has 10 x 8"):
        cameras.check_size(Camera(9.0, 9.0, 5.0, 4.0, 10, 8), 8, 10, "a.png")
