"""The stored runs of the finals: who took part, how each ended, what was tested.

A run has a row of look 0 with its validation error when it ends. Each look at the test
split adds a row with a higher look; the newest of a labelled ratio counts.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


Row = Mapping[str, Any]
"""A row of `finals`."""

SOUND = ("completed", "collapsed")
"""States of runs that have networks to be tested."""


@dataclass(frozen=True, kw_only=True)
class Runs:
    """All runs of one entrant at one labelled ratio; errors are in millimetres."""

    ratio: float
    entrant: str
    labels: int | None
    """Labelled frames."""
    look: int
    """How often the test split was read; 0 if it was not."""
    states: Counter[str]
    """Runs by state."""
    test: Mapping[int, float]
    """Mean joint error of each seed that was tested."""
    validation: Mapping[int, float]
    """Objective on the validation split of each seed."""
    mean_pose: Mapping[int, float]
    """Test error of always predicting the mean pose of the seed's labels."""
    floor: Mapping[int, float]
    """Test error of the pose VAE alone."""
    within_40mm: Mapping[int, float]
    """Share of the test frames whose worst joint is within 40 mm."""
    search_mm: float | None
    """The search's objective of the same setting after as many epochs."""
    frames: int
    """Frames of the test split."""
    dropped: str = field(default="")
    """Why it was dropped; empty if it was not."""

    @property
    def seeds(self) -> int:
        """Runs that there were, without those that the race saved."""
        return self.states.total() - self.states["dropped"]


def known(rows: Iterable[Row]) -> list[Row]:
    """How each run ended: its row of look 0, of older stores that of its first look."""
    first: dict[tuple[float, str, int], Row] = {}
    for row in rows:
        key = (row["labelled_ratio"], row["entrant"], row["final_seed"])
        if key not in first or row["look"] < first[key]["look"]:
            first[key] = row
    return list(first.values())


def looks(rows: Iterable[Row]) -> dict[float, int]:
    """How often the test split was read at each labelled ratio that has a run."""
    found: dict[float, int] = {}
    for row in rows:
        ratio = row["labelled_ratio"]
        found[ratio] = max(found.get(ratio, 0), row["look"])
    return found


def of(rows: Sequence[Row]) -> list[Runs]:
    """The runs of each entrant, by ratio, then by test or else validation error."""
    newest = looks(rows)
    groups: dict[tuple[float, str], tuple[list[Row], list[Row]]] = {}
    for row in known(rows):
        key = (row["labelled_ratio"], row["entrant"])
        groups.setdefault(key, ([], []))[0].append(row)
    for row in rows:
        if row["look"] and row["look"] == newest[row["labelled_ratio"]]:
            groups[row["labelled_ratio"], row["entrant"]][1].append(row)
    found = [
        _runs(*key, newest[key[0]], ended, tested)
        for key, (ended, tested) in groups.items()
    ]
    return sorted(
        found, key=lambda runs: (runs.ratio, _mean(runs.test or runs.validation))
    )


def _runs(
    ratio: float, entrant: str, look: int, ended: list[Row], tested: list[Row]
) -> Runs:
    about = ended[0]
    return Runs(
        ratio=ratio,
        entrant=entrant,
        labels=about["labelled_frames"],
        look=look,
        states=Counter(row["state"] for row in ended),
        test=_finite(tested, "mean_joint_error_mm"),
        validation=_finite(ended, "validation_mm"),
        mean_pose=_finite(tested, "mean_pose_mm"),
        floor=_finite(tested, "vae_floor_mm"),
        within_40mm=_finite(tested, "frames_within_40mm"),
        search_mm=about["search_mm"],
        frames=max((row["frames"] for row in tested), default=0),
        dropped=next((r["reason"] for r in ended if r["state"] == "dropped"), ""),
    )


def _finite(rows: Iterable[Row], column: str) -> dict[int, float]:
    """A figure of each seed that has one."""
    return {
        row["final_seed"]: row[column]
        for row in sorted(rows, key=lambda row: row["final_seed"])
        if row[column] is not None and math.isfinite(row[column])
    }


def _mean(values: Mapping[int, float]) -> float:
    return math.fsum(values.values()) / len(values) if values else math.inf
