"""Centres that are no pixels, or lie outside the image."""

from dataclasses import replace

import numpy as np
import pytest

from cnets.data import opening
from cnets.data.trust import centres, looking


@pytest.mark.parametrize(("axis", "sign"), [("down", -1), ("up", 1)])
def test_centres_in_millimetres(scene, tmp_path, axis, sign):
    """Centres that a reader took for pixels and that are x, y and z are refused."""
    case = scene("msra", 3)
    case.joints_mm = case.joints_mm + np.array([0, 60, 0])  # so that y's sign matters
    frames = looking.of_recording(opening.labels_of(case.write(tmp_path / "set")))
    xyz = (case.joints_mm.mean(1) * [1, sign, 1]).astype(np.float32)
    given = replace(frames, centres_uvd=xyz)
    sentence = next(centres.given(given)).sentence
    assert f"x, y and z in millimetres (y {axis})" in sentence
    assert str(tmp_path) in sentence


def test_centres_outside(scene, tmp_path):
    """Centres of a frame three times as wide are refused, with the first of them."""
    case = scene("msra", 3)
    frames = looking.of_recording(opening.labels_of(case.write(tmp_path / "set")))
    middle = frames.joints_uvd.mean(1)
    outside = middle + np.array([3 * case.camera.width_px, 0, 0])
    first = next(centres.given(replace(frames, centres_uvd=np.float32(outside))))
    assert (first.level, "must lie in the image" in first.sentence) == ("refuse", True)
    assert str(frames.files[0]) in first.sentence
