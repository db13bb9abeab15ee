"""`crossnets train`: one run in this process, shown epoch by epoch."""

import json
import math
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from cnets import presets
from harness import repeat
from harness.commands.cli import DONE, FAILED
from harness.commands.verbs import Train
from harness.definition.data_choice import DataChoice
from harness.definition.options import assignments
from harness.definition.report import Report
from harness.repeat import Stored
from harness.worker import initial_model
from harness.worker.process_bank import bank, same_data


DEVICES = ("cpu", "cuda")
"""What `--device` takes."""


def train(verb: Train) -> int:
    """Train, then print the last figures; with `--from`, compare them too."""
    if verb.device not in DEVICES:
        known = " or ".join(DEVICES)
        raise ValueError(f"`--device` must be {known}, got {verb.device!r}.")
    again = repeat.stored(verb.store, verb.source) if verb.source else None
    if again is not None and again.step is None:
        raise ValueError(f"`from` must have reported an error, got {verb.source!r}.")
    if again is not None:
        run, data, until = again.config, again.data, again.step
        same_data(data, again.fingerprint, verb.device)
    else:
        run, until = presets.preset(verb.preset).replace(assignments(verb.set)), None
        data = DataChoice(
            spec=verb.data,
            side_px=run.networks.side_px,
            split=verb.split,
            unlabelled=verb.unlabelled,
            cache=str((Path(verb.store) / "cache").resolve()),
        )
        joints = bank(data, verb.device).data.joints
        run = run.replace({"networks.joints": joints})
        initial_model.facts(verb.init, run)
    with _folder(verb.out) as folder:
        reports = repeat.train(
            run,
            data,
            folder=folder,
            until=until,
            device=verb.device,
            init=verb.init if again is None else again.init,
            rows=None if again is None else again.rows,
        )
        last = _watch(reports)
    if verb.format == "json":
        figures = {"step": last.step, **last.terms, **last.metrics, "test": last.final}
        print(json.dumps(_finite(figures), indent=1))  # noqa: T201
    else:
        _show(last)
    return DONE if again is None else _compare(again, last)


def _watch(reports: Iterator[Report]) -> Report:
    """Drain a run, with a bar on a terminal and a line an epoch elsewhere."""
    console, last, first = Console(stderr=True), None, None
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, object] = {}
        for last in reports:
            first = first or last.finding
            if last.stage not in tasks:
                tasks[last.stage] = bar.add_task(last.stage, total=last.epochs)
            error = last.metrics.get("mean_joint_error_mm")
            shown = "" if error is None else f" {error:.2f} mm"
            bar.update(
                tasks[last.stage],  # pyright: ignore[reportArgumentType]
                completed=last.epoch,
                description=f"{last.stage}{shown}",
            )
            if not console.is_terminal:
                line = f"{last.stage} {last.epoch}/{last.epochs}{shown}"
                print(line, file=sys.stderr)  # noqa: T201
    assert last is not None
    if first is not None:
        said = f"In a search this ends the trial: {first.reason}"
        print(said, file=sys.stderr)  # noqa: T201
    return last


def _show(last: Report) -> None:
    figures = [("validation", last.metrics), ("test", last.final)]
    for split, values in figures:
        if values:
            print(  # noqa: T201
                f"{split}: {values['mean_joint_error_mm']:.3f} mm mean joint error, "
                f"{values['frames_within_20mm']:.1%} of frames within 20 mm, "
                f"{values['frames_within_40mm']:.1%} within 40 mm"
            )


def _compare(again: Stored, last: Report) -> int:
    """Say whether a repeated trial gave the stored number to the last bit."""
    found = last.metrics[again.objective]
    there = again.objective_mm
    assert there is not None
    if found == there or (math.isnan(found) and math.isnan(there)):
        said = f"step {last.step}: {found!r} mm, equal to the stored trial's"
        print(said, file=sys.stderr)  # noqa: T201
        return DONE
    said = f"step {last.step}: {found!r} mm, but the stored trial has {there!r} mm"
    print(said, file=sys.stderr)  # noqa: T201
    return FAILED


@contextmanager
def _folder(out: str | None) -> Iterator[Path]:
    """Where checkpoints go: the folder asked for, or one that is removed."""
    if out is not None:
        yield Path(out)
        return
    with tempfile.TemporaryDirectory(prefix="crossnets-train-") as made:
        yield Path(made)


def _finite(values: dict) -> dict:
    """Values that strict JSON can hold."""
    return {
        name: _finite(value)
        if isinstance(value, dict)
        else str(value)
        if isinstance(value, float) and not math.isfinite(value)
        else value
        for name, value in values.items()
    }
