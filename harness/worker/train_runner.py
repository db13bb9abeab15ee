"""Trains one job in the process it is in.

A checkpoint is published at the start of the epoch that follows it. By then the
driver has stored the report of the epoch before, so a checkpoint is never newer
than the stored reports, and a worker that dies goes on from what is known. Where a
trial may be made to wait, its checkpoint is held before the report goes off.
"""

import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cnets import metrics
from cnets.data import mean_pose
from cnets.inference import crop_pictures
from cnets.training.epoch_report import EpochReport
from cnets.training.lanes.lane import Lane
from harness.definition.job import Job
from harness.definition.report import Report
from harness.worker import admission, checkpoints, initial_model, watchdog
from harness.worker.place import Own, Place
from harness.worker.runner import Runner
from harness.worker.stages.stage_sharing import Sharing


CHECKPOINT_EVERY_S = 15.0
"""Least time between two checkpoints of one trial; a stage's end makes one too."""


STORED_WITHIN_S, AGAIN_AFTER_S = 60.0, 1.0
"""How long a run waits at its end for a disk that takes nothing, and its tries."""


class TrainRunner(Runner):
    """Trains Crossing Nets on one core or one GPU."""

    def __init__(self, job: Job, place: Place | None = None) -> None:
        """Open the data and go on from the newest sound checkpoint.

        Args:
            job: What to train.
            place: Where; default: this process, alone.
        """
        super().__init__(job)
        admission.check(job.expected)
        self._place = place or Own(job)
        self.bank = self._place.bank
        admission.check_data(self.bank.data, job.expected)
        first = initial_model.start(self.bank, job)
        folder = Path(job.checkpoints)
        found = checkpoints.restored(
            folder, job.config, job.device, first.origin, job.reported
        )
        ended = None
        if job.test:  # trained before, or again from the start if nothing is left of it
            ended = checkpoints.ended(folder, job.config, job.device, first.origin)
        self.lane = ended or found.lane or first
        self.lane.subject = first.subject  # an older checkpoint does not say it
        self._sharing = Sharing(self.bank, job, self._place.waits)
        self._restored = found.sentences()
        self._unsaved: tuple[str, ...] = ()
        self._storing, self._held = True, False
        self._saved_s = time.monotonic()
        self._saved_stage = self.lane.stage

    def advance(self) -> Report:
        """Train one epoch, after saving what came before it.

        Stages that others have trained already are passed over before it. A run that
        has ended is tested, if that is what the job is about.
        """
        if self.lane.finished:
            return self._tested()
        report = self._sharing.enter(self.lane)
        if report is None:
            self._at()
            if self._held:
                self._settle()
            elif self._due(CHECKPOINT_EVERY_S):
                self._save()
            report = self._trained()
        return self._told(report)

    def advance_unseen(self) -> Report | None:
        """Train one epoch and save nothing; None if a checkpoint is due, or soon."""
        if self._due(CHECKPOINT_EVERY_S - AGAIN_AFTER_S):
            return None
        self._at()
        return self._told(self._trained())

    def _at(self) -> None:
        """Let the watchdog know which epoch it is."""
        watchdog.PROCESS.at(f"in {self.lane.stage} epoch {self.lane.epoch + 1}")

    def _told(self, report: EpochReport) -> Report:
        """What the driver is told of an epoch."""
        if report.last:
            self._save_networks()
        elif self._may_wait(report):
            self._held = self._stored(checkpoints.hold)
        wanted = report.step in self.job.picture_steps and report.stage == "joint"
        final, errors_mm = {}, None
        if report.last and self.job.test:
            final, errors_mm = self._place.look(self._final)
        paid, remade, unshared = self._sharing.notes()
        restored, unsaved = self._restored + remade, self._unsaved + unshared
        self._restored = self._unsaved = ()
        drawn = (
            self._place.look(partial(crop_pictures.strip, self.bank, self.lane))
            if wanted
            else None
        )
        return Report(
            stage=report.stage,
            epoch=report.epoch,
            epochs=report.epochs,
            step=report.step,
            last=report.last,
            terms=report.terms,
            terms_so_far=report.terms_so_far,
            metrics=report.metrics,
            health=report.health,
            finding=report.finding,
            seconds=report.seconds,
            node=socket.gethostname(),
            device=self.job.device,
            pictures=drawn,
            final=final,
            test_errors_mm=errors_mm,
            not_scored=self.bank.data.lost.get("test", 0) if final else 0,
            restored=restored,
            unsaved=unsaved,
            paid=paid,
        )

    def _tested(self) -> Report:
        """The figures of the last networks on the validation and the test split."""
        start_s, beat = time.monotonic(), watchdog.PROCESS.beat
        epoch, judge = self.lane.epoch, self.bank.judge
        final, errors_mm = self._place.look(self._final)
        return Report(
            stage="joint",
            epoch=epoch,
            epochs=epoch,
            step=epoch,
            last=True,
            terms={},
            metrics=self._place.look(lambda: judge.validated(self.lane, beat)),
            final=final,
            test_errors_mm=errors_mm,
            not_scored=self.bank.data.lost.get("test", 0),
            seconds=time.monotonic() - start_s,
            node=socket.gethostname(),
            device=self.job.device,
        )

    def _trained(self) -> EpochReport:
        """The report of one epoch that was trained here."""
        try:
            report = self._place.train(self.lane, self._sharing.beat)
            self._sharing.leave(self.lane, report)
        except BaseException:
            self._sharing.release()
            raise
        return report

    def _due(self, every_s: float) -> bool:
        """Whether the stage is new, or the newest checkpoint that old."""
        waited_s = time.monotonic() - self._saved_s
        return self.lane.stage != self._saved_stage or waited_s >= every_s

    def _may_wait(self, report: EpochReport) -> bool:
        """Whether the answer to a report may be that the trial waits."""
        is_rung = report.step in self.job.picture_steps and report.stage == "joint"
        return self.job.waits and is_rung

    def _settle(self) -> None:
        """The trial goes on at once, so the report is stored: no need to write anew."""
        self._held = False
        if checkpoints.settle(self.lane, Path(self.job.checkpoints)):
            self._saved_s, self._saved_stage = time.monotonic(), self.lane.stage

    def _save(self) -> None:
        """Publish a checkpoint; one that cannot be written is due again."""
        if self._stored(checkpoints.publish):
            self._saved_s, self._saved_stage = time.monotonic(), self.lane.stage

    def _stored(self, store: Callable[[Lane, Path], None]) -> bool:
        """Whether a checkpoint could be written; if not, the next report says so."""
        try:
            store(self.lane, Path(self.job.checkpoints))
        except OSError as error:
            if self._storing:
                said = f"The checkpoint could not be stored: {_says(error)}"
                self._unsaved += (f"{said}; the run goes on and tries again.",)
            self._storing = False
            return False
        self._storing = True
        return True

    def _save_networks(self) -> None:
        """Store the networks of a run that has ended; wait for space if need be."""
        start_s = time.monotonic()
        while True:
            try:
                checkpoints.publish(
                    checkpoints.without_moments(self.lane), Path(self.job.checkpoints)
                )
                return
            except OSError as error:
                waited_s = time.monotonic() - start_s
                if waited_s >= STORED_WITHIN_S:
                    said = f"The final networks are not stored: {_says(error)}"
                    self._unsaved += (f"{said}, for {waited_s:.0f} s.",)
                    return
            watchdog.PROCESS.beat()
            time.sleep(AGAIN_AFTER_S)

    def _final(self) -> tuple[dict[str, Any], np.ndarray]:
        """Figures on the test split, and the error of each joint of each frame."""
        judge, data = self.bank.judge, self.bank.data
        errors = judge.evaluate(self.lane, "test", watchdog.PROCESS.beat)
        figures = metrics.summary(errors) | {
            "frames": len(errors),
            "per_joint_mm": metrics.per_joint(errors),
            "mean_pose_mm": mean_pose.error_mm(data, self.lane.config, "test"),
            "vae_floor_mm": float(judge.floor(self.lane, "test").double().nanmean()),
        }
        return figures, errors.float().cpu().numpy()


def _says(error: OSError) -> str:
    """What the system says about a file that cannot be written."""
    return error.strerror or str(error) or type(error).__name__
