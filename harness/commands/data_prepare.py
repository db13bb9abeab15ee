"""`crossnets data prepare`: the crops of a data set, made before they are needed."""

import json
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from cnets.data.hand_data import HandData
from cnets.data.opening import open_data
from harness.commands.cli import DONE
from harness.commands.verbs import DataPrepare
from harness.definition.terminal import printable


SAY_EVERY_S = 10.0
"""How often progress is told where there is no terminal."""


def prepare(verb: DataPrepare) -> int:
    """Make the crops, then say what there is."""
    if verb.workers is not None and not verb.workers >= 1:
        raise ValueError(f"`workers` must be 1 or more, got {verb.workers}.")
    if verb.format not in ("table", "json"):
        raise ValueError(f"`--format` must be table or json, got {verb.format!r}.")
    cache, start_s = Path(verb.store) / "cache", time.monotonic()
    with _Shown() as shown:
        data = open_data(
            verb.data,
            side_px=verb.side,
            unlabelled_frames=verb.unlabelled,
            cache=cache,
            progress=shown.tell,
            workers=verb.workers,
        )
    found = _facts(data, time.monotonic() - start_s, shown.made)
    if verb.format == "json":
        print(json.dumps(found, indent=1))  # noqa: T201
    else:
        print(_sentence(found))  # noqa: T201
    return DONE


class _Shown:
    """A bar with an ETA on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        """Nothing is shown before the first call of `tell`."""
        console = Console(stderr=True)
        self.quiet = not console.is_terminal
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=console,
            disable=self.quiet,
        )
        self.task = None
        self.made = 0
        self._start = (0.0, 0)
        self._said_s = 0.0

    def __enter__(self) -> "_Shown":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def tell(self, done: int, total: int) -> None:
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
        if self.quiet and self.made and now_s - self._said_s > SAY_EVERY_S:
            self._said_s = now_s
            left_s = (total - done) / speed
            said = f"{done} of {total} frames, {shown}, {left_s:.0f} s to go"
            print(said, file=sys.stderr)  # noqa: T201


def _facts(data: HandData, seconds: float, made: int) -> dict:
    sizes = {name: len(data.rows(name)) for name in ("train", "validation", "test")}
    unused = int(len(data.split) - sum(sizes.values()))
    return {
        "data": data.name,
        "frames": len(data.crops),
        "unlabelled": len(data.unlabelled),
        **sizes,
        "unused": unused,
        "empty": data.empty,
        "side_px": data.side_px,
        "mebibytes": round((data.crops.nbytes + data.unlabelled.nbytes) / 2**20, 1),
        "fingerprint": data.fingerprint,
        "made": made,
        "seconds": round(seconds, 1),
    }


def _sentence(found: dict) -> str:
    lines = [
        f"{printable(found['data'])}: {found['frames']} crops of {found['side_px']} px "
        f"({found['mebibytes']} MiB): {found['train']} train, "
        f"{found['validation']} validation, {found['test']} test, "
        f"{found['unused']} in the gaps between them.",
    ]
    if found["empty"]:
        lines.append(
            f"{found['empty']} frames show nothing in their cube and are in no split."
        )
    if found["unlabelled"]:
        lines.append(f"{found['unlabelled']} frames without labels for the GAN.")
    lines.append(f"Ready after {found['seconds']} s.")
    return "\n".join(lines)
