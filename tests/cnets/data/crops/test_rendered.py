"""Tests of `cnets.data.crops.rendered`: what the key of a rendered set depends on."""

import dataclasses

import numpy as np
import pytest

from cnets.data.crops import rendered_centres
from cnets.data.crops.rendered import Rendered
from cnets.data.readers import synthetic
from cnets.data.readers.labels import Labels


@pytest.fixture(scope="module")
def labels() -> Labels:
    """A few poses."""
    return synthetic.labels(20)


class TestKey:
    def test_all_it_depends_on(self, labels):
        """Side, joints, centres, where those come from, thickness, skeleton and camera."""
        names = {Rendered(labels).key(side_px) for side_px in (32, 64)}
        for array in ("joints_mm", "centres_mm", "thickness"):
            moved = getattr(labels, array).copy()
            moved.reshape(-1)[-1] += 0.01
            changed = dataclasses.replace(labels, **{array: moved})
            names.add(Rendered(changed).key(32))
        parts = {
            "camera": dataclasses.replace(labels.camera, cx=321.0),
            "skeleton": dataclasses.replace(
                labels.skeleton, capsules=labels.skeleton.capsules[1:]
            ),
        }
        for name, part in parts.items():
            changed = dataclasses.replace(labels, **{name: part})
            names.add(Rendered(changed).key(32))
        found = dataclasses.replace(labels, centres="depth")
        names.add(Rendered(found).key(32))
        assert len(names) == 8

    def test_repeats(self, labels):
        """The same poses have the same key when they are drawn again."""
        assert Rendered(synthetic.labels(20)).key(32) == Rendered(labels).key(32)


def test_centres_that_were_found(labels):
    """Crops lie about the centres that the frames show, and are those of such labels."""
    found = dataclasses.replace(labels, centres="depth")
    part = Rendered(found).make(slice(4, 8), 32)
    wanted = rendered_centres.found_mm(labels, slice(4, 8))
    assert np.array_equal(part.centres_mm, wanted)
    about = labels.centres_mm.copy()
    about[4:8] = wanted
    given = dataclasses.replace(labels, centres_mm=about)
    assert np.array_equal(part.crops, Rendered(given).make(slice(4, 8), 32).crops)
