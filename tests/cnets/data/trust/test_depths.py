"""Labels whose unit makes no hand; frames in another unit are in `test_findings.py`."""

from dataclasses import replace

import numpy as np
import pytest

from cnets.data import opening
from cnets.data.trust import depths, looking


@pytest.mark.parametrize("times", [0.1, 0.001, 10, 1000])
def test_labels_of_no_hands_size(scene, tmp_path, times):
    """Also where the frames agree with them: no hand is 20 mm or 2 m long."""
    case = scene("msra", 3)
    frames = looking.of_recording(opening.labels_of(case.write(tmp_path / "set")))
    looks = looking.look(frames, looking.sample(frames, 9))
    scaled = replace(frames, joints_uvd=frames.joints_uvd * np.float32([1, 1, times]))
    assert list(depths.units(frames, looks, None)) == []
    sentence = next(depths.units(scaled, looks, None)).sentence
    assert "labels are in another unit" in sentence
    assert str(frames.files[looks[0].row]) in sentence
