"""Tests of `cnets.metrics`: by hand, and against plain numpy in float64.

Published numbers are reproduced in `tests/harness/test_evaluate.py`.
"""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as held
from jaxtyping import TypeCheckError

from cnets import metrics


LABELS = torch.zeros(2, 2, 3)
PREDICTED = torch.tensor(
    [[[3.0, 4.0, 0.0], [0.0, 0.0, 0.0]], [[0.0, 0.0, 20.0], [0.0, 30.0, 0.0]]]
)

SOME = torch.tensor([[1.0, 10.0], [4.0, 30.0], [90.0, 7.0], [5.0, 40.0]])
"""Errors whose worst joints are 10, 30, 90 and 40."""

ERRORS = held.arrays(
    np.float64,
    st.tuples(st.integers(1, 12), st.integers(1, 5)),
    elements=st.floats(0, 120) | st.integers(0, 120).map(float),
)
"""Errors of some frames; the whole numbers often lie on a threshold."""

BONUS = st.sampled_from([0.0, metrics.HALF_MM])


def by_counting(errors: np.ndarray, limits_mm, bonus_mm: float) -> np.ndarray:
    """Share of frames within each threshold, frame by frame."""
    within = [
        sum(bool((frame <= limit + bonus_mm).all()) for frame in errors)
        for limit in limits_mm
    ]
    return np.array(within) / len(errors)


def test_distances_by_hand():
    """A 3-4-5 triangle, a hit, 20 and 30 millimetres."""
    errors = metrics.joint_errors(PREDICTED, LABELS)
    assert errors.tolist() == [[5.0, 0.0], [20.0, 30.0]]


def test_refuses_labels_of_another_shape():
    """One label is not silently compared with many."""
    with pytest.raises(TypeCheckError):
        metrics.joint_errors(PREDICTED, LABELS[:1])


class TestSummary:
    def test_by_hand(self):
        """Mean 55/4, worst joints 5 and 30; a joint at exactly 20 mm is within 20."""
        figures = metrics.summary(metrics.joint_errors(PREDICTED, LABELS))
        assert figures["mean_joint_error_mm"] == pytest.approx(13.75)
        assert figures["worst_joint_error_mm"] == pytest.approx(17.5)
        assert figures["frames_within_20mm"] == 0.5
        assert figures["frames_within_40mm"] == 1.0
        exact = metrics.summary(torch.tensor([[20.0]]))
        assert exact["frames_within_20mm"] == 1.0

    def test_median(self):
        """Of 0, 5, 20 and 30 the lower middle one is 5; of three it is the second."""
        figures = metrics.summary(metrics.joint_errors(PREDICTED, LABELS))
        assert figures["median_joint_error_mm"] == 5.0
        odd = metrics.summary(torch.tensor([[9.0, 1.0, 4.0]]))
        assert odd["median_joint_error_mm"] == 4.0

    def test_bonus(self):
        """Half a millimetre lets in a frame at 20.5 and none at 20.6."""
        errors = torch.tensor([[20.5], [20.6], [40.5]])
        plain = metrics.summary(errors)
        more = metrics.summary(errors, bonus_mm=metrics.HALF_MM)
        assert (plain["frames_within_20mm"], plain["frames_within_40mm"]) == (0, 2 / 3)
        assert (more["frames_within_20mm"], more["frames_within_40mm"]) == (1 / 3, 1)
        assert plain["mean_joint_error_mm"] == more["mean_joint_error_mm"]

    def test_in_float64(self):
        """A millimetre beside 10^8 of them is not lost, though errors are float32."""
        errors = torch.tensor([[1e8], [1.0]])
        assert metrics.summary(errors)["mean_joint_error_mm"] == 50000000.5
        assert metrics.per_joint(errors) == [50000000.5]


class TestPerJoint:
    def test_by_hand(self):
        """Each joint's mean over the frames."""
        errors = metrics.joint_errors(PREDICTED, LABELS)
        assert metrics.per_joint(errors) == [12.5, 15.0]

    @given(ERRORS)
    def test_mean_is_the_overall_mean(self, errors):
        """The joints' errors have the mean of all errors."""
        held = torch.from_numpy(errors)
        each = metrics.per_joint(held)
        assert len(each) == errors.shape[1]
        overall = metrics.summary(held)["mean_joint_error_mm"]
        assert np.mean(each) == pytest.approx(overall, rel=1e-12)
        assert overall == pytest.approx(errors.mean(), rel=1e-12)


