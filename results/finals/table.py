"""The finals of a search as a table: a row an entrant at each labelled ratio."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from results import queries
from results.finals import comparisons, runs
from results.finals.comparisons import START, Comparison
from results.finals.runs import Runs
from results.statistics import means
from results.store import Store


if TYPE_CHECKING:
    import numpy as np


SUMMARY = pa.schema(
    [
        ("labelled_ratio", pa.float64()),
        ("labelled_frames", pa.int64()),
        ("entrant", pa.string()),
        ("seeds", pa.int64()),
        ("failed", pa.int64()),
        ("test_mean_mm", pa.float64()),
        ("test_std_mm", pa.float64()),
        ("low_95_mm", pa.float64()),
        ("high_95_mm", pa.float64()),
        ("bootstrap_low_95_mm", pa.float64()),
        ("bootstrap_high_95_mm", pa.float64()),
        ("start_minus_this_mm", pa.float64()),
        ("p_start", pa.float64()),
        ("effect", pa.float64()),
        ("mean_pose_mm", pa.float64()),
        ("vae_floor_mm", pa.float64()),
        ("frames_within_40mm", pa.float64()),
        ("validation_mm", pa.float64()),
        ("search_mm", pa.float64()),
        ("optimism_mm", pa.float64()),
        ("look", pa.int64()),
        ("dropped", pa.string()),
    ]
)
"""Columns of `summary`.

`failed` counts seeds without a figure. `p_start` is the p-value of the paired test
against the start after Holm's correction over all comparisons at the ratio, `effect`
Hedges' of the same difference. `optimism_mm` is the mean validation error of the runs
minus the search's own score of the setting, both the search's objective; it is null for
a setting that the search did not train as long. `look` counts how often the test split
was read.
"""


def summary(store: Store, name: str) -> pa.Table:
    """The finals of a search, in the order of ratio and error.

    Args:
        store: The store.
        name: Name of the search.

    Returns:
        Columns as in `SUMMARY`. The interval is Student's over the seeds; the
        bootstrap's, over seeds and frames, stands beside it.

    Raises:
        ValueError: If there is no such search.
        StorageError: If a file is damaged or cannot be read.
    """
    found = runs.of(queries.read(store, "finals", name).to_pylist())
    frames = _frames(store, name, found) if any(r.look for r in found) else {}
    against = {
        (c.ratio, *sorted((c.first, c.second))): c for c in comparisons.of(found)
    }
    rows = []
    for entrant in found:
        pair = against.get((entrant.ratio, *sorted((entrant.entrant, START))))
        errors = frames.get((entrant.ratio, entrant.entrant))
        rows.append(_row(entrant) | _drawn(errors) | _beside(entrant, pair))
    return pa.Table.from_pylist(rows, schema=SUMMARY)


def _row(entrant: Runs) -> dict[str, Any]:
    row: dict[str, Any] = {
        "labelled_ratio": entrant.ratio,
        "labelled_frames": entrant.labels,
        "entrant": entrant.entrant,
        "seeds": entrant.seeds,
        "failed": entrant.seeds - len(entrant.test or entrant.validation),
        "search_mm": entrant.search_mm,
        "look": entrant.look,
        "dropped": entrant.dropped or None,
        "mean_pose_mm": _mean(entrant.mean_pose),
        "vae_floor_mm": _mean(entrant.floor),
        "frames_within_40mm": _mean(entrant.within_40mm),
        "validation_mm": _mean(entrant.validation),
    }
    if entrant.test:
        test = means.summary([*entrant.test.values()])
        row |= {
            "test_mean_mm": test.mean,
            "test_std_mm": test.deviation,
            "low_95_mm": test.low,
            "high_95_mm": test.high,
        }
    if entrant.validation and entrant.search_mm is not None:
        row["optimism_mm"] = row["validation_mm"] - entrant.search_mm
    return row


def _beside(entrant: Runs, pair: Comparison | None) -> dict[str, Any]:
    """How an entrant compares with the start."""
    if pair is None or entrant.entrant == START:
        return {}
    sign = -1 if pair.first == entrant.entrant else 1
    effect = pair.paired.effect
    return {
        "start_minus_this_mm": sign * pair.paired.difference,
        "p_start": pair.p_adjusted,
        "effect": None if effect is None else sign * effect,
    }


def _drawn(errors: "np.ndarray | None") -> dict[str, Any]:
    """The bootstrap's interval, where there are seeds to draw from."""
    if errors is None or len(errors) < 2:
        return {}
    low, high = means.bootstrap(errors)
    return {"bootstrap_low_95_mm": low, "bootstrap_high_95_mm": high}


def _frames(
    store: Store, name: str, found: Sequence[Runs]
) -> Mapping[tuple[float, str], "np.ndarray"]:
    """Errors [seeds, frames] of each entrant at the newest look, millimetres.

    Only of the seeds whose mean is finite.
    """
    import numpy as np

    look = {(r.ratio, r.entrant, seed): r.look for r in found for seed in r.test}
    columns = ["labelled_ratio", "entrant", "final_seed", "look", "frame"]
    table = queries.read(store, "frames", name).select(
        [*columns, "mean_joint_error_mm"]
    )
    errors: dict[tuple[float, str], dict[int, list[float]]] = {}
    for ratio, entrant, seed, at, _, error in zip(
        *(column.to_pylist() for column in table.columns), strict=True
    ):
        if look.get((ratio, entrant, seed)) == at:  # rows are sorted by frame
            seeds = errors.setdefault((ratio, entrant), {})
            seeds.setdefault(seed, []).append(np.nan if error is None else error)
    return {key: np.array([*seeds.values()]) for key, seeds in errors.items()}


def _mean(values: Mapping[int, float]) -> float | None:
    return means.summary([*values.values()]).mean if values else None
