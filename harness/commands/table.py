"""Every command of `crossnets`: its name, its options, and what runs it.

Each is declared in a module of its own. Loading this table loads neither Ray nor
torch: a command imports what it needs when it runs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.commands import doctor, fields
from harness.commands.data import check, choose, init, prepare, show
from harness.commands.models import evaluate, export, predict, train
from harness.commands.results import best, query, verify
from harness.commands.searches import (
    demo,
    plan,
    replay,
    rerun,
    search,
    status,
    stop,
    trials,
    why,
)


@dataclass(frozen=True)
class Command:
    """One command."""

    options: type
    """Dataclass of its options; its docstring is the first line of `--help`."""
    run: Callable[[Any], int]
    """Takes the options and gives the exit code."""
    extra: str = "train"
    """The extra `crossnets[...]` that it needs, if it needs one."""


COMMANDS: dict[str, Command] = {
    "demo": Command(demo.Demo, demo.run, "search"),
    "search": Command(search.Search, search.run, "search"),
    "plan": Command(plan.Plan, plan.run, "search"),
    "status": Command(status.Status, status.run),
    "stop": Command(stop.Stop, stop.run),
    "trials": Command(trials.Trials, trials.run),
    "best": Command(best.Best, best.run),
    "query": Command(query.Query, query.run),
    "why": Command(why.Why, why.run),
    "replay": Command(replay.Replay, replay.run, "search"),
    "rerun": Command(rerun.Rerun, rerun.run, "search"),
    "fields": Command(fields.Fields, fields.run),
    "train": Command(train.Train, train.run),
    "evaluate": Command(evaluate.Evaluate, evaluate.run),
    "predict": Command(predict.Predict, predict.run),
    "export": Command(export.Export, export.run),
    "data init": Command(init.DataInit, init.run),
    "data prepare": Command(prepare.DataPrepare, prepare.run),
    "data check": Command(check.DataCheck, check.run),
    "data show": Command(show.DataShow, show.run),
    "data choose": Command(choose.DataChoose, choose.run),
    "verify": Command(verify.Verify, verify.run),
    "doctor": Command(doctor.Doctor, doctor.run),
}
"""Every command by name, in the order of `--help`."""
