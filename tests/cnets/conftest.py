"""A data set of the size of a test: numbers that look like hands to the loop."""

import dataclasses

import numpy as np
import pytest

from cnets.cameras import CAMERAS
from cnets.data.hand_data import HandData
from cnets.data.splits import TEST, TRAIN, VALIDATION
from cnets.hands.skeleton import Skeleton


@pytest.fixture
def hands() -> HandData:
    """Ninety frames of five joints; crops are smooth functions of the pose."""
    draw = np.random.default_rng(0)
    hidden = draw.normal(size=(90, 4))
    joints = (hidden @ draw.normal(size=(4, 15)) * 20).reshape(90, 5, 3)
    joints[..., 2] += 600
    centres = joints.mean(1)
    y, x = np.mgrid[:32, :32] / 32
    waves = np.stack([np.sin(k * (x + 1) + j * y) for k in (2, 5) for j in (3, 7)])
    crops = np.tanh(np.einsum("nk,khw->nhw", hidden, waves))
    split = np.full(90, TRAIN, np.int8)
    split[60:75], split[75:] = VALIDATION, TEST
    return HandData(
        name="test",
        fingerprint="0" * 64,
        skeleton=Skeleton(
            name="star",
            joint_names=("a", "b", "c", "d", "e"),
            bones=((0, 1), (0, 2), (0, 3), (0, 4)),
            root=0,
            evaluated=(0, 1, 2, 3, 4),
            capsules=(),
            size=("a", "b"),
            size_mm=50.0,
        ),
        camera=CAMERAS["nyu"],
        crops=crops.astype(np.float16),
        joints_mm=joints.astype(np.float32),
        centres_mm=centres.astype(np.float32),
        person=(np.arange(90) // 30).astype(np.int32),
        split=split,
    )


@pytest.fixture
def gappy(hands) -> HandData:
    """The same frames: every third of train without a label, and joints missing."""
    joints = hands.joints_mm.copy()
    missing = np.random.default_rng(1).random((90, 5)) < 0.2
    missing[:, :2] = False  # the root, and one more
    joints[missing] = np.nan
    joints[:60:3] = np.nan
    return dataclasses.replace(hands, joints_mm=joints)
