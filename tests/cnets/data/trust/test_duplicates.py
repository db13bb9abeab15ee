"""Frames that come twice, among frames of a sensor that do not."""

import numpy as np
from PIL import Image

from cnets.cameras import CAMERAS
from cnets.data.trust import duplicates, looking


def looks(folder, frames):
    """A look at each of some frames, written as 16-bit PNG."""
    files = []
    for row, frame_mm in enumerate(frames):
        files.append(folder / f"{row:03d}.png")
        Image.fromarray(frame_mm.astype(np.uint16)).save(files[-1])
    held = looking.Frames(name="set", files=tuple(files), camera=CAMERAS["msra"])
    return looking.look(held, np.arange(len(files)))


def test_bytes_and_nearly(scene, tmp_path):
    """A copy, and one that is 1 mm off in every tenth pixel; a new recording is none."""
    frames = scene("msra", 1, 4).frames_mm
    assert duplicates.identical(looks(tmp_path, frames)) == 0
    assert duplicates.nearly(looks(tmp_path, frames)) == 0
    rounded = frames[1] + (frames[1] > 0) * (np.arange(320) % 10 == 0)
    found = looks(tmp_path, [*frames, frames[0], rounded])
    assert duplicates.identical(found) == 1
    assert duplicates.nearly(found) == 1
    random = np.random.default_rng(0)
    again = np.where(frames[2] > 0, frames[2] + random.normal(0, 1.5, (240, 320)), 0)
    assert duplicates.nearly(looks(tmp_path, [*frames, again])) == 0


def test_frames_of_nothing(tmp_path):
    """They have the same bytes, and are not compared further."""
    found = looks(tmp_path, [np.zeros((240, 320))] * 3)
    assert (duplicates.identical(found), duplicates.nearly(found)) == (2, 0)
    assert (duplicates.identical([]), duplicates.nearly([])) == (0, 0)
