"""Tests of `cnets.data.purposes`: what a frame is for, and why it is for nothing."""

import numpy as np
import pytest

from cnets.cameras import CAMERAS
from cnets.data import purposes
from cnets.data.hand_data import has_label
from cnets.data.readers.recording import Recording
from cnets.data.splits import TEST, TRAIN, UNUSED, VALIDATION
from cnets.hands.skeleton import ICVL16


@pytest.fixture
def read():
    """Eight frames; the labels of rows 1, 3 and 5 are missing, of row 6 a finger."""
    joints_mm = np.ones((8, 16, 3), np.float32)
    joints_mm[[1, 3]] = np.nan
    joints_mm[5, ICVL16.root] = np.nan
    joints_mm[6, 15] = np.nan
    split = [TRAIN, TRAIN, UNUSED, VALIDATION, VALIDATION, TEST, TEST, TEST]
    return Recording(
        name="icvl",
        skeleton=ICVL16,
        camera=CAMERAS["icvl"],
        files=(),
        joints_mm=joints_mm,
        centres_uvd=None,
        person=np.zeros(8, np.int32),
        splits={"way": np.array(split, np.int8)},
        mirrored=False,
        unusable={"no centre": np.arange(8) == 7},
        skipped={"file missing": 2},
    )


def test_a_label_is_its_root(read):
    """A frame without its root has none of its joints; another joint may be missing."""
    labelled = has_label(read.joints_mm, read.skeleton.root)
    assert np.flatnonzero(~labelled).tolist() == [1, 3, 5]
    known = purposes.known_joints(read)
    assert np.isnan(known).all((1, 2)).tolist() == (~labelled).tolist()
    assert np.isnan(known[6]).sum() == 3
    assert known.dtype == np.float32


def test_unlabelled_frames_stay_in_train_only(read):
    """In validation and test they are in no split, and counted."""
    purpose, dropped = purposes.purposes(read, "way", ())
    wanted = [TRAIN, TRAIN, UNUSED, UNUSED, VALIDATION, UNUSED, TEST, UNUSED]
    assert purpose.tolist() == wanted
    assert dropped == {
        "file missing": 2,
        "no centre": 1,
        "between splits": 1,
        "no label": 2,
    }


def test_a_frame_is_counted_once(read):
    """Of several reasons the first counts, and the split that is there is not changed."""
    purpose, dropped = purposes.purposes(read, "way", (2, 3, 4, 7))
    assert (purpose == UNUSED).sum() == 5
    assert dropped == {
        "file missing": 2,
        "no centre": 1,
        "no hand seen": 3,
        "no label": 1,
    }
    assert (read.splits["way"] == UNUSED).sum() == 1
