"""Policies against each other on the same curves, with the same seeds."""

import dataclasses
import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from cnets import suggestions
from harness.replay import policies
from harness.replay.clock import Clock
from harness.replay.curves import Curves


def play(
    tasks: Sequence[Curves],
    names: Sequence[str],
    *,
    workers: int,
    budget: int,
    grace_percent: float,
    seeds: int,
) -> Iterator[dict[str, Any]]:
    """What each policy comes to on each task with each seed.

    Args:
        tasks: Curves.
        names: Of policies, see `policies`.
        workers: Trials at once, 1 or more.
        budget: Full trainings that a search may cost, 1 or more.
        grace_percent: First rung as a share of the length, above 0 and at most 100.
        seeds: Searches of each policy on each task: seeds 0, 1, ...

    Returns:
        An object a (policy, task, seed): these, and the fields of `clock.Outcome`.

    Raises:
        ValueError: If a policy is unknown or a number out of its range.
    """
    for name in names:
        if name not in policies.POLICIES:
            near = suggestions.nearest(name, policies.POLICIES)
            raise ValueError(f"`policies` must be known ones, got {name!r}{near}")
    numbers = {"workers": workers, "budget": budget, "seeds": seeds}
    for name, value in numbers.items():
        if not value >= 1:
            raise ValueError(f"`{name}` must be 1 or more, got {value}.")
    graces = [policies.rung(curves, grace_percent) for curves in tasks]
    return (
        played(name, policies.Setting(curves, budget, grace, seed), workers)
        for name in names
        for curves, grace in zip(tasks, graces, strict=True)
        for seed in range(seeds)
    )


def played(name: str, setting: policies.Setting, workers: int) -> dict[str, Any]:
    """One search: policy, task, seed and outcome."""
    decider = policies.POLICIES[name](setting)
    curves = setting.curves
    outcome = Clock(curves, decider, workers).run(setting.budget * curves.epochs)
    return {
        "policy": name,
        "task": curves.task,
        "seed": setting.seed,
        **dataclasses.asdict(outcome),
    }


def means(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The mean over seeds of each policy on each task, and its standard error.

    Args:
        rows: What `play` gives.
    """
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["policy"], row["task"]), []).append(row)
    return [
        {"policy": policy, "task": task, "seeds": len(group)}
        | {"regret": _mean(group, "regret"), "error": _error(group)}
        | {n: _mean(group, n) for n in ("started_regret", "trials", "nonfinite_share")}
        for (policy, task), group in groups.items()
    ]


def _mean(rows: Sequence[dict[str, Any]], name: str) -> float:
    return statistics.fmean(row[name] for row in rows)


def _error(rows: Sequence[dict[str, Any]]) -> float | None:
    """Standard error of the mean regret; None for one search."""
    if len(rows) < 2:
        return None
    return statistics.stdev(row["regret"] for row in rows) / math.sqrt(len(rows))
