"""What a search has learned, kept up with every stored fact: for those who propose.

A trial stands where it last was compared: at the deepest rung that it has entered, or
at its end if it was completed. Standings say which of two trials is better: the one
at the deeper rung, then the one with the lower value there. One that failed stands
behind all others; one that has entered no rung has no standing yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harness.definition import spaces
from harness.definition.trial import Sample, TrialRecord
from harness.driver.deciding.cube import Cube
from search_spaces import Space, Value, configurations


@dataclass
class Seen:
    """One trial."""

    sample: Sample
    row: int
    """Its place in the order of proposals, from 0."""
    curve: dict[int, float] = field(default_factory=dict)
    """Its values by step."""
    state: str = "pending"

    @property
    def step(self) -> int:
        """Its last step; 0 before the first."""
        return max(self.curve, default=0)

    def record(self) -> TrialRecord:
        """The trial as Optuna's adapter reads it."""
        return TrialRecord(
            trial=self.sample.trial,
            number=self.sample.number,
            ratio=self.sample.ratio,
            values=self.sample.values,
            state=self.state,
            curve=tuple(sorted(self.curve.items())),
        )


class History:
    """All trials of a search, where they lie and how they stand."""

    def __init__(self, space: Space, ratios: Sequence[float]) -> None:
        """Start with no trial."""
        self.cube = Cube(spaces.searched(space))
        self.trials: dict[str, Seen] = {}
        self.waiting: dict[str, None] = {}
        """Trials that have no standing yet, in the order of proposals."""
        self.standing = 0
        """How many have one."""
        self._size = configurations.count(self.cube.parameters)
        self._ratios = {ratio: place for place, ratio in enumerate(ratios)}
        self._tried: dict[float, set[tuple[Value, ...]]] = {r: set() for r in ratios}
        self._points = np.empty((64, len(self.cube.parameters)))
        self._facts = np.empty((64, 3))  # ratio, depth, value of each trial

    def add(self, sample: Sample) -> Seen:
        """A trial was proposed."""
        row = len(self.trials)
        if row == len(self._points):
            self._points = np.concatenate([self._points, self._points])
            self._facts = np.concatenate([self._facts, self._facts])
        self._points[row] = self.cube.point(sample.values)
        self._facts[row] = self._ratios[sample.ratio], 0, np.inf
        self._tried[sample.ratio].add(self._key(sample.values))
        self.waiting[sample.trial] = None
        seen = self.trials[sample.trial] = Seen(sample, row)
        return seen

    def stand(self, trial: str, depth: int, value: float) -> None:
        """A trial stands at a rung now, or failed (depth -1)."""
        self._facts[self.trials[trial].row, 1:] = depth, value
        if trial in self.waiting:
            del self.waiting[trial]
            self.standing += 1

    def forget(self, trial: str) -> None:
        """A trial tells nothing: it crashed or was cancelled."""
        row = self._facts[self.trials[trial].row]
        self.standing -= row[1] != 0
        row[1:] = 0, np.inf
        self.waiting.pop(trial, None)

    def was_tried(self, ratio: float, values: Mapping[str, Value]) -> bool:
        """Whether a configuration was proposed at a ratio."""
        return self._key(values) in self._tried[ratio]

    def count(self, ratio: float) -> int:
        """How many configurations were proposed at a ratio."""
        return len(self._tried[ratio])

    def is_full(self, ratio: float) -> bool:
        """Whether every configuration was proposed at a ratio."""
        return self._size is not None and len(self._tried[ratio]) >= self._size

    def tried(self, ratio: float) -> Iterable[dict[str, Value]]:
        """The configurations that were proposed at a ratio, each once."""
        names = self.cube.parameters
        return [dict(zip(names, key, strict=True)) for key in self._tried[ratio]]

    def points(self, trials: Iterable[str]) -> NDArray[np.float64]:
        """Where trials lie in the cube."""
        return self._points[[self.trials[name].row for name in trials]]

    def standings(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points of all that stand, and the share of their ratio that is better.

        Returns:
            Points [n, dimensions], and shares in (0, 1): the best of n has 0.5 / n.
            Those that failed share the middle of the last places.
        """
        count = len(self.trials)
        rows = np.flatnonzero(self._facts[:count, 1])
        facts, shares = self._facts[rows], np.empty(len(rows))
        for ratio in self._ratios.values():
            mine = np.flatnonzero(facts[:, 0] == ratio)
            if len(mine):
                shares[mine] = _shares(facts[mine, 1], facts[mine, 2])
        return self._points[rows], shares

    def _key(self, values: Mapping[str, Value]) -> tuple[Value, ...]:
        return tuple(values[name] for name in self.cube.parameters)


def _shares(
    depths: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The share of trials that are better, of one ratio, in the order proposed."""
    order = np.lexsort((np.arange(len(depths)), values, -depths))
    ranks = np.empty(len(depths))
    ranks[order] = np.arange(len(depths))
    failed = depths < 0
    if failed.any():
        ranks[failed] = ranks[failed].mean()
    return (ranks + 0.5) / len(depths)
