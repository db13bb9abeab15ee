"""Trains one job in the process it is in: the worker's half of a trial.

A checkpoint is published at the start of the epoch that follows it. By then the
driver has stored the report of the epoch before, so a checkpoint is never newer
than the stored reports, and a worker that dies goes on from what is known.
"""

import contextlib
import shutil
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cnets import metrics
from cnets.config import TrainConfig
from cnets.data import HandData, open_data
from cnets.inference import models, pictures
from cnets.training import state
from cnets.training.bank import Bank, Beat, EpochReport
from cnets.training.lanes import Lane
from harness import data_sets
from harness.definition.job import DataChoice, Job, Report
from harness.worker import watchdog
from harness.worker.stages.stage_sharing import Sharing


CHECKPOINT_EVERY_S = 15.0
"""Least time between two checkpoints of one trial; a stage's end makes one too."""

STORED_WITHIN_S, AGAIN_AFTER_S = 60.0, 1.0
"""How long a run waits at its end for a disk that takes nothing, and its tries."""

PICTURE_FRAMES = 4
"""Frames in a strip of pictures."""


class Runner(ABC):
    """Runs one job, epoch by epoch. What `search` runs, and tests replace."""

    def __init__(self, job: Job) -> None:
        """Take the job; `advance` runs it."""
        self.job = job

    @abstractmethod
    def advance(self) -> Report:
        """Run the next epoch."""

    def advance_unseen(self) -> Report | None:
        """Run the next epoch before the report of the last one is stored.

        Returns:
            Its report; None, and nothing was run, where a checkpoint is due, which
            must not be newer than the stored reports.
        """
        return None


class Place(ABC):
    """Where a run trains: a bank, which others may use as well."""

    @property
    @abstractmethod
    def bank(self) -> Bank:
        """The bank; its networks are used through `train` and `look` only."""

    @abstractmethod
    def train(self, lane: Lane, beat: Beat) -> EpochReport:
        """Train a lane for one epoch."""

    @abstractmethod
    def look(self, function: Callable[[], Any]) -> Any:
        """What a function that runs networks of the bank gives."""

    def waits(self, where: str) -> None:
        """Let the watchdog know that a run waits for somebody else."""
        watchdog.PROCESS.at(where)


class Own(Place):
    """The bank of this process, which one run at a time uses."""

    def __init__(self, job: Job) -> None:
        """Open the job's data, unless the last job had the same."""
        torch.set_num_threads(1)  # sums depend on the number of threads
        self._bank = bank(job.data, job.device, job.rows)

    @property
    def bank(self) -> Bank:
        """The bank that was opened."""
        return self._bank

    def train(self, lane: Lane, beat: Beat) -> EpochReport:
        """One epoch of this lane alone."""
        (report,) = self._bank.advance([lane], beat)
        return report

    def look(self, function: Callable[[], Any]) -> Any:
        """What the function gives, at once."""
        return function()


