"""`crossnets plan`: the cost of a search as tables or JSON."""

import dataclasses
import json
import os
from pathlib import Path

import pyarrow as pa

from harness.commands.cli import DONE
from harness.commands.printing import tables
from harness.commands.verbs import Plan
from harness.definition.options import SearchOptions
from harness.plan import Cost, Estimate, estimate, probe
from harness.prepare import prepare


def plan(verb: Plan) -> int:
    """Probe, count, and print."""
    import torch

    from harness.commands.functions import preparation

    if verb.format not in ("table", "json"):
        raise ValueError(f"`--format` must be table or json, got {verb.format!r}.")
    names = {field.name for field in dataclasses.fields(SearchOptions)}
    options = SearchOptions(**{n: v for n, v in vars(verb).items() if n in names})
    with preparation() as progress:
        prepared = prepare(verb.name, options, Path(verb.store) / "cache", progress)
    gpus = torch.cuda.device_count()
    device = ("cuda" if gpus else "cpu") if verb.device == "auto" else verb.device
    here = gpus if device == "cuda" else os.cpu_count()
    speed = probe(prepared.data, prepared.base, device)
    found = estimate(prepared, speed, device, options.concurrency or here or 1)
    _print(_json(found) if verb.format == "json" else _tables(found))
    return DONE


def _json(found: Estimate) -> str:
    """Everything, by name; hours are those of one core or one GPU."""
    said = {
        "device": found.device,
        "slots": found.slots,
        "ladders": [
            {
                "labelled_ratio": one.labelled_ratio,
                "trials": one.trials,
                "reach": {str(step): count for step, count in one.reach.items()},
            }
            for one in found.ladders
        ],
        "seconds_an_update": dict(found.speed.update_s),
        "seconds_a_frame": found.speed.frame_s,
        "without_tree": _plain(found.alone),
        "with_tree": _plain(found.shared),
        "disk_bytes": found.disk.total,
    }
    return json.dumps(said, indent=1)


def _plain(cost: Cost) -> dict:
    return {
        "pre_trainings": dict(cost.pre_trainings),
        "updates": dict(cost.updates),
        "iterations": cost.iterations,
        "hours": cost.hours,
        "wall_hours": cost.wall_hours,
    }


def _tables(found: Estimate) -> str:
    """Trials a rung, the price of an update, and what the search takes."""
    rungs = [
        {"labelled_ratio": one.labelled_ratio, "trials": one.trials}
        | {f"to epoch {step}": f"{count:.1f}" for step, count in one.reach.items()}
        for one in found.ladders
    ]
    unit = "GPU" if found.device == "cuda" else "core"
    alone, shared = found.alone, found.shared
    rows = [
        (f"pre-trainings, {stage}", str(count), str(shared.pre_trainings[stage]))
        for stage, count in alone.pre_trainings.items()
    ]
    rows += [
        ("training iterations", f"{alone.iterations:,}", f"{shared.iterations:,}"),
        (f"time of one {unit}, h:mm:ss", _hours(alone.hours), _hours(shared.hours)),
        (
            f"wall time on {found.slots} {unit}s",
            _hours(alone.wall_hours),
            _hours(shared.wall_hours),
        ),
    ]
    columns = ("it takes", "each trial for itself", "stages shared")
    takes = [dict(zip(columns, row, strict=True)) for row in rows]
    speed = [
        {"stage": stage, "milliseconds an update": 1000 * seconds}
        for stage, seconds in found.speed.update_s.items()
    ]
    parts = [
        tables.show(pa.Table.from_pylist(rungs), "table", "Trials expected"),
        tables.show(pa.Table.from_pylist(speed), "table", "Measured here"),
        tables.show(pa.Table.from_pylist(takes), "table", "The search"),
        f"Disk: {found.disk.sentence(Path.cwd())}",
    ]
    return "\n".join(parts)


def _hours(hours: float) -> str:
    minutes, seconds = divmod(round(3600 * hours), 60)
    return f"{minutes // 60:,}:{minutes % 60:02d}:{seconds:02d}"


def _print(text: str) -> None:
    print(text)  # noqa: T201
