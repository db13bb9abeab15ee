"""Scalars and pictures of every trial as TensorBoard files.

The driver writes them, so workers need no tensorboardX. `crossnets` itself
never reads them back; they may be deleted.
"""

from pathlib import Path

from tensorboardX import SummaryWriter

from harness.job import Report
from harness.recorder import Tracked


class Board:
    """One folder of event files a trial."""

    def __init__(self, folder: Path) -> None:
        """Writes below `folder`, which is made when the first trial reports."""
        self._folder = folder
        self._writers: dict[str, SummaryWriter] = {}

    def __call__(self, trial: Tracked, report: Report | None) -> None:
        """Write one report; a trial's files are closed with its end."""
        name = trial.proposal.trial
        if report is not None:
            self._write(self._writer(name), report)
        if not trial.open and name in self._writers:
            self._writers.pop(name).close()

    def close(self) -> None:
        """Close what is open."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _writer(self, name: str) -> SummaryWriter:
        if name not in self._writers:
            self._writers[name] = SummaryWriter(str(self._folder / name))
        return self._writers[name]

    def _write(self, writer: SummaryWriter, report: Report) -> None:
        for group in (report.terms, report.metrics, report.health):
            for name, value in group.items():
                writer.add_scalar(f"{report.stage}/{name}", value, report.epoch)
        if report.pictures is not None:
            tag = "measured, rendered, random, predicted joints"
            writer.add_image(tag, report.pictures, report.step, dataformats="HWC")
        writer.flush()
