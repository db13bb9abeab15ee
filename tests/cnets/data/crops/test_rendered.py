"""Tests of `cnets.data.crops.rendered`: what the key of a rendered set depends on."""

import dataclasses

import numpy as np
import pytest

from cnets.data.crops import rendered, rendered_centres
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

    def test_how_centres_are_found(self, labels, monkeypatch):
        """Another version of that gives another key, where one is found at all."""
        found = dataclasses.replace(labels, centres="depth")
        some = dataclasses.replace(labels, centres_mm=labels.centres_mm.copy())
        some.centres_mm[3] = np.nan
        every = [Rendered(one) for one in (labels, found, some)]
        before = [one.key(32) for one in every]
        monkeypatch.setattr(rendered, "FOUND_VERSION", rendered.FOUND_VERSION + 1)
        after = [one.key(32) for one in every]
        same = [a == b for a, b in zip(before, after, strict=True)]
        assert same == [True, False, False]

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


def test_some_centres_are_found(labels):
    """A row of NaN is found in its frame; its neighbours' crops are not other ones."""
    some = dataclasses.replace(labels, centres_mm=labels.centres_mm.copy())
    some.centres_mm[5] = np.nan
    found = dataclasses.replace(labels, centres="depth")
    mixed, plain, all_found = (
        Rendered(one).make(slice(4, 8), 32) for one in (some, labels, found)
    )
    for part in ("crops", "centres_mm"):
        assert np.array_equal(getattr(mixed, part)[1], getattr(all_found, part)[1])
        others = [0, 2, 3]
        assert np.array_equal(
            getattr(mixed, part)[others], getattr(plain, part)[others]
        )
    assert not np.array_equal(mixed.crops[1], plain.crops[1])
