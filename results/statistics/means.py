"""The mean of a few runs, its spread, and two intervals of it.

Student's interval looks at the seeds alone, on the frames that were tested. The
bootstrap draws seeds and frames anew and so also counts that others could have been
tested; with few seeds it is too narrow, so it stands beside Student's and not in its
place.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    import numpy as np

DRAWS = 2000
"""Samples that a bootstrap draws."""


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
    check_confidence(confidence)
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
    check_confidence(confidence)
    if not freedom >= 1:
        raise ValueError(f"`freedom` must be 1 or more, got {freedom}.")
    from scipy import special

    return float(special.stdtrit(freedom, (1 + confidence) / 2))


def bootstrap(
    errors: "np.ndarray", *, confidence: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Percentile interval of the mean error over drawn seeds and drawn frames.

    All seeds were tested on the same frames, so a sample draws its frames once. Frames
    of a film resemble their neighbours; drawn one by one they count for more than
    they say, and the interval is too narrow for that as well.

    Args:
        errors: [seeds, frames], millimetres; NaN where a frame was not scored.
        confidence: Share of the samples within the interval, in (0, 1).
        seed: Of the draws.

    Returns:
        Lower and upper end, millimetres.

    Raises:
        ValueError: If there is no seed or frame, a frame was scored for some seeds only,
            or `confidence` is out of range.

    Source:
        Davison and Hinkley 1997, "Bootstrap methods and their application", 3.8.
    """
    import numpy as np

    check_confidence(confidence)
    if errors.ndim != 2 or not errors.size:
        raise ValueError(f"`errors` must be [seeds, frames], got {list(errors.shape)}.")
    scored = np.isfinite(errors)
    if not (scored == scored[0]).all():
        raise ValueError("`errors` must score the same frames for every seed.")
    errors = errors[:, scored[0]]
    draw, (seeds, frames) = np.random.default_rng(seed), errors.shape
    of_seeds = draw.multinomial(seeds, np.full(seeds, 1 / seeds), DRAWS) / seeds
    of_frames = draw.multinomial(frames, np.full(frames, 1 / frames), DRAWS) / frames
    means = ((of_seeds @ errors) * of_frames).sum(1)
    beyond = (1 - confidence) / 2
    low, high = np.quantile(means, [beyond, 1 - beyond])
    return float(low), float(high)


def check_confidence(confidence: float) -> None:
    """Refuse what is no probability between 0 and 1.

    Raises:
        ValueError: If it is none.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` must be in (0, 1), got {confidence}.")
