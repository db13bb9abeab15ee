"""Which checkpoints a search keeps: those of live trials, and of the best that ended.

A trial that runs keeps what its runner needs to go on, and so does one that waits as
long as it can still be taken up. Of those that ended, the
best few of each labelled ratio keep their last networks, for `export`; the others
keep none: their rows are in the store, and `train --from` repeats them.
"""

import contextlib
import shutil
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from harness.definition import checkpoint_names
from harness.definition.report import Report
from harness.driver.recording.tracked import Tracked
from results import ranking


TRASH = ".trash"
"""Folder of a store where checkpoints are while they are deleted."""


class Retention:
    """Deletes checkpoints that nothing needs any more, when a trial ends."""

    def __init__(
        self,
        checkpoints: Path,
        trash: Path,
        trials: Callable[[], Mapping[str, Tracked]],
        *,
        keep: int,
        may_go_on: Callable[[str], bool] = lambda trial: False,  # noqa: ARG005
    ) -> None:
        """Delete only what a dead process left in the trash.

        Args:
            checkpoints: Folder of the search's checkpoints, a folder a trial.
            trash: Folder of the same file system, where no checkpoint is looked
                for: what goes is moved there first, so that a checkpoint is whole
                or gone whenever the process dies.
            trials: Gives all trials by name.
            keep: Trials of each labelled ratio that keep their networks.
            may_go_on: Whether a trial that waits can still be taken up.
        """
        self._checkpoints, self._trash = checkpoints, trash
        self._trials, self._keep = trials, keep
        self._may_go_on = may_go_on
        shutil.rmtree(trash, ignore_errors=True)

    def __call__(self, trial: Tracked, report: Report | None) -> None:
        """Take note of an event; the end of a trial frees what its ratio can spare."""
        del report
        if trial.state == "paused":
            self._settle(self._checkpoints / trial.proposal.trial)
        if not trial.open:
            self.tidy(trial.proposal.ratio)

    def tidy(self, ratio: float) -> None:
        """Free what the trials of a labelled ratio can spare.

        What cannot be deleted now is deleted at the next end of a trial.
        """
        mine = [t for t in self._trials().values() if t.proposal.ratio == ratio]
        ended = {t.proposal.trial: t.standing for t in mine if not t.open}
        best, there_are = ranking.best(ended, self._keep), self._folders()
        for trial in mine:
            if trial.open or trial.proposal.trial not in there_are:
                continue
            name = trial.proposal.trial
            there = sorted((self._checkpoints / name).glob("*"))
            kept = 1 if name in best else 0
            if trial.state == "paused" and self._may_go_on(name):
                kept = 1
            for path in there[: max(len(there) - kept, 0)]:
                self._remove(path)
            if not kept:
                with contextlib.suppress(OSError):
                    (self._checkpoints / name).rmdir()

    def _settle(self, folder: Path) -> None:
        """What is held counts: the report of the epoch is stored, and the trial waits."""
        with contextlib.suppress(OSError):
            for path in folder.glob(f"{checkpoint_names.HELD}*"):
                name = checkpoint_names.PUBLISHED + checkpoint_names.place(path.name)
                path.rename(folder / name)

    def _folders(self) -> set[str]:
        """Names of the trials that have a folder: few of all that ended."""
        try:
            return {path.name for path in self._checkpoints.iterdir()}
        except OSError:
            return set()

    def _remove(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            self._trash.mkdir(mode=0o700, parents=True, exist_ok=True)
            gone = self._trash / f"checkpoint-{uuid.uuid4().hex}"
            path.rename(gone)
            if gone.is_dir():
                shutil.rmtree(gone)
            else:
                gone.unlink()
