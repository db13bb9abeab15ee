"""Whether the statistics of finals keep what they promise, on simulated finals.

The truth of a simulated final is known: errors are the entrant's mean, what a seed does
to all of them, what it does to one, how hard a frame is, and noise. Counted is how often
a test errs and an interval covers. `--spread skewed` draws the effects of seeds from a
skewed distribution, which Student's t does not assume.
"""

import argparse
import json
import math
from collections.abc import Callable

import numpy as np

from results.statistics import labels, means, pairs, racing


SHARED_MM, OWN_MM, HARD_MM, NOISE_MM = 0.5, 0.6, 8.0, 3.0
"""Deviations of the effects: of a seed on all, of a seed on one, of a frame, noise."""

NUMBERS = (114, 286, 572, 1430, 5720)
"""Labels at which the curve is measured: 2, 5, 10, 25 and 100 % of 5,720."""

Spread = Callable[[tuple[int, ...]], np.ndarray]
"""Draws numbers of mean 0 and deviation 1."""


def spread(draw: np.random.Generator, kind: str) -> Spread:
    """How the effects of seeds are distributed."""
    if kind == "normal":
        return draw.standard_normal
    return lambda shape: draw.standard_exponential(shape) - 1


def finals(
    draw: np.random.Generator, own: Spread, mean_mm: np.ndarray, seeds: int, frames: int
) -> np.ndarray:
    """Errors of entrants, [entrants, seeds, frames]."""
    count = len(mean_mm)
    errors = mean_mm[:, None, None] + SHARED_MM * own((1, seeds, 1))
    errors = errors + OWN_MM * own((count, seeds, 1))
    hard = draw.standard_normal((1, 1, frames))
    hard -= hard.mean()  # the truth is that of the frames that were tested
    noise = draw.standard_normal((count, seeds, frames))
    return errors + HARD_MM * hard + NOISE_MM * noise


def by_seed(errors: np.ndarray) -> dict[int, float]:
    """Mean error of each seed."""
    return dict(enumerate(errors.mean(1).tolist()))


def raced(errors: np.ndarray) -> set[str]:
    """Entrants that a race over all seeds has dropped."""
    every = {str(n): by_seed(one) for n, one in enumerate(errors)}
    seeds, out = errors.shape[1], set()
    held: dict[str, dict[int, float]] = {name: {} for name in every}
    for seed in range(seeds):
        for name in every.keys() - out:
            held[name][seed] = every[name][seed]
        out.update(racing.dropped(held, seeds=seeds))
    return out


def measured(options: argparse.Namespace) -> dict[str, float]:
    """Shares over all simulated finals."""
    draw = np.random.default_rng(options.seed)
    own = spread(draw, options.spread)
    size = {"seeds": options.seeds, "frames": options.frames}
    found: dict[str, list[bool]] = {}

    def note(name: str, *, held: bool) -> None:
        found.setdefault(name, []).append(held)

    for _ in range(options.finals):
        same = finals(draw, own, np.array([25.0, 25.0]), **size)
        pair = pairs.paired(by_seed(same[0]), by_seed(same[1]))
        assert pair is not None
        assert pair.p_value is not None
        note("paired test, false positives", held=pair.p_value <= 0.05)
        alone = means.summary([*by_seed(same[0]).values()])
        assert alone.low is not None
        assert alone.high is not None
        note("t interval covers", held=alone.low <= 25 <= alone.high)
        low, high = means.bootstrap(same[0], seed=int(draw.integers(2**31)))
        note("bootstrap covers", held=low <= 25 <= high)
        four = finals(draw, own, np.full(4, 25.0), **size)
        tests = [pairs.paired(by_seed(four[0]), by_seed(other)) for other in four[1:]]
        adjusted = pairs.holm([t.p_value for t in tests if t and t.p_value is not None])
        note("three tests with Holm, any false positive", held=min(adjusted) <= 0.05)
        field = 25 + np.concatenate([[0.0], draw.uniform(0, 3, 5)])
        note("race drops the best", held="0" in raced(finals(draw, own, field, **size)))
        out = raced(finals(draw, own, np.array([25.0, 31.0]), **size))
        note("race drops one that is 6 mm worse", held=out == {"1"})
        note("equal labels, interval covers", held=_equal(draw, own, size))
    return {name: float(np.mean(held)) for name, held in found.items()}


def _equal(draw: np.random.Generator, own: Spread, size: dict[str, int]) -> bool:
    """Whether the interval has the number of labels at which the curve meets the goal."""
    least, most = NUMBERS[0], NUMBERS[-1]
    truth = math.exp(draw.uniform(math.log(1.2 * least), math.log(most / 1.2)))
    floor, fall = draw.uniform(8, 16), draw.uniform(0.2, 0.6)
    height = 25 * least**fall

    def error(number: float) -> float:
        return floor + height * number**-fall

    level = np.array([*map(error, NUMBERS), error(truth)])
    *curve, goal = finals(draw, own, level, **size)
    found = labels.equivalent(
        {n: by_seed(one) for n, one in zip(NUMBERS, curve, strict=True)}, by_seed(goal)
    )
    return found.low <= truth <= found.high


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--finals", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--spread", choices=("normal", "skewed"), default="normal")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    found = measured(options)
    if options.format == "json":
        print(json.dumps(found))
        return
    for name, share in found.items():
        print(f"{name:45} {100 * share:6.1f} %")


if __name__ == "__main__":
    main()
