"""Two settings compared over the same seeds: difference, interval, test, effect.

The same seed means the same labels, order of the data and initial weights for every
setting, so what a seed does to both cancels out in their difference.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.statistics import means


@dataclass(frozen=True, kw_only=True)
class Paired:
    """What the seeds that two settings share say about their difference."""

    count: int
    """Seeds that both have an error of."""
    difference: float
    """Mean error of the first minus that of the second, millimetres."""
    low: float | None
    """Lower end of its interval; None for a single seed."""
    high: float | None
    """Upper end of its interval; None for a single seed."""
    p_value: float | None
    """Of Student's two-sided test that there is none; None for a single seed."""
    effect: float | None
    """Difference over its spread, corrected for few seeds; None without a spread."""


def paired(
    first: Mapping[int, float],
    second: Mapping[int, float],
    *,
    confidence: float = 0.95,
) -> Paired | None:
    """The difference of two settings.

    Args:
        first: Error of each seed, millimetres, all finite.
        second: The same of the other setting.
        confidence: Probability that the interval covers the true difference.

    Returns:
        The comparison over the seeds that both have; None if there is no such seed.

    Raises:
        ValueError: If an error is not finite or `confidence` is out of range.

    Source:
        The correction of the effect: Hedges 1981, "Distribution theory for Glass's
        estimator of effect size", J. Educ. Stat. 6(2).
    """
    seeds = sorted(set(first) & set(second))
    if not seeds:
        return None
    found = means.summary([first[s] - second[s] for s in seeds], confidence=confidence)
    freedom = found.count - 1
    p_value = effect = None
    if found.deviation is not None:
        p_value = _two_sided(found.mean, found.deviation, found.count)
        if found.deviation > 0 and freedom > 1:
            correction = 1 - 3 / (4 * freedom - 1)
            effect = correction * found.mean / found.deviation
    return Paired(
        count=found.count,
        difference=found.mean,
        low=found.low,
        high=found.high,
        p_value=p_value,
        effect=effect,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values of several tests, adjusted so that one error in all is as rare.

    Args:
        p_values: In [0, 1], in any order.

    Returns:
        The adjusted ones, in the same order.

    Raises:
        ValueError: If one is no probability.

    Source:
        Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    for p_value in p_values:
        if not 0 <= p_value <= 1:
            raise ValueError(f"`p_values` must be in [0, 1], got {p_value}.")
    adjusted, largest = [0.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - place) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def _two_sided(mean: float, deviation: float, count: int) -> float:
    """P-value of Student's test that a mean is 0."""
    if deviation == 0:  # equal in every seed, or apart by the same in every seed
        return 0.0 if mean else 1.0
    from scipy import special

    t = mean / (deviation / math.sqrt(count))
    return float(2 * special.stdtr(count - 1, -abs(t)))