class TestPercentile:
    def test_by_hand(self):
        """Of 0, 10, 20, 30 and 40, half are at most 20, and 90 % at most 36."""
        errors = torch.tensor([[30.0], [0.0], [40.0], [10.0], [20.0]])
        found = [metrics.percentile(errors, p) for p in (0.0, 50.0, 90.0, 100.0)]
        assert found == pytest.approx([0, 20, 36, 40])

    @given(ERRORS, st.floats(0, 100))
    def test_against_numpy(self, errors, percent):
        """It is numpy's linear percentile of all joints of all frames."""
        found = metrics.percentile(torch.from_numpy(errors), percent)
        wanted = np.percentile(errors, percent, method="linear")
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)

    @pytest.mark.parametrize("percent", [-0.1, 100.1, float("nan")])
    def test_out_of_range(self, percent):
        """A percentage that is none is refused."""
        with pytest.raises(ValueError, match=r"`percent` must be in \[0, 100\]"):
            metrics.percentile(SOME, percent)


class TestCurve:
    def test_by_hand(self):
        """Worst joints 10, 30, 40 and 90, a threshold on the spot and one before."""
        limits = torch.tensor([40.0, 9.9, 10.0, 29.0, 80.0, 90.0, 0.0])
        found = metrics.curve(SOME, limits)
        assert found.tolist() == [0.75, 0, 0.25, 0.25, 0.75, 1, 0]
        assert found.dtype == torch.float64

    def test_infinity(self):
        """A frame that is infinitely far off is within no number."""
        errors = torch.tensor([[1.0, 2.0], [torch.inf, 1.0]])
        limits = torch.tensor([1.0, 2.0, 80.0, 1e30, torch.inf])
        assert metrics.curve(errors, limits).tolist() == [0, 0.5, 0.5, 0.5, 1]

    @given(ERRORS, st.lists(st.integers(0, 240), min_size=1, max_size=30), BONUS)
    def test_against_counting(self, errors, halves, bonus_mm):
        """At half and whole millimetres, in any order, frames are counted one by one."""
        limits = [half / 2 for half in halves]
        found = metrics.curve(
            torch.from_numpy(errors),
            torch.tensor(limits, dtype=torch.float64),
            bonus_mm=bonus_mm,
        )
        np.testing.assert_array_equal(found, by_counting(errors, limits, bonus_mm))

    @given(ERRORS, BONUS)
    def test_rises_within_0_and_1(self, errors, bonus_mm):
        """It never falls, and ends at 1 beyond the largest error."""
        limits = torch.linspace(0, 121, 500, dtype=torch.float64)
        found = metrics.curve(torch.from_numpy(errors), limits, bonus_mm=bonus_mm)
        assert (found.diff() >= 0).all()
        assert found[0] >= 0
        assert found[-1] == 1


class TestArea:
    def test_by_hand(self):
        """Worst joints 10, 30, 40 and 90 leave 70, 50, 40 and 0 of 80 mm."""
        assert metrics.area_under_curve(SOME) == pytest.approx(160 / 4 / 80)
        wanted = (70.5 + 50.5 + 40.5) / 4 / 80
        found = metrics.area_under_curve(SOME, bonus_mm=metrics.HALF_MM)
        assert found == pytest.approx(wanted)
        assert metrics.area_under_curve(torch.zeros(3, 2)) == 1.0
        assert metrics.area_under_curve(SOME, end_mm=20.0) == pytest.approx(10 / 4 / 20)

    @given(ERRORS, st.floats(1, 150), BONUS)
    def test_integral_of_the_steps(self, errors, end_mm, bonus_mm):
        """It is the sum of the rectangles below the curve, taken between its steps."""
        found = metrics.area_under_curve(
            torch.from_numpy(errors), end_mm=end_mm, bonus_mm=bonus_mm
        )
        rises = np.clip(errors.max(1) - bonus_mm, 0, end_mm)
        corners = np.unique([0, *rises, end_mm])
        middles = (corners[1:] + corners[:-1]) / 2
        shares = by_counting(errors, middles, bonus_mm)
        wanted = (np.diff(corners) * shares).sum() / end_mm
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)

    @pytest.mark.parametrize("end_mm", [0.0, -1.0, float("nan")])
    def test_no_stretch(self, end_mm):
        """An end that is not above 0 is refused."""
        with pytest.raises(ValueError, match="`end_mm` must be above 0"):
            metrics.area_under_curve(SOME, end_mm=end_mm)


def test_report():
    """All figures of the summary, the percentiles and the area, with their bonus."""
    found = metrics.report(SOME, bonus_mm=metrics.HALF_MM)
    wanted = metrics.summary(SOME, bonus_mm=metrics.HALF_MM)
    ordered = SOME.double().flatten().numpy()
    for percent in (90, 95, 99):
        wanted[f"p{percent}_joint_error_mm"] = np.percentile(ordered, percent)
    wanted["area_under_curve_80mm"] = 161.5 / 4 / 80
    wanted |= {"frames_scored": 4, "joints_scored": 8}
    assert found == pytest.approx(wanted)


