"""Families of learning curves that are unlike TaskSet's, made here.

Each is a table of configurations with 11 hyperparameters and their curves at one to
three labelled ratios. They differ in what early values tell: nearly all, little for
the noise, the wrong thing where curves cross or stay level for long, or nothing.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from harness.replay.curves import Curves


Array = NDArray[np.float64]

CONFIGURATIONS = 1000
PARAMETERS = 11


def bowl(points: Array, random: np.random.Generator) -> Array:
    """Distance to an optimum in a few of the parameters, in about [0, 2]."""
    weights = np.sort(random.exponential(size=points.shape[1]))[::-1] ** 2
    optimum = random.uniform(0.1, 0.9, points.shape[1])
    away = np.square(points - optimum) @ (weights / weights.sum())
    return 6.0 * away


def waves(points: Array, random: np.random.Generator) -> Array:
    """Many optima: a sum of waves over the cube, in about [0, 2]."""
    directions = random.standard_normal((points.shape[1], 12)) * 2.0
    phases = random.uniform(0, 2 * np.pi, 12)
    found = np.cos(points @ directions + phases).sum(axis=1)
    return (found - found.min()) / (found.max() - found.min()) * 2.0


def falling(end: Array, rate: Array, epochs: int) -> Array:
    """Curves that fall from about 3 to their ends, [configurations, epochs]."""
    time = (np.arange(epochs) + 1.0) / epochs
    return end[:, None] + (3.0 - end[:, None]) * np.exp(-rate[:, None] * time)


def smooth(points: Array, epochs: int, random: np.random.Generator) -> Array:
    """All fall alike: early values tell the order."""
    end = bowl(points, random)
    return falling(end, np.full(len(points), 5.0), epochs)


def noisy(points: Array, epochs: int, random: np.random.Generator) -> Array:
    """The same with noise in every epoch, as large as the differences."""
    clean = smooth(points, epochs, random)
    return clean + 0.15 * random.standard_normal(clean.shape)


def crossing(points: Array, epochs: int, random: np.random.Generator) -> Array:
    """What falls fast ends high: the order turns round half way."""
    speed = points[:, 0]
    end = 0.7 * bowl(points, random) + 1.2 * speed
    return falling(end, 1.5 + 12.0 * speed, epochs)


def plateau(points: Array, epochs: int, random: np.random.Generator) -> Array:
    """Level for up to two thirds of the time, then a fall."""
    end, time = bowl(points, random), (np.arange(epochs) + 1.0) / epochs
    onset = (0.05 + 0.6 * points[:, 1])[:, None]
    fall = 1.0 / (1.0 + np.exp(-25.0 * (time[None, :] - onset)))
    return (
        3.0
        - (3.0 - end[:, None]) * fall
        + 0.01 * random.standard_normal((len(points), epochs))
    )


def needle(points: Array, epochs: int, random: np.random.Generator) -> Array:
    """Nearly everything is bad; a small region is good."""
    away = bowl(points, random)
    good = np.exp(-away / np.quantile(away, 0.04))
    return falling(2.0 - 2.0 * good, 2.0 + 6.0 * good, epochs)


def rugged(points: Array, epochs: int, random: np.random.Generator) -> Array:
    """Many optima, and speeds that have nothing to do with them."""
    end = waves(points, random)
    return falling(end, random.uniform(2.0, 8.0, len(points)), epochs)


def failing(points: Array, epochs: int, random: np.random.Generator) -> Array:
    """A third ends with NaN, and those that are good early do so late."""
    curves = smooth(points, epochs, random)
    danger = points[:, 2] + 0.2 * random.standard_normal(len(points))
    last = np.where(danger > 0.7, random.integers(1, epochs, len(points)), epochs)
    curves[np.arange(epochs)[None, :] >= last[:, None]] = np.nan
    return curves


def chance(points: Array, epochs: int, random: np.random.Generator) -> Array:
    """The hyperparameters tell nothing; the curves tell their order late."""
    end = random.uniform(0.0, 2.0, len(points))
    return falling(end, random.uniform(2.0, 10.0, len(points)), epochs)


def misleading(points: Array, epochs: int, random: np.random.Generator) -> Array:
    """Two regions: one is good early and mediocre late, one the other way round."""
    early, late = bowl(points, random), bowl(points, random)
    time = (np.arange(epochs) + 1.0) / epochs
    share = np.clip((time - 0.2) / 0.5, 0.0, 1.0)[None, :]
    mixed = (1.0 - share) * early[:, None] + share * late[:, None]
    return mixed + 2.0 * np.exp(-4.0 * time)[None, :]


FAMILIES: dict[str, Callable[[Array, int, np.random.Generator], Array]] = {
    "smooth": smooth,
    "noisy": noisy,
    "crossing": crossing,
    "plateau": plateau,
    "needle": needle,
    "rugged": rugged,
    "failing": failing,
    "chance": chance,
    "misleading": misleading,
}
"""What makes the curves of a family."""


def make(family: str, seed: int, epochs: int, ratios: tuple[float, ...]) -> Curves:
    """A task of a family.

    Args:
        family: One of `FAMILIES`.
        seed: Seed of the task.
        epochs: Length of a training.
        ratios: Labelled ratios: fewer labels end higher, and the order differs a bit.
    """
    random = np.random.default_rng([seed, *family.encode()])
    points = random.random((CONFIGURATIONS, PARAMETERS))
    shared = int(random.integers(2**31))
    losses = [
        FAMILIES[family](points, epochs, np.random.default_rng(shared))
        + 0.5 * (1.0 - ratio) * (1.0 + 0.5 * points[:, 3:4])
        for ratio in ratios
    ]
    names = tuple(f"p{axis}" for axis in range(PARAMETERS))
    return Curves(family, names, points, np.concatenate(losses), ratios)
