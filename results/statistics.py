"""Mean, spread and confidence interval of a few reruns.

Samples are small (three to ten seeds), so the interval is Student's. SciPy is loaded
when an interval is asked for: most readers of a store ask for none.
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
    from scipy import special

    return float(special.stdtrit(freedom, (1 + confidence) / 2))