class TestMeanPose:
    def test_by_hand(self):
        """Two hands whose one finger points 6 mm apart: each is 3 off their mean."""
        labels = torch.tensor(
            [[[9.0, 9.0, 9.0], [9.0, 9.0, 9.0]], [[0.0, 0.0, 0.0], [0.0, 6.0, 0.0]]]
        )
        assert metrics.mean_pose_errors(labels, 0).tolist() == [[0, 3], [0, 3]]

    @given(
        held.arrays(
            np.float64,
            st.tuples(st.integers(1, 8), st.integers(2, 5), st.just(3)),
            elements=st.floats(-500, 500),
        ),
        st.integers(0, 1),
    )
    def test_against_numpy(self, labels, root):
        """In float64, relative to the root joint, whose own error is 0."""
        found = metrics.mean_pose_errors(torch.from_numpy(labels), root).numpy()
        relative = labels - labels[:, root][:, None]
        wanted = np.sqrt(((relative - relative.mean(0)) ** 2).sum(-1))
        np.testing.assert_allclose(found, wanted, atol=1e-9)
        assert (found[:, root] == 0).all()

    def test_joints_that_are_not_known(self):
        """A joint's mean is over the frames that show it and the root."""
        labels = torch.zeros(3, 3, 3)
        labels[0, 1, 1], labels[1, 1, 1], labels[2, 1, 1] = 2.0, 6.0, 90.0
        labels[:2, 2] = torch.nan
        labels[2, 0] = torch.nan
        found = metrics.mean_pose_errors(labels, 0)
        nan = torch.nan
        wanted = torch.tensor([[0.0, 2.0, nan], [0.0, 2.0, nan], [nan] * 3])
        torch.testing.assert_close(found, wanted, equal_nan=True)


class TestUnknownJoints:
    def test_the_label_alone_decides(self):
        """A prediction that is no number is infinitely far off, and never left out."""
        labels, predicted = torch.zeros(1, 3, 3), torch.zeros(1, 3, 3)
        labels[0, 1, 2] = predicted[0, 1] = predicted[0, 2, 0] = torch.nan
        errors = metrics.joint_errors(predicted, labels)
        assert errors[0, 0] == 0
        assert errors[0, 1].isnan()
        assert errors[0, 2] == torch.inf
        assert metrics.summary(errors)["mean_joint_error_mm"] == torch.inf

    @given(ERRORS, st.data(), BONUS, st.floats(0, 100))
    def test_against_loops(self, errors, data, bonus_mm, percent):
        """Every figure is that of plain loops over the joints that are known."""
        known = data.draw(held.arrays(bool, errors.shape))
        known[0, 0] = True
        held_errors = torch.from_numpy(np.where(known, errors, np.nan))
        frames = []
        for frame, mask in zip(errors.tolist(), known.tolist(), strict=True):
            kept = [error for error, have in zip(frame, mask, strict=True) if have]
            if kept:
                frames.append(kept)
        every = sorted(error for frame in frames for error in frame)
        worst = [max(frame) for frame in frames]
        wanted = {
            "mean_joint_error_mm": sum(every) / len(every),
            "median_joint_error_mm": every[(len(every) - 1) // 2],
            "worst_joint_error_mm": sum(worst) / len(worst),
            "area_under_curve_80mm": sum(
                80 - min(max(w - bonus_mm, 0), 80) for w in worst
            )
            / (80 * len(worst)),
            "frames_scored": len(frames),
            "joints_scored": len(every),
        }
        for limit in metrics.WITHIN_MM:
            within = [w <= limit + bonus_mm for w in worst]
            wanted[f"frames_within_{limit}mm"] = sum(within) / len(worst)
        for part in metrics.PERCENTILES:
            wanted[f"p{part}_joint_error_mm"] = np.percentile(every, part)
        found = metrics.report(held_errors, bonus_mm=bonus_mm)
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)
        assert metrics.percentile(held_errors, percent) == pytest.approx(
            np.percentile(every, percent), rel=1e-9, abs=1e-9
        )
        assert metrics.worst_joint(held_errors).tolist() == worst
        for joint, mean in enumerate(metrics.per_joint(held_errors)):
            of_joint = errors[known[:, joint], joint]
            if len(of_joint):
                assert mean == pytest.approx(of_joint.mean(), rel=1e-9, abs=1e-9)
            else:
                assert np.isnan(mean)

    def test_nothing_known(self):
        """Figures of no joint at all are refused, not given as numbers."""
        errors = torch.full((3, 2), torch.nan)
        assert metrics.scored(errors) == {"frames_scored": 0, "joints_scored": 0}
        for figure in (metrics.summary, metrics.report, metrics.area_under_curve):
            with pytest.raises(ValueError, match="known, got none in 3 frames"):
                figure(errors)