class TrainRunner(Runner):
    """Trains Crossing Nets on one core or one GPU."""

    def __init__(self, job: Job, place: Place | None = None) -> None:
        """Open the data and go on from the newest sound checkpoint.

        Args:
            job: What to train.
            place: Where; default: this process, alone.
        """
        super().__init__(job)
        self._place = place or Own(job)
        self.bank = self._place.bank
        first = start(self.bank, job)
        folder = Path(job.checkpoints)
        found = restored(folder, job.config, job.device, first.origin)
        self.lane = found.lane or first
        self._sharing = Sharing(self.bank, job, self._place.waits)
        self._restored = found.sentences()
        self._unsaved: tuple[str, ...] = ()
        self._storing = True
        self._saved_s = time.monotonic()
        self._saved_stage = self.lane.stage

    def advance(self) -> Report:
        """Train one epoch, after saving what came before it.

        Stages that others have trained already are passed over before it.
        """
        report = self._sharing.enter(self.lane)
        if report is None:
            self._at()
            if self._due(CHECKPOINT_EVERY_S):
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
        wanted = report.step in self.job.picture_steps and report.stage == "joint"
        final = report.last and self.job.test
        paid, remade, unshared = self._sharing.notes()
        restored, unsaved = self._restored + remade, self._unsaved + unshared
        self._restored = self._unsaved = ()
        drawn = (
            self._place.look(partial(strip, self.bank, self.lane)) if wanted else None
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
            pictures=drawn,
            final=self._place.look(partial(self._final, report)) if final else {},
            restored=restored,
            unsaved=unsaved,
            paid=paid,
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

    def _save(self) -> None:
        """Publish a checkpoint; one that cannot be written is due again."""
        try:
            publish(self.lane, Path(self.job.checkpoints))
        except OSError as error:
            if self._storing:
                said = f"The checkpoint could not be stored: {_says(error)}"
                self._unsaved += (f"{said}; the run goes on and tries again.",)
            self._storing = False
            return
        self._storing = True
        self._saved_s, self._saved_stage = time.monotonic(), self.lane.stage

    def _save_networks(self) -> None:
        """Store the networks of a run that has ended; wait for space if need be."""
        start_s = time.monotonic()
        while True:
            try:
                publish(without_moments(self.lane), Path(self.job.checkpoints))
                return
            except OSError as error:
                waited_s = time.monotonic() - start_s
                if waited_s >= STORED_WITHIN_S:
                    said = f"The final networks are not stored: {_says(error)}"
                    self._unsaved += (f"{said}, for {waited_s:.0f} s.",)
                    return
            watchdog.PROCESS.beat()
            time.sleep(AGAIN_AFTER_S)

    def _final(self, report: EpochReport) -> dict:
        errors = self.bank.evaluate(self.lane, "test", watchdog.PROCESS.beat)
        baseline = mean_pose_error(self.bank.data, self.lane.config, "test")
        return metrics.summary(errors) | {
            "frames": len(errors),
            "per_joint_mm": metrics.per_joint(errors),
            "validation_mm": report.metrics["mean_joint_error_mm"],
            "mean_pose_mm": baseline,
        }


@lru_cache(maxsize=2)
def bank(choice: DataChoice, device: str, rows: int | None = None) -> Bank:
    """The data of a search, opened once in a process and used by all its trials.

    Args:
        choice: The data.
        device: Where runs train.
        rows: Rows of every stack; None stacks what comes.
    """
    data = open_data(
        choice.spec,
        side_px=choice.side_px,
        split=choice.split,
        unlabelled_frames=choice.unlabelled,
        cache=Path(choice.cache),
        progress=lambda *_: watchdog.PROCESS.beat(),
    )
    return Bank(data, device, width=rows)


def start(bank: Bank, job: Job) -> Lane:
    """The lane of a run that has no checkpoint yet.

    A run that starts from a model has its pre-training and warm-up behind it:
    those stages would undo what the model's heads have learned.
    """
    lane = bank.lane(job.config)
    if job.init is not None:
        models.into_lane(models.open_model(job.init), lane)
        lane.stage = "joint"
    return lane


def same_data(choice: DataChoice, fingerprint: str, device: str = "cpu") -> None:
    """Refuse data that are not those of a search any more.

    Raises:
        ValueError: If labels, split or settings have changed since.
    """
    if bank(choice, device).data.fingerprint != fingerprint:
        raise ValueError(
            f"`data` must be what the search ran on, and {choice.spec} has changed."
        )


def without_moments(lane: Lane) -> Lane:
    """The same networks without the optimisers, which a finished run needs no more."""
    return replace(lane, moments={})


def publish(lane: Lane, folder: Path) -> None:
    """Write a checkpoint of a lane, then delete those it replaces.

    The one before it is kept. Those that are further than it are of no use to
    its run, or it would have gone on from them.

    Raises:
        OSError: If it cannot be written; the others are as they were.
    """
    order = f"{('vae', 'gan', 'warm_up', 'joint').index(lane.stage)}-{lane.epoch:06d}"
    new = folder / f"at-{order}"
    try:
        state.save_lane(lane, new)
    except OSError:
        if not (new / state.HEADER).exists():
            shutil.rmtree(new, ignore_errors=True)  # gives its space back
        raise
    before = max((path for path in folder.glob("at-*") if path < new), default=new)
    for old in folder.glob("at-*"):
        if old not in (new, before):
            with contextlib.suppress(OSError):  # first: without it, it is none
                (old / state.HEADER).unlink()
            shutil.rmtree(old, ignore_errors=True)


@dataclass(frozen=True)
class Restored:
    """What a run goes on from."""

    lane: Lane | None
    """The lane of the newest sound checkpoint; None starts from nothing."""
    damaged: tuple[str, ...] = ()
    """What is wrong with each newer one that was passed over."""

    def sentences(self) -> tuple[str, ...]:
        """One that says it; none if there was no damage."""
        if not self.damaged:
            return ()
        onward = "the run starts again from nothing"
        if self.lane is not None:
            onward = f"the run goes on from {self.lane.stage} epoch {self.lane.epoch}"
        many = "Checkpoints were" if len(self.damaged) > 1 else "A checkpoint was"
        return (f"{many} passed over, {onward}: {'; '.join(self.damaged)}.",)


def restored(
    folder: Path, config: TrainConfig, device: str, origin: str = ""
) -> Restored:
    """The newest sound checkpoint in a folder, and the damaged ones before it.

    A damaged checkpoint, and one that cannot be read or vanishes, is passed
    over for the one before it; so is, in silence, one of a run that has ended.

    Args:
        folder: The run's checkpoints.
        config: The run's; checkpoints of another are passed over.
        device: Where the lane is to train.
        origin: SHA-256 of the model that the run started from, likewise.
    """
    damaged: list[str] = []
    for path in sorted(folder.glob("at-*"), reverse=True):
        try:
            lane = state.load_lane(path, device)
        except (state.Damaged, OSError) as error:
            said = str(error).replace(str(path), path.name).rstrip(".")
            damaged.append(said)
            continue
        same = (lane.config, lane.origin) == (config, origin)
        if same and not lane.finished:
            return Restored(lane, tuple(damaged))
    return Restored(None, tuple(damaged))


def _says(error: OSError) -> str:
    """What the system says about a file that cannot be written."""
    return error.strerror or str(error) or type(error).__name__


def mean_pose_error(data: HandData, config: TrainConfig, split: str) -> float:
    """Error of always predicting the mean of the labelled poses, millimetres.

    The mean is taken relative to the centre of the crop, over the labels that
    the configuration may use.
    """
    labelled = data.labelled(config.labelled_ratio, config.label_seed)
    joints, rows = list(data.evaluated), data.rows(split)
    relative = data.joints_mm - data.centres_mm[:, None]
    mean = relative[labelled][:, joints].mean(0, dtype=np.float64)
    difference = relative[rows][:, joints] - mean
    return float(np.linalg.norm(difference, axis=-1).mean())


def strip(bank: Bank, lane: Lane) -> np.ndarray:
    """Pictures of validation frames: measured, rendered, random, joints.

    Returns:
        uint8 [height, width, 3], one column a frame; a random picture is
        rendered from the mean of two frames' codes.
    """
    rows = bank.data.rows("validation")
    rows = rows[np.linspace(0, len(rows) - 1, PICTURE_FRAMES).astype(int)]
    codes = bank.codes(lane, rows)
    mixed = codes.roll(1, 0).lerp(codes, 0.5)
    plain = [
        [pictures.of_depth(crop.numpy()[0]) for crop in crops]
        for crops in (
            bank.frames.depth(rows).cpu(),
            bank.render(lane, codes),
            bank.render(lane, mixed),
        )
    ]
    drawn = data_sets.joints(bank.data, rows, bank.predict(lane, rows), plain[0])
    return pictures.grid([*plain[0], *plain[1], *plain[2], *drawn], len(rows))
