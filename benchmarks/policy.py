"""Our policy and its peers on known learning curves: mean regrets with intervals.

    python benchmarks/policy.py DIR            TaskSet's form, such as the six tasks
    python benchmarks/policy.py families       synthetic ones (`curve_families.py`)

Policies share tasks and seeds, so the difference to ours is paired: its interval is
that of the mean over seeds. A regret is 0 for the best configuration of a task and 1
for the median one.
"""

import argparse
import functools
import json
import math
import multiprocessing
import statistics
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import curve_families

from harness.replay import curves as curve_files, play, policies
from harness.replay.curves import Curves


SIZES = (
    (12, 9, (1.0,)),
    (16, 27, (0.1, 1.0)),
    (30, 40, (0.1, 0.5, 1.0)),
    (60, 80, (1.0,)),
)
"""Of synthetic searches: trainings, epochs of one, labelled ratios."""

PRINTED = "crossnets,crossnets_random,random_asha"


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("curves", help="a folder, or `families`")
    parser.add_argument("--policies", default=PRINTED)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--budget", type=int, default=20)
    parser.add_argument("--grace", type=float, default=4.0, help="percent")
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--format", choices=["table", "json"], default="table")
    options = parser.parse_args()
    names = options.policies.split(",")
    if options.curves == "families":
        jobs = [
            (n, f, s)
            for n in names
            for f in curve_families.FAMILIES
            for s in range(options.seeds)
        ]
        work: Any = family
    else:
        tasks = curve_files.read(Path(options.curves))
        jobs = [
            (n, t, s)
            for n in names
            for t in range(len(tasks))
            for s in range(options.seeds)
        ]
        work = functools.partial(real, tasks, options)
    with multiprocessing.Pool(options.processes) as pool:
        rows = [row for found in pool.imap(work, jobs, 1) for row in found]
    found = {"rows": rows, "table": table(rows, names)}
    if options.format == "json":
        print(json.dumps(found))
        return
    for row in found["table"]:
        print("  ".join(f"{name} {_shown(value)}" for name, value in row.items()))


def real(
    tasks: Sequence[Curves], options: Any, job: tuple[str, int, int]
) -> list[dict]:
    """One search on a task of a folder."""
    name, task, seed = job
    grace = policies.rung(tasks[task], options.grace)
    setting = policies.Setting(tasks[task], options.budget, grace, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna's, of values that are not finite
        return [play.played(name, setting, options.workers)]


def family(job: tuple[str, str, int]) -> list[dict]:
    """A search of each size on a synthetic task, with two workers."""
    name, kind, seed = job
    rows = []
    for budget, epochs, ratios in SIZES:
        task = curve_families.make(kind, seed, epochs, ratios)
        setting = policies.Setting(task, budget, max(2, round(0.04 * epochs)), seed)
        rows.append(play.played(name, setting, 2))
    regret = statistics.fmean(min(row["regret"], 3.0) for row in rows)
    return [{"policy": name, "task": kind, "seed": seed, "regret": regret}]


def table(rows: Sequence[dict], names: Sequence[str]) -> list[dict[str, Any]]:
    """A row a policy and task, and one over all tasks, with paired differences.

    Args:
        rows: What was played.
        names: Policies; the first is the one that others are compared with.
    """
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    regrets = {(r["policy"], r["task"], r["seed"]): r["regret"] for r in rows}
    seeds = sorted({row["seed"] for row in rows})
    found = []
    for name in names:
        for task in [*tasks, "all"]:
            chosen = tasks if task == "all" else [task]
            mine, ours = (
                [statistics.fmean(regrets[n, t, s] for t in chosen) for s in seeds]
                for n in (name, names[0])
            )
            away = [m - o for m, o in zip(mine, ours, strict=True)]
            found.append(
                {
                    "policy": name,
                    "task": task.removeprefix("FixedTextRNNClassification_"),
                    "regret": statistics.fmean(mine),
                    "plus_minus": half_width(mine),
                    "worse_than_first_by": statistics.fmean(away),
                    "difference_plus_minus": half_width(away),
                }
            )
    return found


def half_width(values: Sequence[float]) -> float:
    """Half of the 95 % interval of a mean, by Student's t; 0 for one value."""
    from scipy import stats

    if len(values) < 2:
        return 0.0
    error = statistics.stdev(values) / math.sqrt(len(values))
    return float(stats.t.ppf(0.975, len(values) - 1)) * error


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
