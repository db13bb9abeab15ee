"""The table of the finals, from rows that each test writes."""

import math

import pytest

from results import finals_table


@pytest.fixture
def summary(store, make):
    """Stores final runs and gives the table's rows."""

    def rows(*runs):
        with store.writer("demo") as writer:
            for run in runs:
                error = run["mean_joint_error_mm"]
                rest = {"validation_mm": error - 2, "search_mm": 10.0}
                rest |= {"mean_pose_mm": 40.0, "frames_within_40mm": 0.5}
                writer.append("finals", make.final(**rest | run))
            writer.flush()
        return finals_table.summary(store, "demo").to_pylist()

    return rows


def run(trial, ratio, seed, error):
    """What sets one final run apart."""
    return {
        "entrant": trial,
        "trial": trial,
        "labelled_ratio": ratio,
        "final_seed": seed,
        "mean_joint_error_mm": error,
    }


def test_by_hand(summary):
    """Errors 11, 12 and 16: mean 13, deviation sqrt(7), t(2) = 4.3027."""
    errors = enumerate((11.0, 12.0, 16.0))
    runs = [run("t-00002", 1.0, seed, error) for seed, error in errors]
    low, high = summary(*runs, run("t-00001", 0.5, 0, 20.0))
    assert (low["labelled_ratio"], low["seeds"], low["test_std_mm"]) == (0.5, 1, None)
    assert high["test_mean_mm"] == pytest.approx(13.0)
    assert high["test_std_mm"] == pytest.approx(math.sqrt(7))
    reach = 4.302653 * math.sqrt(7 / 3)
    assert high["low_95_mm"] == pytest.approx(13 - reach, rel=1e-6)
    assert high["high_95_mm"] == pytest.approx(13 + reach, rel=1e-6)
    assert high["optimism_mm"] == pytest.approx(13 - 2 - 10)


def test_a_diverged_run_is_counted_and_left_out_of_the_mean(summary):
    """Two sound runs of three; the mean is theirs."""
    errors = enumerate((11.0, math.nan, 13.0))
    (row,) = summary(*(run("t-00001", 1.0, seed, error) for seed, error in errors))
    assert (row["seeds"], row["diverged"], row["test_mean_mm"]) == (3, 1, 12.0)


def test_the_best_of_a_ratio_comes_first(summary):
    """Rows are in the order of ratio, then of error; one without a mean is last."""
    rows = summary(
        run("t-00001", 1.0, 0, math.nan),
        run("t-00002", 1.0, 0, 12.0),
        run("t-00003", 1.0, 0, 11.0),
        run("t-00004", 0.5, 0, 30.0),
    )
    names = [row["trial"] for row in rows]
    assert names == ["t-00004", "t-00003", "t-00002", "t-00001"]


def test_a_trial_that_was_stopped_early_has_no_optimism(summary):
    """Its score is of fewer epochs than its finals."""
    early = run("t-00001", 1.0, 0, 11.0) | {"search_mm": None}
    (row,) = summary(early)
    assert (row["test_mean_mm"], row["optimism_mm"]) == (11.0, None)
