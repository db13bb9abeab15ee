"""The finals of a search as a table: a row a trial, with mean, interval and baseline."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from results import queries
from results.statistics import means
from results.store import Store


def summary(store: Store, name: str, trials: set[str] | None = None) -> pa.Table:
    """The finals of a search: one row a trial, in the order of ratio and error.

    Args:
        store: The store.
        name: Name of the search.
        trials: Only these; None for all that have finals.

    Returns:
        Mean, standard deviation and 95 % interval of the test error over the
        seeds, with the baseline of always predicting the mean pose, and how
        much the search's score was too good (`optimism_mm`: mean validation
        error of the reruns minus the search's, both the search's objective; null
        for a trial that the search did not train as long as they were).
    """
    groups: dict[tuple[float, str], list[Mapping[str, Any]]] = {}
    for row in queries.read(store, "finals", name).to_pylist():
        if trials is None or row["trial"] in trials:
            groups.setdefault((row["labelled_ratio"], row["trial"]), []).append(row)
    rows = [_summary(ratio, trial, runs) for (ratio, trial), runs in groups.items()]
    rows.sort(key=lambda row: (row["labelled_ratio"], _last(row.get("test_mean_mm"))))
    return pa.Table.from_pylist(rows, schema=SUMMARY)


SUMMARY = pa.schema(
    [
        ("labelled_ratio", pa.float64()),
        ("trial", pa.string()),
        ("seeds", pa.int64()),
        ("diverged", pa.int64()),
        ("test_mean_mm", pa.float64()),
        ("test_std_mm", pa.float64()),
        ("low_95_mm", pa.float64()),
        ("high_95_mm", pa.float64()),
        ("mean_pose_mm", pa.float64()),
        ("frames_within_40mm", pa.float64()),
        ("search_mm", pa.float64()),
        ("optimism_mm", pa.float64()),
    ]
)
"""Columns of `summary`."""


def _summary(
    ratio: float, trial: str, runs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    sound = [run for run in runs if math.isfinite(run["mean_joint_error_mm"])]
    row: dict[str, Any] = {
        "labelled_ratio": ratio,
        "trial": trial,
        "seeds": len(runs),
        "diverged": len(runs) - len(sound),
        "search_mm": runs[0]["search_mm"],
    }
    if not sound:
        return row
    score = runs[0]["search_mm"]
    test = means.summary([run["mean_joint_error_mm"] for run in sound])
    validation = means.summary([run["validation_mm"] for run in sound])
    within = means.summary([run["frames_within_40mm"] for run in sound])
    baseline = means.summary([run["mean_pose_mm"] for run in sound])
    return row | {
        "test_mean_mm": test.mean,
        "test_std_mm": test.deviation,
        "low_95_mm": test.low,
        "high_95_mm": test.high,
        "mean_pose_mm": baseline.mean,
        "frames_within_40mm": within.mean,
        "optimism_mm": None if score is None else validation.mean - score,
    }


def _last(value: float | None) -> float:
    return math.inf if value is None else value
