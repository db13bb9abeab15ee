"""How rows of the first major version (1.0 and 1.1) are read as rows of this one.

There a training epoch was `step`, the number of the driver `epoch`, a search's rows
lay in `<table>/search_id=<search>/`, and its searched parameters were columns of
`trials` besides `config_json`, which holds them too. Nothing is written in that form;
a search begun under it goes on in this one.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from results.format import parameter_rows, schema


_NAMES = {"search_id": "search", "epoch": "driver_epoch", "step": "epoch"}
_EVENTS = {"checkpoint": "checkpoint_failed", "restored": "resumed"}
_FINAL = {"look": 1, "state": "completed", "reason": ""}


def folder(table: str, search: str) -> str:
    """Folder of a table's segments of one search, as the first version named it."""
    return f"{table}/search_id={search}"


def is_row(row: Mapping[str, Any]) -> bool:
    """Whether a row of a journal is of the first version."""
    return "search_id" in row


def row(table: str, old: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a journal, as one of this version; unknown columns are kept."""
    new = {_NAMES.get(name, name): value for name, value in old.items()}
    if table == "trials":
        new["event"] = _EVENTS.get(new["event"], new["event"])
    if table == "finals":
        new |= {"entrant": new["trial"], **_FINAL}
    return new


def renamed(rows: pa.Table) -> pa.Table:
    """The rows of a segment under the names and words of this version."""
    rows = rows.rename_columns([_NAMES.get(n, n) for n in rows.schema.names])
    names = rows.schema.names
    if "event" in names:
        events = [_EVENTS.get(event, event) for event in rows["event"].to_pylist()]
        place = names.index("event")
        rows = rows.set_column(place, "event", pa.array(events, pa.string()))
    if "final_seed" in names:
        rows = rows.append_column("entrant", rows["trial"])
        for name, value in _FINAL.items():
            kind = schema.schema("finals").field(name).type
            rows = rows.append_column(name, pa.array([value] * len(rows), kind))
    return rows


def parameters(trials: pa.Table, names: Iterable[str]) -> pa.Table:
    """The table `parameters` of a search that did not store it.

    Args:
        trials: Rows of the search's `trials`, each once.
        names: Dotted names of the searched parameters, from the search's header.

    Returns:
        A row a trial and parameter that its configuration names, with the numbers
        of the first row of the trial.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    order = [("driver_epoch", "ascending"), ("seq", "ascending")]
    for trial in trials.sort_by(order).to_pylist():
        if trial["trial"] not in found:
            values = json.loads(trial["config_json"])
            named = {n: values[n] for n in names if n in values}
            assigned = {field.name: trial[field.name] for field in schema.ASSIGNED}
            found[trial["trial"]] = [
                assigned | {n: trial[n] for n in ("attempt", "trial")} | cells
                for cells in parameter_rows.rows(named)
            ]
    rows = [row for of_trial in found.values() for row in of_trial]
    return pa.Table.from_pylist(rows, schema.schema("parameters"))
