import math

import pytest

from harness import finals
from results import Store, finals_table


def final(driven, trial: str, ratio: float, seed: int, error: float, **changes):
    """Store one final run."""
    row = {
        "attempt": 1,
        "trial": trial,
        "labelled_ratio": ratio,
        "final_seed": seed,
        "split": "test",
        "frames": 10,
        "mean_joint_error_mm": error,
        "frames_within_40mm": 0.5,
        "validation_mm": error - 2,
        "search_mm": 10.0,
        "mean_pose_mm": 40.0,
        "wall_time_s": 1.0,
        "config_json": "{}",
        "code_version": "test",
    }
    driven.writer.append("finals", row | changes)


def test_the_summary_by_hand(driven):
    """Errors 11, 12 and 16: mean 13, deviation sqrt(7), t(2) = 4.3027."""
    for seed, error in enumerate((11.0, 12.0, 16.0)):
        final(driven, "t-00002", 1.0, seed, error)
    final(driven, "t-00001", 0.5, 0, 20.0)
    driven.writer.flush()
    low, high = finals_table.summary(driven.store, "s").to_pylist()
    assert (low["labelled_ratio"], low["seeds"], low["test_std_mm"]) == (0.5, 1, None)
    assert high["test_mean_mm"] == pytest.approx(13.0)
    assert high["test_std_mm"] == pytest.approx(math.sqrt(7))
    reach = 4.302653 * math.sqrt(7 / 3)
    assert high["low_95_mm"] == pytest.approx(13 - reach, rel=1e-6)
    assert high["high_95_mm"] == pytest.approx(13 + reach, rel=1e-6)
    assert high["optimism_mm"] == pytest.approx(13 - 2 - 10)


def test_a_diverged_run_is_counted_and_left_out_of_the_mean(driven):
    """Two sound runs of three; the mean is theirs."""
    for seed, error in enumerate((11.0, math.nan, 13.0)):
        final(driven, "t-00001", 1.0, seed, error)
    driven.writer.flush()
    (row,) = finals_table.summary(driven.store, "s").to_pylist()
    assert (row["seeds"], row["diverged"], row["test_mean_mm"]) == (3, 1, 12.0)


def test_a_search_without_results_cannot_be_rerun(driven):
    """The sentence names the search."""
    driven.writer.flush()
    folder = driven.store.storage.root
    with pytest.raises(ValueError, match="`s`, which has none yet"):
        finals.rerun("s", store=folder)
    assert Store.open(folder).searches() == ["s"]
