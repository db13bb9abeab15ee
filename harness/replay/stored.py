"""Curves of a search that is in a store, a task a labelled ratio.

A curve that was not trained to its end keeps its last value: what a trial would have
become is not known. One that diverged or collapsed has no finite value after it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.definition.spaces import RATIO
from harness.replay.curves import Curves, ranked
from results import Store, queries
from results.format import schema


FAILED = ("diverged", "collapsed")
"""Ends after which no value is finite."""


def read(store: Store, search: str) -> list[Curves]:
    """The tasks of a search.

    Args:
        store: The store.
        search: Name of the search.

    Raises:
        ValueError: If there is no such search, or no ratio of it has two trials with
            different parameters, of which one has a finite value.
    """
    trials = [
        row
        for row in queries.wide(store, search).to_pylist()
        if row["epoch"] is not None
    ]
    known = {column.name for column in schema.schema("trials")}
    names = [n for n in (trials[0] if trials else ()) if n not in known and n != RATIO]
    curves: dict[str, dict[int, float]] = {}
    for row in store.rows("reports", search).to_pylist():
        curves.setdefault(row["trial"], {})[row["epoch"]] = row["objective_mm"]
    epochs = max((max(curve) for curve in curves.values()), default=0)
    found = []
    for ratio in sorted({row["labelled_ratio"] for row in trials}):
        rows = [row for row in trials if row["labelled_ratio"] == ratio]
        if len(rows) >= 2 and epochs >= 2:
            losses = np.array([_filled(row, curves, epochs) for row in rows])
            if np.isfinite(losses[:, -1]).any():
                task, points = f"{search}@{ratio:g}", ranked(_numbers(rows, names))
                found.append(Curves(task, tuple(names), points, losses))
    if not found:
        rule = "have two trials of a ratio with two epochs, one of them finite"
        raise ValueError(f"`from` must {rule}, got {search}.")
    return found


def _filled(
    row: Mapping[str, Any], curves: Mapping[str, Mapping[int, float]], epochs: int
) -> list[float]:
    """The values of a trial at every epoch."""
    curve = curves[row["trial"]]
    values, last = [], curve[min(curve)]
    for epoch in range(1, epochs + 1):
        last = curve.get(epoch, last)
        values.append(last)
    if row["state"] in FAILED:
        values[max(curve) :] = [float("nan")] * (epochs - max(curve))
    return values


def _numbers(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> np.ndarray:
    """Parameters as numbers; a text stands for its place in the alphabet."""
    columns = []
    for name in names:
        values = [row[name] for row in rows]
        if any(isinstance(value, str) for value in values):
            order = sorted({str(value) for value in values})
            values = [order.index(str(value)) for value in values]
        columns.append(values)
    return np.array(columns, float).T
