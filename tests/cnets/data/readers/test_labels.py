"""Tests of `cnets.data.readers.labels`: what every reader of labels gives."""

import numpy as np
import pytest

from cnets.data.readers import poses, synthetic
from cnets.data.readers.labels import Labels
from cnets.data.splits import TEST, TRAIN, VALIDATION


@pytest.fixture(params=["synthetic", "poses"])
def labels(request) -> Labels:
    """The embedded hands, and the poses of NYU."""
    if request.param == "synthetic":
        return synthetic.labels(60)
    realdata = request.getfixturevalue("realdata")
    return poses.labels(str(realdata / "nyu"))


class TestEveryReader:
    def test_has_one_row_a_frame(self, labels):
        """Joints as many as the skeleton has, and a centre, a factor, a person each."""
        frames, joints = labels.joints_mm.shape[:2]
        assert joints == len(labels.skeleton.joint_names)
        assert labels.joints_mm.dtype == labels.centres_mm.dtype == np.float32
        assert labels.centres_mm.shape == (frames, 3)
        assert labels.thickness.shape == labels.person.shape == (frames,)

    def test_joints_lie_in_the_cube_about_the_centre(self, labels):
        """Nine in ten are within 125 mm of the centre along every axis."""
        apart = np.abs(labels.joints_mm - labels.centres_mm[:, None])
        assert (apart.max(-1) < 125).mean() > 0.9
        assert (labels.joints_mm[..., 2] > 0).all()

    def test_splits_have_one_value_a_frame_and_every_part(self, labels):
        """Each way has frames to train on, to validate on and to test on."""
        assert labels.splits
        for split in labels.splits.values():
            assert len(split) == len(labels.joints_mm)
            assert {TRAIN, VALIDATION, TEST} <= set(split.tolist())
