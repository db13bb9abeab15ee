"""`crossnets status`: print how far searches are, from the store alone."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from harness.commands.arguments import Format, StoreFolder
from harness.commands.exit_codes import DONE
from harness.definition import stage_notes


if TYPE_CHECKING:
    from results import Store

COLUMNS = ("search", "trials", "states", "best", "pre-trainings", "driven by")
"""Columns of the answer, all text."""

MAIN = ("search", "trials", "best", "driven by")
"""Those that a person is shown unless all are wished for."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """How far a search is, wherever it runs; without a name, all searches."""

    name: Positional[Annotated[str | None, arg(metavar="NAME")]] = None
    """Name of the search."""
    store: StoreFolder = "runs"
    """Folder of the store."""
    wide: bool = False
    """Show every column; in a pipe, do not fold lines."""
    format: Format = "table"
    """How the answer is printed."""


def run(options: Status) -> int:
    """Print a row a search, and the rungs of one that was named."""
    import pyarrow as pa

    from harness.commands.printing import hints, messages, tables
    from results import Store, queries

    store = Store.open(options.store)
    names = store.searches() if options.name is None else [options.name]
    rows = [row(store, name) for name in names]
    schema = pa.schema([(column, pa.string()) for column in COLUMNS])
    table = pa.Table.from_pylist(rows, schema)
    rows_by_name = dict(zip(names, rows, strict=True))
    shown = tables.show(table, options.format, main=MAIN, wide=options.wide)
    messages.answer(shown)
    if options.name is not None and options.format == "table":
        rungs = queries.progress(store, options.name).rungs
        if rungs:
            rows = [dataclasses.asdict(rung) for rung in rungs]
            messages.answer(tables.show(rows, "table", "Rungs"))
        state = rows_by_name[options.name]
        words = ("best", options.name) if state["best"] else ()
        hints.tell(f"{options.name}: {state['trials']}", *words, store=options.store)
    return DONE


def row(store: "Store", name: str) -> dict[str, str]:
    """How far one search is: `COLUMNS` by name."""
    from results import queries

    progress = queries.progress(store, name)
    states = progress.states
    return {
        "search": name,
        "trials": _counted(store, name, states),
        "states": ", ".join(f"{count} {state}" for state, count in states.items()),
        "best": "; ".join(
            f"{best['labelled_ratio']:g}: {best['objective_mm']:.2f} mm{_so_far(best)}"
            for best in progress.best.to_pylist()
        ),
        "pre-trainings": pre_trainings(store, name),
        "driven by": progress.driver or "nobody",
    }


def _counted(store: "Store", name: str, states: Mapping[str, int]) -> str:
    """How many trials have ended, of how many; begun where they wait for each other."""
    header, total = store.header(name), sum(states.values())
    if header.budget is not None:
        return f"{total} begun, budget {header.budget}"
    most = max(store.wanted(name), total)
    if header.rules.get("scheduler") == "pause":
        return f"{total} of {most} begun"
    ended = total - states.get("pending", 0) - states.get("running", 0)
    return f"{ended} of {most} ended"


def _so_far(best: dict[str, Any]) -> str:
    """How far a best trial was trained that is not complete."""
    return "" if best["state"] == "completed" else f" (epoch {best['epoch']})"


def pre_trainings(store: "Store", name: str) -> str:
    """How many pre-trainings a search has run and reused, such as `4 run, 20 reused`."""
    rows = store.rows("trials", name).select(["trial", "event", "reason"])
    events = [
        (row["trial"], row["reason"])
        for row in rows.to_pylist()
        if row["event"] == "stage"
    ]
    trained, reused = stage_notes.counts(events)
    return f"{trained} run, {reused} reused"
