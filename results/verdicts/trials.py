"""What the leaderboard of a search says, and what it cannot say."""

from collections.abc import Mapping, Sequence
from typing import Any

from results.verdicts import words


def sentences(
    best: Sequence[Mapping[str, Any]],
    *,
    name: str,
    epochs: int | None,
    mean_pose_mm: Mapping[str, float],
    has_finals: bool,
) -> list[str]:
    """What to know of the best trials, a sentence each.

    Args:
        best: Rows of the leaderboard: `trial`, `labelled_ratio`, `state`, `epoch` and
            `objective_mm`.
        name: Name of the search.
        epochs: Epochs of a complete trial; None if the search does not say.
        mean_pose_mm: Validation error of always predicting the mean pose, by the text
            of the labelled ratio; empty where the objective is another figure.
        has_finals: Whether the finals have been run.
    """
    lines: list[str] = []
    for row in best:
        place = (
            f"{row['trial']} at {words.percent(row['labelled_ratio'])} of the labels"
        )
        baseline = mean_pose_mm.get(str(row["labelled_ratio"]))
        error = row["objective_mm"]
        if baseline is not None and error >= baseline:
            lines.append(
                f"{place} is no better than the mean pose ({words.mm(error)} against "
                f"{words.mm(baseline)})."
            )
        if row["state"] != "completed":
            done = f"{row['state']} after epoch {row['epoch']}"
            of = "" if epochs is None else f" of {epochs}"
            lines.append(f"{place} is not complete: {done}{of}.")
    if best and has_finals:
        lines.append(
            f"These are errors of one seed: `crossnets rerun {name}` has the finals."
        )
    elif best:
        lines.append(
            "These are errors of one seed, the best of many: how sure they are, and what "
            f"they are on the test split, says `crossnets rerun {name}`."
        )
    return lines
