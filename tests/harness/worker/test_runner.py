import numpy as np
import pytest

from cnets.data import open_data
from harness.worker import strip


def test_the_mean_pose_by_hand(job, tmp_path):
    """The mean over the labelled frames, against every validation frame."""
    data = open_data("synthetic:40", side_px=32, cache=tmp_path / "cache")
    relative = data.joints_mm.astype(float) - data.centres_mm[:, None].astype(float)
    half = job.config.replace({"labelled_ratio": 0.5})
    mean = sum(relative[row] for row in data.labelled(0.5, 0)) / 14
    errors = [
        np.sqrt(((relative[row] - mean) ** 2).sum(1)).mean()
        for row in data.rows("validation")
    ]
    found = strip.mean_pose_error(data, half, "validation")
    assert found == pytest.approx(np.mean(errors), rel=1e-6)
