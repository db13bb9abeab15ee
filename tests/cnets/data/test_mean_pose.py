"""Tests of `cnets.data.mean_pose`: the baseline by hand."""

import numpy as np
import pytest

from cnets import presets
from cnets.data import mean_pose
from cnets.data.opening import open_data


def test_the_mean_pose_by_hand(tmp_path):
    """The mean over the labelled frames, against every validation frame."""
    data = open_data("synthetic:40", side_px=32, cache=tmp_path / "cache")
    relative = data.joints_mm.astype(float) - data.centres_mm[:, None].astype(float)
    half = presets.preset("tiny").replace({"labelled_ratio": 0.5})
    mean = sum(relative[row] for row in data.labelled(0.5, 0)) / 14
    errors = [
        np.sqrt(((relative[row] - mean) ** 2).sum(1)).mean()
        for row in data.rows("validation")
    ]
    found = mean_pose.error_mm(data, half, "validation")
    assert found == pytest.approx(np.mean(errors), rel=1e-6)


def test_only_labels_that_may_be_used_enter(hands):
    """Moving the labels of the other training frames changes nothing."""
    some = presets.preset("tiny").replace({"labelled_ratio": 0.2})
    before = mean_pose.error_mm(hands, some, "test")
    others = np.setdiff1d(hands.rows("train"), hands.labelled(0.2, 0))
    hands.joints_mm[others] += 100
    assert mean_pose.error_mm(hands, some, "test") == before
    hands.joints_mm[hands.labelled(0.2, 0)] += 100
    assert mean_pose.error_mm(hands, some, "test") > before


def test_the_choice_of_labels_counts(hands):
    """Labels that were not chosen do not enter, whichever way they are chosen."""
    some = presets.preset("tiny").replace(
        {"labelled_ratio": 0.2, "labels.choice": "coverage"}
    )
    before = mean_pose.error_mm(hands, some, "test")
    rows = hands.labelled(0.2, 0, "coverage")
    hands.joints_mm[np.setdiff1d(hands.rows("train"), rows)] += 100
    assert mean_pose.error_mm(hands, some, "test") == before


def test_joints_that_are_not_known(gappy):
    """Loops over the known joints alone; one that no label shows is put at the centre."""
    gappy.joints_mm[:60, 4] = np.nan
    run = presets.preset("tiny").replace({"labelled_ratio": 0.5})
    relative = gappy.joints_mm.astype(float) - gappy.centres_mm[:, None].astype(float)
    errors = []
    for joint in range(5):
        seen = [relative[row, joint] for row in gappy.labelled(0.5, 0)]
        seen = [point for point in seen if point[0] == point[0]]
        mean = sum(seen) / len(seen) if seen else np.zeros(3)
        for row in gappy.rows("test"):
            point = relative[row, joint]
            if point[0] == point[0]:
                errors.append(np.sqrt(((point - mean) ** 2).sum()))
    assert len(errors) < 15 * 5
    found = mean_pose.error_mm(gappy, run, "test")
    assert found == pytest.approx(np.mean(errors), rel=1e-6)
