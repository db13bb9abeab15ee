"""Mean, spread and confidence interval of a few reruns, without scipy.

Samples are small (three to ten seeds), so the interval is Student's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a sample says about the mean it was drawn from."""

    count: int
    """Number of values."""
    mean: float
    """Their mean, in their unit."""
    deviation: float | None
    """Sample standard deviation (n - 1); None for a single value."""
    low: float | None
    """Lower end of the interval of the mean; None for a single value."""
    high: float | None
    """Upper end of the interval of the mean; None for a single value."""


def summary(values: Sequence[float], *, confidence: float = 0.95) -> Summary:
    """Mean, sample standard deviation and Student's interval of the mean.

    Args:
        values: One value a run, at least one, all finite.
        confidence: Probability that the interval covers the mean, in (0, 1).

    Returns:
        The summary, in the unit of the values.

    Raises:
        ValueError: If there is no value, one is not finite, or `confidence` is
            out of range.
    """
    if not values:
        raise ValueError("`values` must hold at least one value, got none.")
    for value in values:
        if not math.isfinite(value):
            raise ValueError(f"`values` must be finite, got {value}.")
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must be in (0, 1), got {confidence}.")
    count = len(values)
    mean = math.fsum(values) / count
    if count == 1:
        return Summary(count=1, mean=mean, deviation=None, low=None, high=None)
    squares = math.fsum((value - mean) ** 2 for value in values)
    deviation = math.sqrt(squares / (count - 1))
    reach = student_t(confidence, count - 1) * deviation / math.sqrt(count)
    return Summary(
        count=count, mean=mean, deviation=deviation, low=mean - reach, high=mean + reach
    )


def student_t(confidence: float, freedom: int) -> float:
    """The t that |T| stays below with a given probability.

    Args:
        confidence: The probability, in (0, 1).
        freedom: Degrees of freedom, 1 or more.

    Returns:
        The quantile of Student's t at (1 + confidence) / 2.

    Raises:
        ValueError: If an argument is out of range.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must be in (0, 1), got {confidence}.")
    if not freedom >= 1:
        raise ValueError(f"`freedom` must be 1 or more, got {freedom}.")
    low, high = 0.0, math.pi / 2
    for _ in range(100):
        middle = (low + high) / 2
        if _share_within(middle, freedom) < confidence:
            low = middle
        else:
            high = middle
    return math.sqrt(freedom) * math.tan((low + high) / 2)


def _share_within(angle: float, freedom: int) -> float:
    """Probability that |T| < sqrt(freedom) * tan(angle), as a finite sum.

    Source:
        Abramowitz and Stegun 1964, 26.7.3 (odd) and 26.7.4 (even).
    """
    cosine = math.cos(angle)
    first = 1 if freedom % 2 else 0
    term = cosine if first else 1.0
    total = term if freedom > 1 else 0.0
    for power in range(first + 2, freedom, 2):
        term *= cosine * cosine * (power - 1) / power
        total += term
    share = math.sin(angle) * total
    return (angle + share) * 2 / math.pi if first else share
