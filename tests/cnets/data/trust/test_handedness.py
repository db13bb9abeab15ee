"""The side to which fingers bend, on real labels of both hands and on drawn ones."""

from dataclasses import replace

import numpy as np
import pytest

from cnets.data.readers import synthetic
from cnets.data.readers.label_sets import label_set
from cnets.data.trust import handedness
from cnets.hands.skeleton import HAND21


@pytest.mark.parametrize(
    ("spec", "right"), [("nyu", 1.0), ("msra14", 1.0), ("icvl", 0.0)]
)
def test_real_labels(realdata, spec, right):
    """NYU and MSRA show right hands, ICVL left or mirrored ones, as is known."""
    kind = spec.rstrip("14")
    held = label_set(f"{kind}:{realdata / spec}", full=kind == "nyu")
    share = handedness.right_share(held.joints_mm, held.skeleton)
    assert share == pytest.approx(right, abs=0.01)
    mirrored = held.joints_mm * [-1, 1, 1]
    other = handedness.right_share(mirrored, held.skeleton)
    assert other == pytest.approx(1 - right, abs=0.01)


def test_each_turned_axis_turns_the_hand():
    """One axis the other way makes a left hand of a right one; two do not."""
    labels = synthetic.labels(200)
    points = labels.joints_mm.astype(np.float64)
    shares = {
        signs: handedness.right_share(points * signs, labels.skeleton)
        for signs in ((1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1), (-1, -1, 1))
    }
    assert list(shares.values()) == [1, 0, 0, 0, 1]


def test_what_says_nothing():
    """Flat hands, joints that are not known, and names without fingers."""
    points = synthetic.labels(40).joints_mm.astype(np.float64)
    assert handedness.right_share(points[:5] * np.nan, HAND21) is None
    flat = np.zeros((40, 21, 3))
    flat[..., 1] = np.arange(21)
    assert handedness.right_share(flat, HAND21) is None
    nameless = replace(HAND21, joint_names=tuple(f"joint{n}" for n in range(21)))
    assert handedness.right_share(points, nameless) is None
    boneless = replace(HAND21, bones=())
    assert handedness.right_share(points, boneless) is None
