"""A run as it trains, and its last figures.

A bar a stage on a terminal, a line an epoch elsewhere; the figures are for the
validation and the test split.
"""

from collections.abc import Iterator

from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

from cnets.training.health import advice
from harness import repeat
from harness.commands.printing import bars, hints, messages, tables
from harness.definition.report import Report
from harness.repeat import Stored


def watch(reports: Iterator[Report]) -> Report:
    """Show a run epoch by epoch until it ends; returns its last report."""
    last, first = None, None
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with bars.on_stderr(*columns) as bar:
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
            if bar.disable:
                messages.note(f"{last.stage} {last.epoch}/{last.epochs}{shown}")
    assert last is not None
    for sentence in advice.of_figures(last.metrics | last.health).values():
        messages.note(sentence)
    if first is not None:
        messages.note(f"In a search this ends the trial: {first.reason}")
    return last


def show(last: Report, style: str) -> None:
    """Print the last figures: JSON, or a sentence a split."""
    if style == "json":
        test = last.final and last.final | {"not_scored": last.not_scored}
        figures = {"epoch": last.step, **last.terms, **last.metrics, "test": test}
        messages.answer(tables.as_json(figures))
        return
    lost = ""
    if last.not_scored:
        total = last.final["frames"] + last.not_scored
        lost = f"; {last.not_scored} of {total} not scored (no hand seen, or no label)"
    for split, values, more in (
        ("validation", last.metrics, ""),
        ("test", last.final, lost),
    ):
        if values:
            messages.answer(
                f"{split}: {values['mean_joint_error_mm']:.3f} mm mean joint error, "
                f"{values['frames_within_20mm']:.1%} of frames within 20 mm, "
                f"{values['frames_within_40mm']:.1%} within 40 mm{more}"
            )


def answer(last: Report, *, is_kept: bool) -> str:
    """The error of a run on the validation split, in words.

    Args:
        last: Its last report.
        is_kept: Whether its networks stay on disk.
    """
    error_mm = last.metrics.get("mean_joint_error_mm")
    figure = "no error yet" if error_mm is None else f"{error_mm:.2f} mm"
    kept = "" if is_kept else "; nothing is kept without --out DIR"
    epochs = hints.count(last.step, "joint epoch")
    return f"trained {epochs}: {figure} on the validation split{kept}"


def comparison(again: Stored, last: Report) -> str:
    """Whether a repeated trial gave the stored number, in words."""
    error_mm = last.metrics[again.objective]
    if repeat.agrees(again, last):
        return f"epoch {last.step}: {error_mm!r} mm, equal to the stored trial's"
    return (
        f"epoch {last.step}: {error_mm!r} mm, but the stored trial has "
        f"{again.objective_mm!r} mm"
    )
