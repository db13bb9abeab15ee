"""The class that Ray Tune runs: thin, because a `Runner` does the work.

A report travels alone where an epoch takes its time. Of epochs that take
milliseconds several travel together, as a report costs the driver as much; never
beyond one that may end the trial, nor where a checkpoint could be written, which
must not be newer than the stored reports.
"""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from ray import tune

from harness.cluster import nodes
from harness.definition.job import Plan
from harness.definition.report import Report, failed
from harness.diagnosis import logs
from harness.worker import memory, watchdog
from harness.worker.runner import Runner


Told = TypeVar("Told")

TOGETHER_S = 0.05
"""Time from which an epoch is worth a journey of its own to the driver."""


class Trial(tune.Trainable):
    """One trial in a worker; its configuration is what was proposed."""

    def setup(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, config: dict[str, Any], *, runner: type[Runner], plan: Plan
    ) -> None:
        """Keep what all trials of the search share.

        Args:
            config: `trial` and `config` of a `Proposal`.
            runner: What trains a job.
            plan: What the jobs have in common.
        """
        self._kind, self._plan = runner, plan
        if plan.logs is not None:
            logs.of_worker(plan.logs)
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take the next trial into the same process.

        Nothing is opened yet: Tune retries what fails in `step`, not here.
        """
        self._job = self._plan.job(**new_config)
        self._runner: Runner | None = None
        return True

    def step(self) -> dict[str, Any]:
        """Run an epoch, or a few short ones, under the watchdog.

        Returns:
            What the last one did as `report`, those before it as `before`.
        """
        job = self._job
        folder = Path(job.checkpoints)
        hung = watchdog.taken(folder) if self._runner is None else None
        watchdog.PROCESS.busy(folder, job.hang_after_s)
        start_s = time.monotonic()
        if self._runner is None:
            logs.LOGGER.info("%s begins or goes on.", job.trial)
        try:
            newest = self._advanced()
            reports: list[Report] = []
            while newest is not None:
                reports.append(newest)
                hurry = time.monotonic() - start_s < TOGETHER_S
                newest = self._unseen() if hurry and self._goes_on(newest) else None
        except Exception as error:
            logs.LOGGER.exception("%s has failed.", job.trial)
            error.add_note(nodes.note())
            raise
        finally:
            watchdog.PROCESS.idle()
        if hung is not None:  # its driver died before it could record it
            first = replace(reports[0], restored=(f"{hung}.", *reports[0].restored))
            reports[0] = first
        *before, report = reports
        return {"report": report, "before": before} if before else {"report": report}

    def _goes_on(self, report: Report) -> bool:
        """Whether the next epoch may be run before anybody has seen a report.

        The steps with pictures are those at which a search compares its trials.
        """
        figures = (*report.terms.values(), *report.metrics.values())
        alarming = report.failure or report.finding or report.notes
        decided = (
            report.epoch == report.epochs or report.step in self._job.picture_steps
        )
        return (
            bool(self._job.picture_steps)
            and not (alarming or decided or report.last)
            and all(map(math.isfinite, figures))
        )

    def _advanced(self) -> Report:
        """The next epoch of a run, which is begun or taken up if need be."""

        def advance() -> Report:
            if self._runner is None:
                self._runner = self._kind(self._job)
            return self._runner.advance()

        return self._within_memory(advance)

    def _unseen(self) -> Report | None:
        """The next epoch, if it can be run before the last one is stored."""
        if self._runner is None:
            return None
        return self._within_memory(self._runner.advance_unseen)

    def _within_memory(self, run: Callable[[], Told]) -> Told | Report:
        """What it gives, or the failure of a run that needs too much memory."""
        try:
            return run()
        except Exception as error:
            shortage = memory.shortage(error)
            if shortage is None:
                raise
        self._runner = None
        memory.give_back()  # here: in the clause above its frames are still held
        return failed(f"{shortage}, {watchdog.PROCESS.where}.")

    def cleanup(self) -> None:
        """Let go of the run while the process can still tell others."""
        self._runner = None

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing: a runner publishes its own checkpoints."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Nothing: a runner finds its own checkpoint when it is made."""
