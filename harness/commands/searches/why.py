"""`crossnets why`: where a trial came from, and every decision about it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from harness.commands.arguments import StoreFolder, TableOrJson
from harness.commands.exit_codes import DONE


if TYPE_CHECKING:
    from results import Store

ORIGINS = {
    "start": "a start of the space",
    "random": "a random draw",
    "tpe": "a proposal of Optuna's TPE",
    "model": "a proposal of the model",
}
"""Where a configuration comes from, in words."""

TOLD = ("proposed", "paused", "promoted", "resumed", "retried", "ended")
"""Events that are printed."""

COLUMNS = ("epoch", "rung", "value_mm", "rank", "peers", "keep", "cutoff_mm", "action")
"""Figures of a decision."""


@dataclass(frozen=True, kw_only=True)
class Why:
    """Where a trial's configuration came from, and why it went on, waited or ended.

    At a rung a trial may go on if its rank is at most `keep`, which is `peers` divided
    by `eta`: rounded down where trials wait, rounded up where they are stopped; the only
    one at a rung goes on. `peers` counts the trials of the same labelled ratio that had
    reached the rung by then and have not failed, this one included.
    """

    name: Positional[Annotated[str, arg(metavar="NAME")]]
    """Name of the search."""
    trial: Positional[Annotated[str, arg(metavar="TRIAL")]]
    """Name of the trial, such as t-00007."""
    store: StoreFolder = "runs"
    """Folder of the store."""
    format: TableOrJson = "table"
    """How the answer is printed."""


def run(options: Why) -> int:
    """Print it."""
    from harness.commands.printing import messages, tables
    from results import Store

    found = story(Store.open(options.store), options.name, options.trial)
    if options.format == "json":
        messages.answer(tables.as_json(found))
        return DONE
    messages.answer(_opening(found))
    if found["decisions"]:
        rows = [{n: row[n] for n in COLUMNS} for row in found["decisions"]]
        messages.answer(tables.show(rows, "table", "At the rungs"))
    for row in found["decisions"]:
        messages.answer(f"epoch {row['epoch']}, {row['action']}: {row['reason']}")
    messages.answer(_end(found))
    return DONE


def story(store: "Store", search: str, trial: str) -> dict[str, Any]:
    """Everything that was decided about a trial, in its order.

    Args:
        store: The store.
        search: Name of the search.
        trial: Name of the trial.

    Returns:
        Plain values by name: `trial`, `labelled_ratio`, `origin`, `parameters`,
        `expected_score` and its standard deviation, `events`, `decisions`, `state`,
        `reason`, `epoch` and `objective_mm`.

    Raises:
        ValueError: If there is no such search or trial.
        StorageError: If a file is damaged or cannot be read.
    """
    from cnets import suggestions
    from results import queries

    events = _of(store, "trials", search, trial)
    if not events:
        known = queries.read(store, "trials", search)["trial"].to_pylist()
        near = suggestions.nearest(trial, known[-20:])
        raise ValueError(f"`trial` must be one of {search}, got {trial!r}{near}")
    newest, rules = events[-1], store.header(search).rules
    parameters = _of(store, "parameters", search, trial)
    facts = "state", "reason", "epoch", "objective_mm"
    origin = "origin", "labelled_ratio", "expected_score", "expected_score_std"
    decisions = _of(store, "decisions", search, trial)
    return {
        "search": search,
        "trial": trial,
        **{name: newest[name] for name in origin},
        "parameters": {
            row["name"]: row["value"] if row["text"] is None else row["text"]
            for row in parameters
        },
        "events": [
            {name: row[name] for name in ("event", *facts)}
            for row in events
            if row["event"] in TOLD
        ],
        "eta": rules.get("eta"),
        "decisions": [_decision(row, rules) for row in decisions if row["rung"]],
        **{name: newest[name] for name in facts},
    }


def keep(peers: int, rules: Mapping[str, Any]) -> int | None:
    """How many of those at a rung may go on; None where the rules do not tell.

    Args:
        peers: Trials that reached the rung.
        rules: As the header has them.
    """
    from harness.driver.deciding import ladder

    if "eta" not in rules:
        return None
    if rules.get("scheduler", "stop") == "stop":
        return max(1, math.ceil(peers / rules["eta"]))
    return ladder.allowed(peers, rules["eta"], only_one=True)


def _decision(row: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    names = "epoch", "rung", "value_mm", "rank", "peers", "cutoff_mm", "action"
    allowed = {"keep": keep(row["peers"], rules), "reason": row["reason"]}
    return {name: row[name] for name in names} | allowed


def _of(store: "Store", table: str, search: str, trial: str) -> list[dict[str, Any]]:
    """The rows of one trial, in the order in which they were written."""
    import pyarrow.compute as pc

    rows = store.rows(table, search).filter(pc.field("trial") == trial)
    mine = rows.to_pylist()
    return sorted(mine, key=lambda row: (row["driver_epoch"], row["seq"]))


def _opening(found: Mapping[str, Any]) -> str:
    """Where the configuration came from, in words."""
    said = (
        f"{found['trial']} of {found['search']} is {ORIGINS[found['origin']]} "
        f"at labelled ratio {found['labelled_ratio']:g}."
    )
    if found["expected_score"] is not None:
        said += (
            f" It expected a score of {found['expected_score']:.2f} with a standard "
            f"deviation of {found['expected_score_std']:.2f} (0 is the middle of all "
            "trials, smaller is better)."
        )
    values = (f"{name} = {_short(v)}" for name, v in found["parameters"].items())
    return "\n".join([said, *(f"  {value}" for value in values)])


def _end(found: Mapping[str, Any]) -> str:
    """How it stands, in words."""
    at = (
        "before the first epoch"
        if found["epoch"] is None
        else f"epoch {found['epoch']}"
    )
    value = found["objective_mm"]
    error = "" if value is None else f" with {value:.4g} mm"
    reason = f": {found['reason']}" if found["reason"] else "."
    return f"{found['state']} at {at}{error}{reason}"


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
