"""`crossnets replay`: compare policies on curves that are known already."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from harness.commands.arguments import Format, StoreFolder
from harness.commands.exit_codes import DONE


if TYPE_CHECKING:
    from harness.replay.curves import Curves


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What searches with other policies would have found on known curves.

    An epoch costs one simulated worker one unit of time. Regret is 0 for the best
    configuration of a task and 1 for the median one.
    """

    source: Annotated[str | None, arg(name="from", metavar="SEARCH")] = None
    """Search whose stored curves are played; a short curve keeps its last value."""
    curves: Annotated[str | None, arg(metavar="DIR")] = None
    """Folder of .json.gz files in TaskSet's form."""
    policies: str = "crossnets,crossnets_random,random_asha"
    """crossnets[_random|_tpe|_stop], random_asha[_promote], ray_stock, optuna_tpe_asha, hyperband, bohb."""
    workers: int = 8
    """Simulated workers."""
    budget: int = 20
    """Full trainings that each search may cost."""
    grace: float = 4.0
    """First rung, as a share of a full training in percent."""
    seeds: int = 3
    """Searches of each policy on each task."""
    store: StoreFolder = "runs"
    """Folder of the store, for --from."""
    format: Format = "table"
    """table has the mean of each policy and task, json and csv every search."""


def run(options: Replay) -> int:
    """Play, and print what came of it."""
    from harness.commands.printing import messages, tables
    from harness.replay import play

    rows = list(
        play.play(
            _tasks(options),
            [name.strip() for name in options.policies.split(",")],
            workers=options.workers,
            budget=options.budget,
            grace_percent=options.grace,
            seeds=options.seeds,
        )
    )
    if options.format == "table":
        rows = play.means(rows)
    messages.answer(tables.show(rows, options.format))
    return DONE


def _tasks(options: Replay) -> "list[Curves]":
    """The curves that are to be played."""
    from harness.replay import curves, stored
    from results import Store

    if (options.source is None) == (options.curves is None):
        raise ValueError("`from` or `curves` must be given, and not both.")
    if options.curves is not None:
        return curves.read(Path(options.curves))
    assert options.source is not None
    return stored.read(Store.open(options.store), options.source)
