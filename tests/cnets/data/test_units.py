"""Tests of `cnets.data.units`: what depths are likely to be in."""

import numpy as np
import pytest
from PIL import Image

from cnets.data import units


def test_the_nearest_things(tmp_path):
    """The nearest twentieth of each frame, and the median of the frames."""
    files = []
    for number, depth in enumerate([600, 500, 700]):
        frame = np.full((10, 10), 1400, np.uint16)
        frame[0, 0], frame[1], frame[2] = 3, depth, 0
        files.append(tmp_path / f"{number}.png")
        Image.fromarray(frame).save(files[-1])
    assert units.nearest(files) == 600
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(files[0])
    assert units.nearest(files[:1]) == 0


@pytest.mark.parametrize(
    ("depth", "words"),
    [
        (0.0, "they hold no depth"),
        (600.0, "the nearest things are at 600 mm"),
        (4800.0, "depths look like eighths of a millimetre or tenths of a millimetre"),
        (600_000.0, "depths look like micrometres"),
        (60.0, "depths look like centimetres"),
        (3.0, "the nearest things are at 3 mm"),
    ],
)
def test_cause(depth, words):
    """The unit in which it would be in reach, if there is one."""
    assert units.cause(depth).startswith(words)
