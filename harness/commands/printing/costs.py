"""The cost of a search as tables or JSON."""

from pathlib import Path

from harness.commands.printing import tables
from harness.definition import disk
from harness.driver.display.screen import clock
from harness.plan import Cost, Estimate


def shown(cost: Estimate, store: Path, style: str) -> str:
    """An estimate as text: `json`, or else tables.

    Args:
        cost: The estimate.
        store: Where the search would write.
        style: `json`, or anything else for tables.
    """
    return _json(cost, store) if style == "json" else _tables(cost, store)


def _json(cost: Estimate, store: Path) -> str:
    """Everything, by name; hours are those of one core or one GPU."""
    facts = {
        "device": cost.device,
        "slots": cost.slots,
        "ladders": [
            {
                "labelled_ratio": ladder.labelled_ratio,
                "trials": ladder.trials,
                "reach": {str(step): count for step, count in ladder.reach.items()},
            }
            for ladder in cost.ladders
        ],
        "seconds_an_update": dict(cost.speed.update_s),
        "seconds_a_frame": cost.speed.frame_s,
        "without_tree": _plain(cost.alone),
        "with_tree": _plain(cost.shared),
        "disk_bytes": cost.disk.total,
        "disk_free_bytes": disk.free_bytes(store),
        "not_shared": {stage: list(names) for stage, names in cost.unshared.items()},
    }
    return tables.as_json(facts)


def _plain(cost: Cost) -> dict:
    return {
        "pre_trainings": dict(cost.pre_trainings),
        "updates": dict(cost.updates),
        "iterations": cost.iterations,
        "hours": cost.hours,
        "wall_hours": cost.wall_hours,
    }


def answer(cost: Estimate) -> list[str]:
    """The answer: how long on what, how much disk, and what cannot be shared.

    Such as `about 48 trials, 0:13 on 2 cores, 14.0 MiB`.

    Args:
        cost: The estimate.
    """
    unit = "GPU" if cost.device == "cuda" else "core"
    places = f"{cost.slots} {unit}{'' if cost.slots == 1 else 's'}"
    time = clock(3600 * cost.asked.wall_hours)
    trials = sum(ladder.trials for ladder in cost.ladders)
    lines = [
        f"about {trials} trials, {time} on {places}, {disk.in_words(cost.disk.total)}"
    ]
    if cost.is_shared and cost.unshared:
        every = cost.unshared.keys() == cost.shared.pre_trainings.keys()
        which = "No pre-training" if every else f"No pre-training of the {_names(cost)}"
        lines.append(
            f"{which} can be shared in this space, where trials differ in "
            + "; ".join(
                f"{', '.join(names)} ({stage.upper()})"
                for stage, names in cost.unshared.items()
            )
            + "."
        )
    return lines


def _names(cost: Estimate) -> str:
    return " and ".join(stage.upper() for stage in cost.unshared)


def _tables(cost: Estimate, store: Path) -> str:
    """The answer, trials a rung, the price of an update, and what the search takes."""
    rungs = [
        {"labelled_ratio": ladder.labelled_ratio, "trials": ladder.trials}
        | {f"to epoch {step}": f"{count:.1f}" for step, count in ladder.reach.items()}
        for ladder in cost.ladders
    ]
    unit = "GPU" if cost.device == "cuda" else "core"
    alone, shared = cost.alone, cost.shared
    rows = [
        (f"pre-trainings, {stage}", str(count), str(shared.pre_trainings[stage]))
        for stage, count in alone.pre_trainings.items()
    ]
    rows += [
        ("training iterations", f"{alone.iterations:,}", f"{shared.iterations:,}"),
        (f"time of one {unit}, h:mm:ss", _hours(alone.hours), _hours(shared.hours)),
        (
            f"wall time on {cost.slots} {unit}s",
            _hours(alone.wall_hours),
            _hours(shared.wall_hours),
        ),
    ]
    columns = ("it takes", "each trial for itself", "stages shared")
    takes = [dict(zip(columns, row, strict=True)) for row in rows]
    speed = [
        {"stage": stage, "milliseconds an update": 1000 * seconds}
        for stage, seconds in cost.speed.update_s.items()
    ]
    parts = [
        *(tables.folded(line, tables.width()) for line in answer(cost)),
        tables.show(rungs, "table", "Trials expected"),
        tables.show(speed, "table", "Measured here"),
        tables.show(takes, "table", "The search"),
        f"Disk: {cost.disk.sentence(store)}",
    ]
    return "\n".join(parts)


def _hours(hours: float) -> str:
    minutes, seconds = divmod(round(3600 * hours), 60)
    return f"{minutes // 60:,}:{minutes % 60:02d}:{seconds:02d}"
