"""Tests of `cnets.inference.frame_reading`: which files are read, and how."""

import numpy as np
import pytest
from PIL import Image

from cnets import cameras
from cnets.cameras import CAMERAS
from cnets.inference import frame_reading
from cnets.inference.frame_reading import Way


@pytest.fixture
def frame(tmp_path) -> str:
    """A frame of 320 x 240 whose depths are 800 steps."""
    path = tmp_path / "a.png"
    Image.fromarray(np.full((240, 320), 800, np.uint16)).save(path)
    return str(path)


def test_depths_are_steps_of_a_unit(frame):
    """800 eighths are 100 mm."""
    (path,) = frame_reading.frames_of([frame])
    way = Way(camera=CAMERAS["msra"], unit_mm=0.125)
    frame_mm = frame_reading.read(path, way)
    assert frame_mm.dtype == np.float32
    assert (frame_mm == 100).all()


def test_another_camera_is_refused(frame):
    """By its size, or by a middle that the frame does not have."""
    (path,) = frame_reading.frames_of([frame])
    with pytest.raises(ValueError, match="is 320 x 240, camera nyu has 640 x 480"):
        frame_reading.read(path, Way(camera=CAMERAS["nyu"]))
    camera = cameras.camera_of("588,587,320,240")
    with pytest.raises(ValueError, match="whose middle is at 320, 240, and has 320 x"):
        frame_reading.read(path, Way(camera=camera))


@pytest.mark.usefixtures("frame")
def test_files_of_a_folder(tmp_path):
    """By name; hidden ones and others are none."""
    for name in ("._a.png", "b.txt", "c.PNG", "d_depth.bin"):
        (tmp_path / name).write_bytes(b"x")
    found = frame_reading.frames_of([str(tmp_path)])
    assert [path.name for path in found] == ["a.png", "c.PNG", "d_depth.bin"]
    assert all(found.values())
