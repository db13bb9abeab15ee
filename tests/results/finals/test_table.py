"""The table of the finals, from rows that each test writes."""

import math

import numpy as np
import pytest

from results.finals import table


START = (30.0, 31.0, 32.0, 33.0, 34.0)


@pytest.fixture
def summary(store):
    """Stores rows of `finals` and `frames` and gives the table's rows."""

    def rows(finals, frames=()):
        with store.writer("demo") as writer:
            writer.append_many(("finals", row) for row in finals)
            writer.append_many(("frames", row) for row in frames)
            writer.flush()
        return table.summary(store, "demo").to_pylist()

    return rows


def test_an_entrant_by_hand(summary, make):
    """Errors 11, 12 and 16: mean 13, deviation sqrt(7), t(2) = 4.3027."""
    runs = make.runs("t-00002", [11.0, 12.0, 16.0], search_mm=10.0)
    (row,) = summary(runs)
    assert (row["labelled_ratio"], row["labelled_frames"]) == (1.0, 1000)
    assert (row["entrant"], row["seeds"], row["failed"]) == ("t-00002", 3, 0)
    assert row["test_mean_mm"] == pytest.approx(13.0)
    assert row["test_std_mm"] == pytest.approx(math.sqrt(7))
    reach = 4.302653 * math.sqrt(7 / 3)
    assert row["low_95_mm"] == pytest.approx(13 - reach, rel=1e-6)
    assert row["high_95_mm"] == pytest.approx(13 + reach, rel=1e-6)
    assert (row["mean_pose_mm"], row["vae_floor_mm"]) == (50.0, 4.0)
    assert (row["frames_within_40mm"], row["look"]) == (0.5, 1)
    assert (row["validation_mm"], row["search_mm"]) == (12.0, 10.0)
    assert row["optimism_mm"] == pytest.approx(2.0)
    assert row["dropped"] is None


def test_beside_the_start_by_hand(summary, make):
    """A gain of 2 mm with a deviation of sqrt(1/2); a loss has the other sign."""
    better = [e - d for e, d in zip(START, (1, 2, 3, 2, 2), strict=True)]
    worse = [e + d for e, d in zip(START, (1, 2, 3, 2, 2), strict=True)]
    rows = make.runs("start", START) + make.runs("t-1", better)
    first, start, last = summary(rows + make.runs("t-2", worse))
    assert [first["entrant"], last["entrant"]] == ["t-1", "t-2"]
    assert first["start_minus_this_mm"] == pytest.approx(2.0)
    hedges = (1 - 3 / (4 * 4 - 1)) * 2 / math.sqrt(0.5)
    assert first["effect"] == pytest.approx(hedges)
    # p = 0.003198 of t = sqrt(40) with 4 degrees of freedom; all three pairs have it.
    assert first["p_start"] == pytest.approx(3 * 0.003198, rel=1e-3)
    assert last["start_minus_this_mm"] == pytest.approx(-2.0)
    assert last["effect"] == pytest.approx(-hedges)
    names = ("start_minus_this_mm", "p_start", "effect")
    assert [start[name] for name in names] == [None] * 3


def test_failed_runs_are_counted_and_left_out_of_the_mean(summary, make):
    """Two sound runs of four; the mean is theirs."""
    (row,) = summary(make.runs("t-1", [11.0, "diverged", 13.0, "crashed"]))
    assert (row["seeds"], row["failed"], row["test_mean_mm"]) == (4, 2, 12.0)
    (row,) = summary(make.runs("t-2", ["diverged"] * 2, labelled_ratio=0.1))[:1]
    assert (row["seeds"], row["failed"], row["test_mean_mm"]) == (2, 2, None)


def test_one_that_was_dropped(summary, make):
    """Runs that the race saved are neither seeds nor failures."""
    why = "Clearly worse than t-2 after 3 seeds."
    errors = [1.0, 2.0, 3.0, "dropped", "dropped"]
    (row,) = summary(make.runs("t-1", errors, reason=why))
    assert (row["seeds"], row["failed"], row["dropped"]) == (3, 0, why)


def test_before_the_test_split_is_read(summary, make):
    """Validation errors are there, test errors are not."""
    (row,) = summary(make.runs("t-1", [11.0, 13.0], look=0))
    assert (row["look"], row["validation_mm"], row["failed"]) == (0, 11.0, 0)
    assert [row["test_mean_mm"], row["low_95_mm"], row["vae_floor_mm"]] == [None] * 3


def test_one_seed_has_no_interval(summary, make):
    """Its error alone; a setting that was not trained as long has no optimism."""
    (row,) = summary(make.runs("t-1", [11.0]))
    assert (row["test_mean_mm"], row["test_std_mm"], row["low_95_mm"]) == (
        11.0,
        None,
        None,
    )
    assert row["optimism_mm"] is None


class TestTheBootstrap:
    def frames(self, make, errors, look=1):
        """Rows of `frames` of an entrant: errors by seed, then by frame."""
        return [
            make.frame(
                frame, entrant="t-1", final_seed=seed, look=look, mean_joint_error_mm=e
            )
            for seed, row in enumerate(errors)
            for frame, e in enumerate(row)
        ]

    def test_frames_alike_leave_the_spread_of_the_seeds(self, summary, make):
        """Of two seeds, a sample has one, both or the other: its ends are theirs."""
        frames = self.frames(make, [[10.0] * 3, [20.0] * 3])
        (row,) = summary(make.runs("t-1", [10.0, 20.0]), frames)
        assert row["bootstrap_low_95_mm"] == 10.0
        assert row["bootstrap_high_95_mm"] == 20.0

    def test_it_is_of_the_newest_look_and_of_seeds_with_a_mean(self, summary, make):
        """Frames of an earlier look, and of a run without figures, are left out."""
        runs = make.runs("t-1", [10.0, 20.0, math.nan], look=2)
        frames = self.frames(make, [[90.0] * 3] * 3)
        frames += self.frames(make, [[10.0] * 3, [20.0] * 3, [math.inf] * 3], look=2)
        (row,) = summary(runs, frames)
        assert row["bootstrap_low_95_mm"] == 10.0
        assert row["bootstrap_high_95_mm"] == 20.0

    def test_a_frame_that_is_not_scored(self, summary, make):
        """It is left out for all seeds."""
        frames = self.frames(make, [[10.0, None], [20.0, None]])
        (row,) = summary(make.runs("t-1", [10.0, 20.0]), frames)
        assert np.isfinite(row["bootstrap_low_95_mm"])

    def test_one_seed_has_none(self, summary, make):
        """There is no seed to draw."""
        (row,) = summary(make.runs("t-1", [10.0]), self.frames(make, [[10.0, 12.0]]))
        assert row["bootstrap_low_95_mm"] is None
