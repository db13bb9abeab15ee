"""Entrants of the finals beside each other: who is better, and how many labels it saves.

At a labelled ratio every two entrants are compared over the seeds that both have, and
Holm's correction is taken over all of these comparisons.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from results.finals.runs import Runs
from results.statistics import labels, pairs


START, SUPERVISED = "start", "supervised"
"""Entrants that others are compared with."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The test errors of two entrants at one labelled ratio."""

    ratio: float
    first: str
    second: str
    paired: pairs.Paired
    """First minus second: below 0 the first is better."""
    p_adjusted: float | None
    """P-value after Holm's correction over the ratio; None for a single seed."""


@dataclass(frozen=True, kw_only=True)
class Saving:
    """Labels with the best settings that do as well as the start does with all."""

    settings: Mapping[float, str]
    """The best entrant at each labelled ratio, chosen by validation."""
    counts: Mapping[float, int]
    """Labels at each ratio."""
    goal: int
    """Labels that the start had."""
    seeds: int
    """Seeds that all of them share."""
    equivalent: labels.Equivalent


def of(runs: Iterable[Runs]) -> list[Comparison]:
    """Every two entrants of each labelled ratio, in the order given."""
    fields: dict[float, list[Runs]] = {}
    for entrant in runs:
        fields.setdefault(entrant.ratio, []).append(entrant)
    found: list[Comparison] = []
    for ratio, field in fields.items():
        tested = [
            (first.entrant, second.entrant, paired)
            for first, second in combinations(field, 2)
            if (paired := pairs.paired(first.test, second.test)) is not None
        ]
        values = [paired.p_value for *_, paired in tested]
        known = [value for value in values if value is not None]
        adjusted = iter(pairs.holm(known))
        found += [
            Comparison(
                ratio=ratio,
                first=first,
                second=second,
                paired=paired,
                p_adjusted=None if paired.p_value is None else next(adjusted),
            )
            for first, second, paired in tested
        ]
    return found


def best(field: Sequence[Runs]) -> Runs | None:
    """The entrant of a ratio with the least validation error; None if none has one.

    It is taken over the seeds that all of them have, if there are such: one that was
    dropped, or failed where the labels were poor, does not win by the seeds it lacks.
    The supervised baseline is not asked: it is what the others are compared with.
    """
    sound = [r for r in field if r.validation and r.test and r.entrant != SUPERVISED]
    shared = set.intersection(*(set(r.validation) for r in sound)) if sound else set()

    def error(runs: Runs) -> float:
        seeds = shared or runs.validation
        return _mean({seed: runs.validation[seed] for seed in seeds})

    return min(sound, key=error, default=None)


def saving(runs: Sequence[Runs]) -> Saving | None:
    """How many labels the best settings save; None where that cannot be told.

    It takes two labelled ratios, the start at the largest one, and two seeds that all
    share.
    """
    ratios = sorted({r.ratio for r in runs})
    leading = {q: best([r for r in runs if r.ratio == q]) for q in ratios}
    chosen = {q: r for q, r in leading.items() if r is not None and r.labels}
    goal = next((r for r in runs if (r.ratio, r.entrant) == (ratios[-1], START)), None)
    if goal is None or goal.labels is None or len(chosen) < 2:
        return None
    curve = {r.labels: r.test for r in chosen.values() if r.labels is not None}
    seeds = set(goal.test).intersection(*curve.values())
    if len(seeds) < 2 or len(curve) < 2:
        return None
    return Saving(
        settings={q: r.entrant for q, r in chosen.items()},
        counts={q: r.labels for q, r in chosen.items() if r.labels is not None},
        goal=goal.labels,
        seeds=len(seeds),
        equivalent=labels.equivalent(curve, goal.test),
    )


def _mean(values: Mapping[int, float]) -> float:
    return math.fsum(values.values()) / len(values)
