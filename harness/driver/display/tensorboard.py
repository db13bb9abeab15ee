"""Scalars and pictures of every trial as TensorBoard files.

The driver writes them, so workers need no tensorboardX. `crossnets` itself never
reads them back; they may be deleted, and a disk that takes none ends no search.

Events are written here and now. tensorboardX's `SummaryWriter` hands them to a
thread; where that dies, of a full disk, the next tenth event waits for ever.
"""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from tensorboardX import summary
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import (
    Event,  # pyright: ignore[reportAttributeAccessIssue]  # made at run time
)
from tensorboardX.proto.summary_pb2 import (
    Summary,  # pyright: ignore[reportAttributeAccessIssue]  # likewise
)

from harness.definition.report import Report
from harness.driver.recording.tracked import Tracked
from results import check_name


STRIP = "measured, rendered, random, predicted joints"
"""What a picture shows, from top to bottom."""

FLUSH_S = 2.0
"""Longest time that an event waits for its way to the disk, while others come."""


class Board:
    """One folder of event files a trial."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        """Write nothing yet.

        Args:
            folder: Made when the first trial reports.
            say: Shows a line; told once if the files cannot be written.
        """
        self._folder, self._say = folder, say
        self._writers: dict[str, EventsWriter] = {}
        self._flushed_s = time.monotonic()
        self._told = False

    def __call__(self, trial: Tracked, report: Report | None) -> None:
        """Write one report; a trial's files are closed with its end."""
        name = trial.proposal.trial
        try:
            if report is not None:
                self._write(self._writer(name), report)
            if time.monotonic() - self._flushed_s >= FLUSH_S:
                self._flushed_s = time.monotonic()
                for writer in self._writers.values():
                    writer.flush()
            if not trial.open and name in self._writers:
                self._writers.pop(name).close()
        except OSError as error:
            self._writers.pop(name, None)
            if not self._told:
                self._say(f"Pictures and curves are not written: {error.strerror}.")
            self._told = True

    def close(self) -> None:
        """Close what is open."""
        for writer in self._writers.values():
            with contextlib.suppress(OSError):
                writer.close()
        self._writers.clear()

    def _writer(self, name: str) -> EventsWriter:
        if name not in self._writers:
            check_name("trial", name)  # a row of a strange store may have given it
            (self._folder / name).mkdir(parents=True, exist_ok=True)
            # tensorboardX names files by the second; two drivers may meet in one
            self._writers[name] = EventsWriter(
                str(self._folder / name / "events"), f".{os.getpid()}"
            )
        return self._writers[name]

    def _write(self, writer: EventsWriter, report: Report) -> None:
        scalars = Summary()  # one event for all: each is written with two checksums
        for group in (report.terms, report.metrics, report.health):
            for name, value in group.items():
                scalars.value.add(tag=f"{report.stage}/{name}", simple_value=value)
        writer.write_event(_event(scalars, report.epoch))
        if report.pictures is not None:
            picture = summary.image(STRIP, report.pictures, dataformats="HWC")
            writer.write_event(_event(picture, report.step))


def _event(content: object, step: int) -> Event:
    return Event(wall_time=time.time(), step=step, summary=content)
