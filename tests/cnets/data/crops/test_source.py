"""Tests of `cnets.data.crops.source`: what every source of crops keeps to."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cnets.cameras import CAMERAS
from cnets.data.crops.recorded import Recorded
from cnets.data.crops.rendered import Rendered
from cnets.data.crops.source import Source
from cnets.data.readers import synthetic


def rendered(_folder) -> Source:
    """Crops of random hands."""
    return Rendered(synthetic.labels(20))


def recorded(folder) -> Source:
    """Crops of files: a disc of 60 px in front of the camera, in twenty places."""
    v, u = np.mgrid[:480, :640]
    files = []
    for number in range(20):
        disc = (u - 250 - 8 * number) ** 2 + (v - 240) ** 2 < 30**2
        path = folder / f"{number}.png"
        if not path.exists():
            Image.fromarray((disc * 700).astype(np.uint16)).save(path)
        files.append(path)
    return Recorded(tuple(files), CAMERAS["nyu"])


@pytest.mark.parametrize("make", [rendered, recorded])
class TestEverySource:
    def test_a_part_has_one_row_a_frame(self, make, tmp_path):
        """Half floats in [-1, 1], and centres in front of the camera."""
        source = make(tmp_path)
        part = source.make(slice(4, 7), 32)
        assert source.frames == 20
        assert (part.crops.shape, part.crops.dtype) == ((3, 32, 32), np.float16)
        assert np.abs(part.crops).max() <= 1
        assert part.centres_mm.shape == (3, 3)
        assert (part.centres_mm[:, 2] > 0).all()

    def test_a_part_repeats(self, make, tmp_path):
        """Made again, by another object, it has the same bits."""
        first, second = (make(tmp_path).make(slice(0, 4), 32) for _ in range(2))
        assert np.array_equal(first.crops, second.crops)
        assert np.array_equal(first.centres_mm, second.centres_mm)
        assert first.content == second.content

    def test_the_key_depends_on_the_side(self, make, tmp_path):
        """It is hexadecimal, and the same for the same crops."""
        source = make(tmp_path)
        assert int(source.key(32), 16) >= 0
        assert source.key(32) == make(tmp_path).key(32) != source.key(64)


def test_a_source_must_make_crops():
    """A class without the three members is none."""
    with pytest.raises(TypeError, match="abstract"):
        Source()  # pyright: ignore[reportAbstractUsage]


def test_parts_are_told_apart_by_identity(tmp_path):
    """Arrays have no truth value, so equal ones are not compared."""
    part = rendered(tmp_path).make(slice(0, 1), 32)
    assert part != replace(part)
