"""How many labels with one setting do as well as another setting does with all.

The errors of a setting at several numbers of labels make a curve for each seed, drawn
between them over the logarithm of the number. A number of labels belongs to the
interval if Student's test over the seeds cannot tell the curve there from the goal.
So the interval covers the true number as often as the test keeps a true hypothesis;
a bootstrap of five seeds would not.

Source:
    Inverting a test: Casella and Berger 2002, "Statistical inference", 9.2.1. The
    curve: Fritsch and Carlson 1980, monotone where the errors are.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from results.statistics import means


if TYPE_CHECKING:
    import numpy as np

PLACES = 512
"""Numbers of labels that are tested, evenly over the logarithm."""


@dataclass(frozen=True, kw_only=True)
class Equivalent:
    """Numbers of labels: 0 is the fewest measured or fewer, infinite is beyond them."""

    labels: float
    """Where the mean curve first meets the goal."""
    low: float
    """The fewest that cannot be told from the goal."""
    high: float
    """The most that cannot be told from it."""


def equivalent(
    curve: Mapping[int, Mapping[int, float]],
    goal: Mapping[int, float],
    *,
    confidence: float = 0.95,
) -> Equivalent:
    """How many labels with a setting equal the goal.

    Args:
        curve: By the number of labels, the error of each seed, millimetres.
        goal: Error of each seed of what is to be equalled.
        confidence: Probability that the interval covers the true number.

    Returns:
        The number and its interval.

    Raises:
        ValueError: If there are fewer than two numbers of labels, or fewer than two
            seeds that all of them and the goal share, or an error is not finite.
    """
    means.check_confidence(confidence)
    seeds = sorted(set(goal).intersection(*curve.values()))
    if len(curve) < 2 or min(curve) < 1:
        raise ValueError(
            f"`curve` must have two numbers of labels or more, got {sorted(curve)}."
        )
    if len(seeds) < 2:
        raise ValueError(
            f"`curve` and `goal` must share two seeds or more, got {len(seeds)}."
        )
    import numpy as np
    from scipy.interpolate import pchip_interpolate

    known = np.array(sorted(curve), float)
    errors = np.array([[curve[int(n)][s] for n in known] for s in seeds])
    wanted = np.array([goal[s] for s in seeds])
    if not (np.isfinite(errors).all() and np.isfinite(wanted).all()):
        raise ValueError("`curve` and `goal` must hold finite errors, others found.")
    places = np.linspace(math.log(known[0]), math.log(known[-1]), PLACES)
    gaps = pchip_interpolate(np.log(known), errors, places, axis=1) - wanted[:, None]
    mean = gaps.mean(0)
    reach = means.student_t(confidence, len(seeds) - 1) * gaps.std(0, ddof=1)
    alike = np.flatnonzero(np.abs(mean) <= reach / math.sqrt(len(seeds)))
    labels = _first_below(places, mean)
    low = high = labels
    if labels == 0:
        high = float(known[0])
    elif labels == math.inf:
        low = float(known[-1])
    if len(alike):
        low = 0.0 if alike[0] == 0 else math.exp(places[alike[0]])
        high = math.inf if alike[-1] == PLACES - 1 else math.exp(places[alike[-1]])
    return Equivalent(labels=labels, low=low, high=high)


def _first_below(places: "np.ndarray", mean: "np.ndarray") -> float:
    """Number of labels at which the mean gap first is zero; 0 or infinite beyond."""
    below = (mean <= 0).nonzero()[0]
    if not len(below):
        return math.inf
    if below[0] == 0:
        return 0.0
    index = int(below[0])
    share = mean[index - 1] / (mean[index - 1] - mean[index])
    step = places[index] - places[index - 1]
    return math.exp(places[index - 1] + share * step)
