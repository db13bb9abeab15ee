"""The leaderboard of a search: its best trials and their configurations."""

import pyarrow as pa

from harness.commands.printing import messages, tables
from results import Store, queries
from results.verdicts import trials


COLUMNS = (
    "labelled_ratio",
    "rank",
    "trial",
    "state",
    "epoch",
    "objective_mm",
    "mean_pose_mm",
)
"""Columns of a leaderboard, before the parameters."""


def show(
    store: Store,
    name: str,
    per: str | None = "labelled_ratio",
    top: int = 1,
    style: str = "table",
    *,
    wide: bool = False,
) -> None:
    """Print a leaderboard: each trial beside the baseline of its ratio.

    Args:
        store: The store.
        name: Name of the search.
        per: Column whose values are ranked apart; None ranks all together.
        top: Trials of each.
        style: `table`, `json` or `csv`.
        wide: Whether no line is folded in a pipe.

    Raises:
        ValueError: If there is no such search or column.
    """
    header = store.header(name)
    best = queries.best(queries.wide(store, name), per=per, top=top)
    baseline = [
        header.mean_pose_mm[str(ratio)] for ratio in best["labelled_ratio"].to_pylist()
    ]
    best = best.append_column("mean_pose_mm", pa.array(baseline, pa.float64()))
    parameters = [n for n in header.parameters if n in best.schema.names]
    parameters = [n for n in parameters if n != "labelled_ratio"]
    if style != "table":
        messages.answer(tables.show(best.select([*COLUMNS, *parameters]), style))
        return
    if not len(best):
        messages.note(f"{name} has no trial with a finite error yet.")
        return
    title = f"{name}: best by {header.rules['objective']} on the validation split"
    messages.answer(tables.show(best.select(COLUMNS), style, title, wide=wide))
    configurations = _side_by_side(best, parameters)
    heading = "Their configurations"
    messages.answer(tables.show(configurations, style, heading, wide=wide))
    is_mean = header.rules["objective"] == "mean_joint_error_mm"
    for sentence in trials.sentences(
        best.to_pylist(),
        name=name,
        epochs=header.rules.get("max_step"),
        mean_pose_mm=header.mean_pose_mm if is_mean else {},
        has_finals=any(queries.read(store, "finals", name)["look"].to_pylist()),
    ):
        messages.note(sentence)


def _side_by_side(trials: pa.Table, parameters: list[str]) -> pa.Table:
    """A row a parameter and a column a trial, because there are many parameters."""
    columns: dict[str, list[str]] = {"parameter": parameters}
    for row in trials.to_pylist():
        name = f"{row['trial']} ({row['labelled_ratio']:g})"
        columns[name] = [tables.rounded(row[parameter]) for parameter in parameters]
    return pa.table(columns)
