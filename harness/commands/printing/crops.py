"""Crops as they are made, with their speed, and what there is of them at the end."""

import time
from collections.abc import Mapping
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeRemainingColumn,
)

from harness.commands.printing import bars, messages
from harness.definition.terminal import printable


NOTE_EVERY_S = 10.0
"""How often progress is told where there is no terminal."""


class CropBar:
    """A bar with an ETA on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        """Nothing is shown before the first call of `progress`."""
        self.bar = bars.on_stderr(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
        )
        self.task = None
        self.made = 0
        self._start = (0.0, 0)
        self._noted_s = 0.0

    def __enter__(self) -> "CropBar":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def progress(self, done: int, total: int) -> None:
        """Take note that `done` of `total` frames are made."""
        now_s = time.monotonic()
        if self.task is None or done < self._start[1] + self.made:
            self._start, self.made = (now_s, done), 0
            self.task = self.bar.add_task("Crops", total=total, speed="")
        self.made = done - self._start[1]
        passed_s = max(now_s - self._start[0], 1e-6)
        speed = self.made / passed_s
        shown = f"{speed:.0f} frames/s" if self.made else ""
        self.bar.update(self.task, completed=done, speed=shown)
        if self.bar.disable and self.made and now_s - self._noted_s > NOTE_EVERY_S:
            self._noted_s = now_s
            left_s = (total - done) / speed
            messages.note(f"{done} of {total} frames, {shown}, {left_s:.0f} s to go")


def sentences(facts: Mapping[str, Any]) -> str:
    """What a data set has, in words.

    Args:
        facts: Those of `data_sets.facts`, and `seconds` that it took.
    """
    lines = [
        f"{printable(facts['data'])}: {facts['frames']} frames, {facts['labels']} labels, "
        f"crops of {facts['side_px']} px ({facts['mebibytes']} MiB), their centres "
        f"{facts['centres']}: {facts['train']} "
        f"train, {facts['validation']} validation, {facts['test']} test, "
        f"{facts['unlabelled']} unlabelled, {sum(facts['dropped'].values())} dropped.",
    ]
    lines += [f"Dropped: {count} {why}." for why, count in facts["dropped"].items()]
    lines += [printable(note) for note in facts["notes"]]
    lines.append(f"Ready after {facts['seconds']} s.")
    return "\n".join(lines)
