"""Tests of `cnets.inference.frame_reading`: which files are read, and how."""

import numpy as np
import pytest
from PIL import Image

from cnets import cameras
from cnets.cameras import CAMERAS
from cnets.data.files.frame_files import ENDINGS
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
    with pytest.raises(ValueError, match="are 320 x 240, camera nyu has 640 x 480"):
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


def test_frames_of_a_described_folder(tmp_path):
    """Camera, unit and form come from its dataset.toml; any of its endings is listed."""
    toml = (
        'hand = "right"\n[camera]\nfx = 6.0\nfy = 6.0\ncx = 2.0\ncy = 1.0\n'
        "width = 4\nheight = 3\n[frames]\nunit_mm = 1000\n"
        '[table]\nfile = "t.csv"\nform = "csv"\n[joints]\nnames = ["palm", "tip"]\n'
        'parents = ["", "palm"]\nroot = "palm"\naxes = ["x", "-y", "z"]\ncolumns = "{joint}_{axis}"\n'
    )
    (tmp_path / "dataset.toml").write_text(toml)
    np.save(tmp_path / "a.npy", np.full((3, 4), 0.5))
    camera, form = frame_reading.camera_of(f"folder:{tmp_path}")
    assert (camera.fx, camera.width_px) == (6.0, 4)
    (path,) = frame_reading.frames_of([str(tmp_path)], ENDINGS)
    frame_mm = frame_reading.read(path, Way(camera=camera, form=form))
    assert (frame_mm == 500).all()
    assert frame_reading.camera_of("nyu") == (CAMERAS["nyu"], None)
    with pytest.raises(ValueError, match="must name a folder that exists"):
        frame_reading.camera_of(f"folder:{tmp_path / 'nowhere'}")
