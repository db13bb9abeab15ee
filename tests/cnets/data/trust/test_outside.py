"""Labels that lie wholly outside the image."""

from dataclasses import replace

import numpy as np

from cnets.data import opening
from cnets.data.trust import findings, looking, outside


def test_one_label_of_another_image(scene, tmp_path):
    """It is named with its file, whichever frames are looked at; partly outside is none."""
    case = scene("icvl", 2)
    frames = looking.of_recording(opening.labels_of(case.write(tmp_path / "set")))
    assert list(outside.labels(frames)) == []
    uvd = frames.joints_uvd.copy()
    uvd[5, 1:, 0] += 900
    assert list(outside.labels(replace(frames, joints_uvd=uvd))) == []
    uvd[5, 0, 0] += 900
    uvd[6] = np.nan  # a frame without a label
    (found,) = outside.labels(replace(frames, joints_uvd=uvd))
    assert found.level == "refuse"
    assert found.sentence.startswith(
        f"{frames.files[5]} must have a joint of its label"
    )
    assert "1 of 20 labels" in found.sentence
    spoilt = replace(frames, joints_uvd=uvd)
    assert findings.check(spoilt, 4)[0].sentence == found.sentence
