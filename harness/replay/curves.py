"""Curves of trials that somebody has trained: files in TaskSet's form.

A file is JSON, gzipped: a list with one object a configuration, its hyperparameters
under `hp` and its losses under `valid.loss`. A policy sees a configuration as the ranks
of its hyperparameters, each in the unit interval.
"""

import gzip
import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from search_spaces import Real, Space


Array = NDArray[np.float64]

SUFFIX = ".json.gz"
"""How a file of curves ends."""

LIMIT_BYTES = 256 * 1024 * 1024
"""Most that a file may hold, unpacked."""


@dataclass(frozen=True)
class Curves:
    """All configurations of a task, fully trained."""

    task: str
    """Name of the task."""
    names: tuple[str, ...]
    """Of the hyperparameters."""
    points: Array
    """Where configurations lie in the unit cube, [configurations, hyperparameters]."""
    losses: Array
    """Validation losses, [configurations, points of training]; may be not finite."""
    ratios: tuple[float, ...] = (1.0,)
    """Labelled ratios at which they were trained: `losses` holds one after the other,
    each with as many configurations."""

    def __post_init__(self) -> None:
        if not (self.losses.ndim == 2 and self.losses.shape[1] >= 2):
            raise ValueError(
                f"`curves` must have 2 points of training or more in {self.task}."
            )
        if not np.isfinite(self.losses[:, -1]).any():
            raise ValueError(f"`curves` must have a finite end in {self.task}.")

    @property
    def epochs(self) -> int:
        """Points of a full training."""
        return self.losses.shape[1]

    @cached_property
    def space(self) -> Space:
        """A unit cube, started in its middle."""
        parameters = {name: Real(0.0, 1.0) for name in self.names}
        return Space("curves", parameters, dict.fromkeys(self.names, 0.5))

    @cached_property
    def rows(self) -> list[list[float]]:
        """The losses as plain numbers, which is faster for one at a time."""
        return self.losses.tolist()

    @cached_property
    def regrets(self) -> Array:
        """(last loss - best) / (median - best) of each, at each ratio; else infinite."""
        return np.concatenate(
            [_regrets(part) for part in np.split(self.losses[:, -1], len(self.ratios))]
        )


def _regrets(last: Array) -> Array:
    """Of losses at the end, which may be not finite."""
    ends = last[np.isfinite(last)]
    best, median = float(ends.min()), float(np.median(ends))
    scale = median - best if median > best else 1.0
    return np.where(np.isfinite(last), (last - best) / scale, np.inf)


def read(folder: Path) -> list[Curves]:
    """The tasks of a folder, by name.

    Raises:
        ValueError: If there is none, or a file is no such file.
    """
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    if not paths:
        raise ValueError(
            f"`curves` must be a folder with {SUFFIX} files, got {folder}."
        )
    return [read_file(path) for path in paths]


def read_file(path: Path) -> Curves:
    """One task.

    Raises:
        ValueError: If the file is no list of configurations of equal length.
    """
    try:
        with gzip.open(path) as file:
            content = file.read(LIMIT_BYTES + 1)
        if len(content) > LIMIT_BYTES:
            raise ValueError(f"more than {LIMIT_BYTES} bytes")
        found = json.loads(content)
        names = tuple(found[0]["hp"])
        hyperparameters = np.array([_row(one["hp"], names) for one in found], float)
        losses = np.array([one["valid"]["loss"] for one in found], float)
    except (OSError, EOFError, ValueError, KeyError, TypeError, IndexError) as error:
        raise ValueError(
            f"`curves` must be files in TaskSet's form, and {path.name} is none: "
            f"{type(error).__name__}: {error}"
        ) from error
    task = path.name.removesuffix(SUFFIX)
    return Curves(task, names, ranked(hyperparameters), losses)


def ranked(hyperparameters: Array) -> Array:
    """Hyperparameters as ranks among their like, in (0, 1); equal ones share theirs."""
    ranks = stats.rankdata(hyperparameters, axis=0, method="average")
    return (ranks - 0.5) / len(hyperparameters)


def _row(values: dict[str, Any], names: tuple[str, ...]) -> list[float]:
    row = [float(values[name]) for name in names]
    if not all(math.isfinite(value) for value in row):
        raise ValueError(f"a hyperparameter is not finite in {row}")
    return row
